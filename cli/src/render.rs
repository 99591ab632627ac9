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

/// How something that was checked ended; the mark says it without colour, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It holds.
    Good,
    /// It does not.
    Bad,
    /// It does not apply.
    NotAsked,
    /// An option left it out.
    LeftOut,
    /// It could not be asked.
    NotReached,
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What stands before it.
    pub(crate) mark: Option<Mark>,
    /// The rest.
    pub(crate) text: String,
}

impl Line {
    /// A line without a mark.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { mark: None, text: text.into() }
    }

    /// A line with its mark.
    pub(crate) fn marked(mark: Mark, text: impl Into<String>) -> Self {
        Self { mark: Some(mark), text: text.into() }
    }
}

impl Mark {
    /// The character; where the locale has no Unicode, one of ASCII.
    const fn shown(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Good, false) => "✓",
            (Self::Good, true) => "+",
            (Self::Bad, false) => "✗",
            (Self::Bad, true) => "x",
            (Self::NotAsked, false) => "·",
            (Self::NotAsked, true) => ".",
            (Self::LeftOut, false) => "–",
            (Self::LeftOut, true) => "-",
            (Self::NotReached, _) => "?",
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Good => Style::new().green(),
            Self::Bad => Style::new().red().bold(),
            Self::LeftOut => Style::new().yellow(),
            Self::NotAsked | Self::NotReached => Style::new().dimmed(),
        }
    }
}

/// The two streams of one run.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about one stream")]
pub(crate) struct Screen {
    colour: bool,
    /// The same for data.
    colour_data: bool,
    /// Whether marks are of ASCII.
    ascii: bool,
    quiet: bool,
    /// Whether a person sees standard output as it is.
    shown: bool,
}

impl Screen {
    /// Decides once, at the start of a run, whether words are coloured.
    pub(crate) fn new(choice: ColourChoice, quiet: bool) -> Self {
        let asked = |name| std::env::var_os(name);
        let colours = |is_terminal: bool| match choice {
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
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        Self {
            colour: colours(std::io::stderr().is_terminal()),
            colour_data: colours(shown),
            ascii: locale.is_some_and(|locale| !is_unicode(&locale)),
            quiet,
            shown,
        }
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

    /// Lines for a shell on standard output. A person sees comments dimmed, and nothing else is
    /// added: what is copied is what is run.
    pub(crate) fn script(self, text: &str) -> Outcome {
        if !self.shown || !self.colour {
            return self.data(text);
        }
        self.drawn(&self.dimmed(text))
    }

    /// An explanation as data.
    pub(crate) fn explain(self, lines: &[Line]) -> Outcome {
        self.drawn(&self.lines(lines, self.colour_data, self.shown))
    }

    /// The same on standard error, beside other words.
    pub(crate) fn say_script(self, text: &str) {
        if !self.quiet {
            to_stderr(&self.dimmed(text));
        }
    }

    fn dimmed(self, text: &str) -> String {
        let line = |line: &str| {
            let line = printable(line);
            let dimmed = Style::new().dimmed();
            (if line.starts_with('#') { self.paint(&line, dimmed) } else { line }) + "\n"
        };
        text.lines().map(line).collect()
    }

    /// The same as words, where standard output is for something else; `--quiet` silences it.
    pub(crate) fn explain_aside(self, lines: &[Line]) {
        if !self.quiet {
            to_stderr(&self.lines(lines, self.colour, true));
        }
    }

    fn lines(self, lines: &[Line], colour: bool, shown: bool) -> String {
        let line = |line: &Line| {
            let text = if shown { printable(&line.text) } else { line.text.clone() };
            match line.mark.map(|mark| (mark.shown(self.ascii), mark.style())) {
                Some((mark, style)) if colour => format!("{} {text}", mark.style(style)),
                Some((mark, _)) => format!("{mark} {text}"),
                None => text,
            }
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
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
        self.colour_data
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

/// Whether a locale's characters are Unicode: `C` and `POSIX` are not, and one that names no charset
/// is taken to be.
fn is_unicode(locale: &str) -> bool {
    match locale.split_once('.') {
        Some((_, charset)) => charset.to_ascii_lowercase().replace('-', "").starts_with("utf8"),
        None => !matches!(locale, "C" | "POSIX"),
    }
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
    fn marks_are_of_ascii_where_the_locale_has_no_more() {
        for (locale, unicode) in [
            ("C", false),
            ("POSIX", false),
            ("C.UTF-8", true),
            ("de_DE.utf8", true),
            ("de_DE.ISO-8859-1", false),
        ] {
            assert_eq!(is_unicode(locale), unicode, "{locale}");
        }
        for mark in [Mark::Good, Mark::Bad, Mark::NotAsked, Mark::LeftOut, Mark::NotReached] {
            assert!(mark.shown(true).is_ascii());
        }
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
