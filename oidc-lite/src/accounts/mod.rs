//! Accounts: who may sign in, in one JSON file that the command line may change while the server
//! runs.
//!
//! People sign in with an e-mail address and a password; machines with a generated secret. The
//! file holds an Argon2id hash of each password and a SHA-256 of each secret (256 random bits need
//! no slow hash), and neither of them.
//!
//! **Trusted:** whoever writes this file decides who everyone is.

mod book;
mod file;

use lite_time::Time;
use zeroize::Zeroizing;

pub(crate) use book::{Account, Credential};
pub use file::Accounts;

use crate::email::{EmailError, check_email};
use crate::password::{self, MAX_PASSWORD_BYTES};
use crate::secret;

/// Why an account was not added, changed or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There is one of that name.
    #[error("there is already an account of that name")]
    AlreadyExists,
    /// The file is not what this program wrote.
    #[error("the accounts file is damaged: restore it, or move it away to start without accounts")]
    Damaged(#[source] serde_json::Error),
    /// The e-mail address cannot be used.
    #[error("that e-mail address cannot be used")]
    Email(#[from] EmailError),
    /// The name of a machine account is refused.
    #[error(
        "a machine's name is 1 to 63 lower-case letters, digits and hyphens, \
         and starts and ends with a letter or digit"
    )]
    MachineName,
    /// A name that would be taken for the public client.
    #[error("that name is reserved")]
    Reserved,
    /// There was no memory for a hash.
    #[error("the password could not be hashed")]
    Hash,
    /// There is none of that name.
    #[error("there is no account of that name")]
    NotFound,
    /// A machine has a secret and no password.
    #[error("that account is a machine: it has a secret, not a password")]
    NotAPerson,
    /// A person has a password and no secret.
    #[error("that account is a person: it has a password, not a secret")]
    NotAMachine,
    /// Empty, or longer than 1024 bytes.
    #[error("a password has 1 to 1024 bytes")]
    PasswordLength,
    /// The file or its folder cannot be read.
    #[error("the accounts file cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// The file cannot be written, and is as it was.
    #[error("the accounts file cannot be written")]
    Unwritable(#[source] std::io::Error),
}

/// What kind of account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// Signs in with an e-mail address and a password.
    Person,
    /// Signs in with a generated secret.
    Machine,
}

/// One line of a list of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// The e-mail address, or the machine's name.
    pub name: String,
    /// Person or machine.
    pub kind: AccountKind,
    /// When it was added.
    pub created: Time,
}

impl Accounts {
    /// Adds a person.
    ///
    /// # Errors
    /// When the address or the password is refused, or the file cannot be changed.
    pub fn add_person(&self, email: &str, password: &str, now: Time) -> Result<(), AccountError> {
        let name = check_email(email)?.to_owned();
        let hash = hash(password)?;
        let subject = secret::token();
        self.change(|book| {
            let credential = Credential::Password { hash, subject };
            book.insert(Account { name, created: now, credential })
        })
    }

    /// Adds a machine and answers its secret, which is shown this once and kept nowhere.
    ///
    /// # Errors
    /// When the name is refused, or the file cannot be changed.
    pub fn add_machine(&self, name: &str, now: Time) -> Result<Zeroizing<String>, AccountError> {
        check_machine(name)?;
        let (shown, digest) = machine_secret(name);
        self.change(|book| {
            let credential = Credential::Secret { digest };
            book.insert(Account { name: name.to_owned(), created: now, credential })
        })?;
        Ok(shown)
    }

    /// Removes a person or a machine. Tokens it already has stay valid until they expire; its
    /// sessions in browsers end at once.
    ///
    /// # Errors
    /// When there is none, or the file cannot be changed.
    pub fn remove(&self, name: &str) -> Result<(), AccountError> {
        self.change(|book| book.remove(name))
    }

    /// Gives a person another password, and ends their sessions in browsers.
    ///
    /// # Errors
    /// When there is no such person, or the file cannot be changed.
    pub fn set_password(&self, email: &str, password: &str) -> Result<(), AccountError> {
        let new = hash(password)?;
        self.change(|book| match &mut book.get_mut(email)?.credential {
            Credential::Password { hash, .. } => {
                *hash = new;
                Ok(())
            }
            Credential::Secret { .. } => Err(AccountError::NotAPerson),
        })
    }

    /// Gives a machine another secret, shown this once; the old one ends at once.
    ///
    /// # Errors
    /// When there is no such machine, or the file cannot be changed.
    pub fn renew_secret(&self, name: &str) -> Result<Zeroizing<String>, AccountError> {
        let (shown, new) = machine_secret(name);
        self.change(|book| match &mut book.get_mut(name)?.credential {
            Credential::Secret { digest } => {
                *digest = new;
                Ok(())
            }
            Credential::Password { .. } => Err(AccountError::NotAMachine),
        })?;
        Ok(shown)
    }

    /// Everyone, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<AccountSummary>, AccountError> {
        let book = self.book()?;
        Ok(book.iter().map(Account::summary).collect())
    }
}

fn hash(password: &str) -> Result<String, AccountError> {
    if password.is_empty() || password.len() > MAX_PASSWORD_BYTES {
        return Err(AccountError::PasswordLength);
    }
    password::hash(password).ok_or(AccountError::Hash)
}

fn check_machine(name: &str) -> Result<(), AccountError> {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let ok = name.len() <= 63
        && edge(name.bytes().next())
        && edge(name.bytes().last())
        && name.bytes().all(inner);
    match (ok, name) {
        (false, _) => Err(AccountError::MachineName),
        (true, "sigstore") => Err(AccountError::Reserved),
        (true, _) => Ok(()),
    }
}

/// `NAME.RANDOM`: the secret says whose it is, so that clients which can only name the public
/// client (cosign with its default `--oidc-client-id`) can use it too.
fn machine_secret(name: &str) -> (Zeroizing<String>, String) {
    let random = Zeroizing::new(secret::token());
    let shown = Zeroizing::new(format!("{name}.{}", *random));
    let digest = secret::sha256_base64url(shown.as_bytes());
    (shown, digest)
}
