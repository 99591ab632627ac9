//! Secrets that are typed, piped or set in the environment; never on the command line.

use std::io::{BufRead, IsTerminal};

use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::render::Screen;
use crate::surroundings::Environment;

/// The variable that holds the password of an account or the secret of a machine.
pub(crate) const PASSWORD_VARIABLE: &str = "SIGLITE_PASSWORD";

/// Longer than any password; oidc-lite refuses earlier.
const MAX_SECRET_BYTES: u64 = 4096;

/// A secret from the environment, from a person at a terminal, or from standard input.
pub(crate) fn secret(env: &dyn Environment, question: &str) -> Outcome<Zeroizing<String>> {
    if let Some(set) = env.filled(PASSWORD_VARIABLE) {
        return Ok(Zeroizing::new(set));
    }
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(question).map(Zeroizing::new).map_err(|error| {
            Failure::new(Exit::Identity, "cannot ask for a password").because(&error)
        });
    }
    first_line(std::io::stdin().lock())?.ok_or_else(|| {
        Failure::new(Exit::Identity, "there is no password on standard input")
            .hint(format!("set {PASSWORD_VARIABLE}, or pipe the password in"))
    })
}

/// A new secret: a person types it twice.
pub(crate) fn new_secret(env: &dyn Environment, question: &str) -> Outcome<Zeroizing<String>> {
    let first = secret(env, question)?;
    if env.filled(PASSWORD_VARIABLE).is_none() && std::io::stdin().is_terminal() {
        let again = secret(env, "Again: ")?;
        if again != first {
            return Err(Failure::usage("the two passwords differ"));
        }
    }
    Ok(first)
}

/// A line that a person pastes and may see: an out-of-band code.
pub(crate) fn line(question: &str, screen: Screen) -> Outcome<Zeroizing<String>> {
    screen.ask(question);
    let line = first_line(std::io::stdin().lock())?;
    line.ok_or_else(|| {
        Failure::new(Exit::Identity, "there is no code on standard input")
            .hint("paste the code that the page shows")
    })
}

/// Whether a person, or a line on standard input, says yes; silence is no.
pub(crate) fn agreed(question: &str, screen: Screen) -> Outcome<bool> {
    screen.ask(question);
    let line = first_line(std::io::stdin().lock())?;
    Ok(line.is_some_and(|line| matches!(line.trim(), "y" | "Y" | "yes" | "Yes")))
}

/// The first line without its end; a password may have spaces around it, so nothing else is cut.
/// An empty line is none.
fn first_line(source: impl BufRead) -> Outcome<Option<Zeroizing<String>>> {
    let mut text = Zeroizing::new(String::new());
    source.take(MAX_SECRET_BYTES).read_line(&mut text).map_err(|error| {
        Failure::new(Exit::Identity, "cannot read standard input").because(&error)
    })?;
    let line = Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned());
    Ok(Some(line).filter(|line| !line.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::tests::Made;

    #[test]
    fn the_environment_comes_first() {
        let env = Made::of([(PASSWORD_VARIABLE, " with spaces ")]);
        assert_eq!(secret(&env, "?").unwrap().as_str(), " with spaces ");
        assert_eq!(new_secret(&env, "?").unwrap().as_str(), " with spaces ");
    }

    #[test]
    fn only_the_end_of_the_line_is_cut() {
        let read = |text: &'static str| first_line(text.as_bytes()).unwrap().unwrap();
        assert_eq!(read(" a b \r\nmore\n").as_str(), " a b ");
        assert_eq!(read("no newline").as_str(), "no newline");
    }

    #[test]
    fn no_password_is_not_the_empty_password() {
        for nothing in ["", "\n", "\r\n"] {
            assert!(first_line(nothing.as_bytes()).unwrap().is_none());
        }
    }
}
