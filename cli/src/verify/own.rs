//! Refusals that are no step of the verifier's: what a bundle is for, what an image's signer said,
//! what a policy thinks of it. They have codes and pages like all others.

use crate::exit::Exit;
use crate::failure::{Failure, Lesson};

macro_rules! words {
    ($($name:ident $code:literal $message:literal $attack:literal,)+) => {
        /// Why something that may verify is refused all the same. Codes are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Own {
            $(#[doc = $message] $name,)+
        }

        impl Own {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable code.
            pub(crate) const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// One sentence, lower case, without a full stop.
            pub(crate) const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)+ }
            }

            /// What an attacker could have done to cause it.
            pub(crate) const fn attack(self) -> &'static str {
                match self { $(Self::$name => $attack,)+ }
            }
        }
    };
}

words! {
    StatementNotSignature "statement-not-signature"
        "the bundle is a statement about a file, not its signature"
        "Somebody could pass off what was said about a file, such as a failed test, for its approval.",
    AnnotationMismatch "annotation-mismatch"
        "the signer does not say what -a asks for"
        "Somebody could offer a genuine signature that was made for another purpose, such as an older build.",
    AttachedUnreadable "attached-unreadable"
        "what is attached to the image cannot be read"
        "Most likely none: it was made by a program of another kind; whoever may write to the registry can attach anything.",
    ImageMismatch "image-mismatch"
        "the signature is about another image"
        "Somebody could copy the signature of a good image to a bad one.",
    LogEntryMissing "log-entry-missing"
        "the log has no entry of this artifact, signature and key"
        "Somebody who stole a key could sign without logging it, so that its owner never sees it.",
    LogEntryOther "log-entry-other"
        "the entry is of another artifact, signature or key"
        "Somebody could point at the entry of a harmless signature as if it were this one's.",
    PayloadMalformed "payload-malformed"
        "the signed payload says nothing about an image"
        "Somebody could attach the signature of any other file to the image.",
    PolicyRefused "policy-refused"
        "the policy does not allow what the statement says"
        "Most likely none: the signer says something that your policy is there to stop.",
}

impl Own {
    /// The failure that it is told as.
    pub(crate) fn failure(self) -> Failure {
        Failure::new(Exit::Refused, self.message())
    }

    /// Teaches with a refusal that was worded elsewhere; a failure of another kind stays as it is.
    pub(crate) fn taught(self, failure: Failure, command: impl Into<String>) -> Failure {
        match failure.exit {
            Exit::Refused => failure.teach(self.lesson(command)),
            _ => failure,
        }
    }

    /// Its lesson, with the command that helps.
    pub(crate) fn lesson(self, command: impl Into<String>) -> Lesson {
        Lesson {
            code: self.code(),
            message: self.message(),
            step: None,
            attack: self.attack(),
            command: command.into(),
        }
    }
}
