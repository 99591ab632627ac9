//! Why a command ended, in words a person can act on.
//!
//! A failure is a sentence, what was expected and found where that helps, the causes below it, and
//! a hint that names the command to type next.

use std::error::Error;

use crate::exit::Exit;

/// A command that did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The verdict the shell sees.
    pub(crate) exit: Exit,
    /// One sentence, lower case, without a full stop.
    pub(crate) sentence: String,
    /// What stands below the sentence: a label and its value.
    pub(crate) notes: Vec<(&'static str, String)>,
    /// What to do next, as a command where there is one.
    pub(crate) hint: Option<String>,
    /// What a refusal teaches, where it is one.
    pub(crate) lesson: Option<Box<Lesson>>,
}

/// What a refusal teaches: the word it has, what an attacker could have done, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lesson {
    /// The stable code, of which `docs/errors` has a page.
    pub(crate) code: &'static str,
    /// What the code means, in a sentence.
    pub(crate) message: &'static str,
    /// The verifier's step that refuses, if it is one.
    pub(crate) step: Option<&'static str>,
    /// What an attacker could have done to cause it.
    pub(crate) attack: &'static str,
    /// The one command that helps.
    pub(crate) command: String,
}

/// What a command returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with this verdict and sentence.
    pub(crate) fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self { exit, sentence: sentence.into(), notes: Vec::new(), hint: None, lesson: None }
    }

    /// The command line does not fit together.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Usage, sentence)
    }

    /// Adds the error below and everything below that, but for what was said already: some
    /// libraries repeat a cause in the sentence above it.
    pub(crate) fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            let said = cause.to_string();
            if !self.notes.iter().any(|(_, above)| above.contains(&said)) {
                self.notes.push(("cause", said));
            }
            next = cause.source();
        }
        self
    }

    /// Adds a labelled value below the sentence.
    pub(crate) fn note(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.notes.push((label, value.into()));
        self
    }

    /// The value of the first note with this label.
    pub(crate) fn noted(&self, label: &str) -> Option<&str> {
        self.notes.iter().find(|(name, _)| *name == label).map(|(_, value)| value.as_str())
    }

    /// Says what the refusal teaches, and notes its code.
    pub(crate) fn teach(mut self, lesson: Lesson) -> Self {
        self.notes.push(("reason", lesson.code.to_owned()));
        self.lesson = Some(Box::new(lesson));
        self
    }

    /// Says what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
