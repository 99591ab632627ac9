//! What people and scripts see: data on standard output, words on standard error.
//!
//! Colour only repeats what the words say, and only on a terminal.

use std::io::{ErrorKind, IsTerminal, Write};

use clap::ValueEnum;
use owo_colors::{OwoColorize, Style};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// When words are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The form of what a command prints on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputForm {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON document for scripts.
    Json,
}

/// The two streams of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    colour: bool,
    /// Whether data is coloured too, where it has a form for it.
    data_colour: bool,
    quiet: bool,
    /// Whether a person sees standard output as it is.
    shown: bool,
}

impl Screen {
    /// Decides once, at the start of a run, whether words are coloured.
    pub(crate) fn new(choice: ColourChoice, quiet: bool) -> Self {
        let asked = |name| std::env::var_os(name);
        let coloured = |is_terminal: bool| match choice {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            // no-color.org: "when present and not an empty string (regardless of its value)".
            ColourChoice::Auto => {
                asked("NO_COLOR").is_none_or(|value| value.is_empty())
                    && asked("TERM").is_none_or(|value| value != "dumb")
                    && is_terminal
            }
        };
        let shown = std::io::stdout().is_terminal();
        let colour = coloured(std::io::stderr().is_terminal());
        Self { colour, data_colour: coloured(shown), quiet, shown }
    }

    /// Data: a line, or several, on standard output.
    pub(crate) fn data(self, text: &str) -> Outcome {
        if self.shown { self.drawn(&printable(text)) } else { self.drawn(text) }
    }

    /// Data with colours in it, all of whose foreign text is escaped already.
    #[expect(clippy::unused_self, reason = "every word goes through the screen")]
    pub(crate) fn drawn(self, text: &str) -> Outcome {
        let mut stdout = std::io::stdout().lock();
        let line_end = if text.ends_with('\n') { "" } else { "\n" };
        let written = write!(stdout, "{text}{line_end}").and_then(|()| stdout.flush());
        match written {
            // The reader has seen enough (`| head`): that is its choice, not a fault.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => {
                Err(Failure::new(Exit::Internal, "cannot write to standard output").because(&error))
            }
            Ok(()) => Ok(()),
        }
    }

    /// Data that another program takes as it is: a line for a person, and no line end in a file
    /// or a pipe. cosign sends a token file to the authority with whatever stands at its end.
    pub(crate) fn exactly(self, text: &str) -> Outcome {
        let mut stdout = std::io::stdout().lock();
        if stdout.is_terminal() {
            drop(stdout);
            return self.data(text);
        }
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| {
            Failure::new(Exit::Internal, "cannot write to standard output").because(&error)
        })
    }

    /// Data as one JSON document, for `--output json`.
    pub(crate) fn json(self, document: &serde_json::Value) -> Outcome {
        self.data(&format!("{document:#}"))
    }

    /// Words about what goes on; `--quiet` silences them.
    pub(crate) fn say(self, words: &str) {
        if !self.quiet {
            to_stderr(&printable(words));
        }
    }

    /// Words about what went well, with the verdict in front.
    pub(crate) fn done(self, verdict: &str, rest: &str) {
        if !self.quiet {
            let verdict = self.paint(verdict, Style::new().green().bold());
            let space = if rest.is_empty() { "" } else { " " };
            to_stderr(&format!("{verdict}{space}{}", printable(rest)));
        }
    }

    /// Words that a person must act on: `--quiet` does not silence them.
    #[expect(clippy::unused_self, reason = "every word goes through the screen")]
    pub(crate) fn ask(self, words: &str) {
        to_stderr(&printable(words));
    }

    /// Words about a weakness that is not a refusal; `--quiet` does not silence them.
    pub(crate) fn warn(self, words: &str) {
        let label = self.paint("warning:", Style::new().yellow().bold());
        to_stderr(&format!("{label} {}", printable(words)));
    }

    /// The end of a run that failed.
    pub(crate) fn failure(self, failure: &Failure) {
        to_stderr(&render(failure, |word, style| self.paint(word, style)));
    }

    /// Whether data is to be coloured, where it has a form for it.
    pub(crate) const fn paints_data(self) -> bool {
        self.data_colour
    }

    /// Whether a person watches what goes on: a progress bar has somebody to show itself to.
    pub(crate) fn is_watched(self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    fn paint(self, word: &str, style: Style) -> String {
        if self.colour { word.style(style).to_string() } else { word.to_owned() }
    }
}

fn to_stderr(text: &str) {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// The failure as lines: sentence, notes in one column, hint last.
fn render(failure: &Failure, paint: impl Fn(&str, Style) -> String) -> String {
    let error = paint("Error:", Style::new().red().bold());
    let mut lines = vec![format!("{error} {}", printable(&failure.sentence))];
    let width = failure.notes.iter().map(|(label, _)| label.len()).max().unwrap_or(0) + 1;
    for (label, value) in &failure.notes {
        let label = format!("{label}:");
        lines.push(format!("  {label:width$} {}", printable(value)));
    }
    if let Some(hint) = &failure.hint {
        let label = paint("hint:", Style::new().cyan().bold());
        lines.push(format!("{label} {}", printable(hint)));
    }
    lines.join("\n")
}

/// What a server or a certificate says must not move the cursor of whoever reads it.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\n' | '\t') || !is_control(character) {
            out.push(character);
        } else {
            out.extend(character.escape_unicode());
        }
    }
    out
}

/// Control characters, and those that reorder the text around them.
fn is_control(character: char) -> bool {
    let reorders = matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    reorders || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(failure: &Failure) -> String {
        render(failure, |word, _| word.to_owned())
    }

    #[test]
    fn a_failure_reads_sentence_notes_hint() {
        let failure = Failure::new(Exit::Refused, "step 3 (identity): another person signed this")
            .note("expected", "alice@example.org")
            .note("found", "bob@example.org")
            .hint("siglite verify-blob --certificate-identity bob@example.org …");
        assert_eq!(
            plain(&failure),
            "Error: step 3 (identity): another person signed this\n  \
             expected: alice@example.org\n  \
             found:    bob@example.org\n\
             hint: siglite verify-blob --certificate-identity bob@example.org …"
        );
    }

    #[test]
    fn every_cause_is_told_once() {
        let inner = std::io::Error::new(ErrorKind::NotFound, "no such file");
        let failure = Failure::new(Exit::Usage, "cannot read x").because(&inner);
        assert_eq!(plain(&failure), "Error: cannot read x\n  cause: no such file");
    }

    #[test]
    fn foreign_text_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(printable("a\rb\u{202e}c"), "a\\u{d}b\\u{202e}c");
        assert_eq!(printable("two\nlines\tand tab"), "two\nlines\tand tab");
    }

    #[test]
    fn without_colour_the_words_are_the_same() {
        let failure = Failure::usage("no such thing").note("found", "x").hint("siglite --help");
        let coloured = render(&failure, |word, _| format!("<{word}>"));
        assert_eq!(coloured.replace(['<', '>'], ""), plain(&failure));
    }
}
