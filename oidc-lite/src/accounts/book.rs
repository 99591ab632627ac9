//! What the accounts file says.

use std::collections::BTreeMap;

use lite_time::Time;
use serde::{Deserialize, Serialize};

use super::{AccountError, AccountKind, AccountSummary};
use crate::email::fold;
use crate::secret;

/// All accounts, by folded name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book(BTreeMap<String, Account>);

/// One account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The e-mail address as its owner writes it, or the machine's name.
    pub(crate) name: String,
    pub(crate) created: Time,
    pub(crate) credential: Credential,
}

/// What proves that someone is the account.
#[derive(Clone)]
pub(crate) enum Credential {
    /// A person's Argon2id hash, and the `sub` of their tokens: random, so that an address given
    /// to somebody else later is another subject.
    Password { hash: String, subject: String },
    /// SHA-256 of a machine's secret, in base64url.
    Secret { digest: String },
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Credential::Password { .. } => "Password(…)",
            Credential::Secret { .. } => "Secret(…)",
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    version: u32,
    accounts: Vec<WireAccount>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum WireAccount {
    Person { email: String, subject: String, password: String, created: i64 },
    Machine { name: String, secret: String, created: i64 },
}

impl Book {
    /// Reads the file's bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Book, AccountError> {
        let wire: Wire = serde_json::from_slice(bytes).map_err(AccountError::Damaged)?;
        let damaged = |what| AccountError::Damaged(serde::de::Error::custom(what));
        if wire.version != 1 {
            return Err(damaged("the version is not 1"));
        }
        let mut book = Book::default();
        for account in wire.accounts {
            let account = Account::from(account);
            book.insert(account).map_err(|_| damaged("a name stands there twice"))?;
        }
        Ok(book)
    }

    /// The file's bytes, for people who look into it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let wire = Wire { version: 1, accounts: self.iter().map(WireAccount::from).collect() };
        // Strings and numbers always serialise.
        let mut bytes = serde_json::to_vec_pretty(&wire).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    pub(crate) fn insert(&mut self, account: Account) -> Result<(), AccountError> {
        let key = fold(&account.name);
        if self.0.contains_key(&key) {
            return Err(AccountError::AlreadyExists);
        }
        self.0.insert(key, account);
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &str) -> Result<(), AccountError> {
        self.0.remove(&fold(name)).map(drop).ok_or(AccountError::NotFound)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Account> {
        self.0.get(&fold(name))
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Result<&mut Account, AccountError> {
        self.0.get_mut(&fold(name)).ok_or(AccountError::NotFound)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.0.values()
    }

    /// The machine whose secret this is. `NAME.RANDOM` says where to look; the digest decides.
    pub(crate) fn machine(&self, secret: &str) -> Option<&Account> {
        let (name, _) = secret.split_once('.')?;
        let account = self.get(name)?;
        let Credential::Secret { digest } = &account.credential else { return None };
        let offered = secret::sha256_base64url(secret.as_bytes());
        secret::same(offered.as_bytes(), digest.as_bytes()).then_some(account)
    }
}

impl Account {
    pub(crate) fn summary(&self) -> AccountSummary {
        let kind = match self.credential {
            Credential::Password { .. } => AccountKind::Person,
            Credential::Secret { .. } => AccountKind::Machine,
        };
        AccountSummary { name: self.name.clone(), kind, created: self.created }
    }

    /// Changes whenever the credential does: what a session remembers to notice it.
    pub(crate) fn stamp(&self) -> [u8; 32] {
        match &self.credential {
            Credential::Password { hash, subject } => {
                secret::sha256(format!("{subject} {hash}").as_bytes())
            }
            Credential::Secret { digest } => secret::sha256(digest.as_bytes()),
        }
    }
}

impl From<WireAccount> for Account {
    fn from(wire: WireAccount) -> Account {
        match wire {
            WireAccount::Person { email, subject, password, created } => Account {
                name: email,
                created: Time::from_secs(created),
                credential: Credential::Password { hash: password, subject },
            },
            WireAccount::Machine { name, secret, created } => Account {
                name,
                created: Time::from_secs(created),
                credential: Credential::Secret { digest: secret },
            },
        }
    }
}

impl From<&Account> for WireAccount {
    fn from(account: &Account) -> WireAccount {
        let (name, created) = (account.name.clone(), account.created.secs());
        match account.credential.clone() {
            Credential::Password { hash, subject } => {
                WireAccount::Person { email: name, subject, password: hash, created }
            }
            Credential::Secret { digest } => WireAccount::Machine { name, secret: digest, created },
        }
    }
}
