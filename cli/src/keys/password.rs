//! The password of a private key, come by as cosign comes by it.

use std::io::{BufRead, IsTerminal};

use lite_keys::SealedKeyError;
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::surroundings::Environment;

/// cosign's variable: even empty, it is the password.
pub(crate) const VARIABLE: &str = "COSIGN_PASSWORD";

const QUESTION: &str = "Enter password for private key: ";
const AGAIN: &str = "Enter password for private key again: ";

/// Longer than any password.
const MAX_PASSWORD_BYTES: u64 = 4096;

/// A password, with the end of the line it came in, if it was piped in.
pub(crate) struct KeyPassword {
    text: Zeroizing<String>,
}

impl KeyPassword {
    /// The password of a key that exists.
    pub(crate) fn given(env: &dyn Environment) -> Outcome<Self> {
        match env.var(VARIABLE) {
            Some(text) => Ok(Self { text: Zeroizing::new(text) }),
            None if std::io::stdin().is_terminal() => typed(QUESTION),
            None => piped(std::io::stdin().lock()),
        }
    }

    /// A password for a new key: a person types it twice.
    pub(crate) fn new(env: &dyn Environment) -> Outcome<Self> {
        match env.var(VARIABLE) {
            Some(text) => Ok(Self { text: Zeroizing::new(text) }),
            None if std::io::stdin().is_terminal() => {
                let (first, again) = (typed(QUESTION)?, typed(AGAIN)?);
                if first.text == again.text {
                    return Ok(first);
                }
                Err(Failure::usage("the two passwords differ"))
            }
            None => piped(std::io::stdin().lock()),
        }
    }

    /// The password without the end of its line.
    pub(crate) fn secret(&self) -> &[u8] {
        self.text.trim_end_matches(['\n', '\r']).as_bytes()
    }

    /// Tries the password, and once more with the end of its line: cosign takes all that is piped
    /// in, so that `echo pw | cosign generate-key-pair` makes a key whose password ends in one.
    pub(crate) fn try_all<T>(
        &self,
        open: impl Fn(&[u8]) -> Result<T, SealedKeyError>,
    ) -> Result<T, SealedKeyError> {
        match open(self.secret()) {
            Err(SealedKeyError::Password) if self.secret() != self.text.as_bytes() => {
                open(self.text.as_bytes())
            }
            other => other,
        }
    }
}

fn typed(question: &str) -> Outcome<KeyPassword> {
    rpassword::prompt_password(question)
        .map(|text| KeyPassword { text: Zeroizing::new(text) })
        .map_err(|error| Failure::new(Exit::Usage, "cannot ask for a password").because(&error))
}

/// The first line; an empty one is the empty password, and nothing at all is none.
fn piped(source: impl BufRead) -> Outcome<KeyPassword> {
    let mut text = Zeroizing::new(String::new());
    let read = source
        .take(MAX_PASSWORD_BYTES)
        .read_line(&mut text)
        .map_err(|error| Failure::usage("cannot read standard input").because(&error))?;
    if read == 0 {
        return Err(Failure::usage("the private key needs a password, and there is none")
            .note("expected", format!("{VARIABLE}, a terminal, or a line on standard input"))
            .hint(format!("export {VARIABLE}=…; an empty password is {VARIABLE}=")));
    }
    Ok(KeyPassword { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(password: &KeyPassword, right: &[u8]) -> Result<(), SealedKeyError> {
        password.try_all(
            |secret| {
                if secret == right { Ok(()) } else { Err(SealedKeyError::Password) }
            },
        )
    }

    #[test]
    fn a_piped_password_opens_with_and_without_the_end_of_its_line() {
        let password = piped(b" pw \nmore".as_slice()).unwrap();
        assert_eq!(password.secret(), b" pw ");
        assert_eq!(tried(&password, b" pw "), Ok(()));
        assert_eq!(tried(&password, b" pw \n"), Ok(()));
        assert_eq!(tried(&password, b"pw"), Err(SealedKeyError::Password));
    }

    #[test]
    fn an_empty_line_is_the_empty_password_and_nothing_is_none() {
        assert_eq!(piped(b"\n".as_slice()).unwrap().secret(), b"");
        let failure = piped(b"".as_slice()).err().unwrap();
        assert!(failure.hint.unwrap().contains("COSIGN_PASSWORD"));
    }
}
