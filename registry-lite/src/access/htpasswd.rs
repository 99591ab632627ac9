//! A file of users, as Apache's `htpasswd -B` writes it: `USER:$2y$COST$…`, one a line.
//!
//! It is read again when it changes. Only bcrypt counts: the older forms can be guessed too fast.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;

/// The largest file that is read.
const MAX_BYTES: u64 = 1 << 20;
/// The most expensive hash that is computed for a request: about four seconds.
const MAX_COST: u32 = 16;
/// Proven pairs that are remembered, so that a push of twenty layers costs one hash.
const MAX_REMEMBERED: usize = 1024;
/// Hashes that are computed at the same time.
const AT_ONCE: usize = 2;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HtpasswdError {
    /// It cannot be read.
    #[error("{0} cannot be read")]
    Io(PathBuf, #[source] io::Error),
    /// A line is not of the form; the number is the line's, from 1.
    #[error("{0}, line {1} is not USER:HASH with a bcrypt hash: htpasswd -B FILE USER writes one")]
    Line(PathBuf, usize),
    /// There is nobody in it.
    #[error("{0} names nobody: htpasswd -B FILE USER adds one")]
    Nobody(PathBuf),
    /// More than a list of users.
    #[error("{0} is larger than 1 MiB")]
    TooLarge(PathBuf),
}

/// The file.
pub(crate) struct Htpasswd {
    path: PathBuf,
    users: Mutex<Arc<Users>>,
    turns: Mutex<usize>,
    free: std::sync::Condvar,
}

struct Users {
    version: Version,
    hashes: HashMap<String, String>,
    /// For callers that nobody knows: a hash of nothing, as expensive as the most expensive one.
    nobody: String,
    key: hmac::Key,
    /// Under the key, pairs that were right.
    proven: Mutex<HashSet<[u8; 32]>>,
}

/// What changes when the file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Htpasswd {
    pub(crate) fn open(path: &Path) -> Result<Self, HtpasswdError> {
        let users = Mutex::new(Arc::new(Users::read(path)?));
        let (turns, free) = (Mutex::new(AT_ONCE), std::sync::Condvar::new());
        Ok(Self { path: path.to_owned(), users, turns, free })
    }

    /// Whether this is a user's password. It takes as long for a user that nobody knows.
    pub(crate) fn knows(&self, user: &str, password: &str) -> bool {
        let users = self.users();
        let pair = users.pair(user, password);
        if users.lock().contains(&pair) {
            return true;
        }
        let hash = users.hashes.get(user);
        let right = {
            let _turn = self.turn();
            bcrypt::verify(password, hash.unwrap_or(&users.nobody)).unwrap_or(false)
        };
        let known = right && hash.is_some();
        if known {
            let mut proven = users.lock();
            if proven.len() >= MAX_REMEMBERED {
                proven.clear();
            }
            proven.insert(pair);
        }
        known
    }

    /// The users now. A file that has become unreadable lets nobody in that was not in before.
    fn users(&self) -> Arc<Users> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if fs::metadata(&self.path).ok().map(|found| Version::of(&found)) != Some(users.version) {
            match Users::read(&self.path) {
                Ok(read) => *users = Arc::new(read),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "the file of users is not read again");
                }
            }
        }
        Arc::clone(&users)
    }

    /// Hashes are made to be slow: a crowd of guessers waits here, and not on every thread.
    fn turn(&self) -> Turn<'_> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let mut turns = self
            .free
            .wait_while(turns, |turns| *turns == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *turns -= 1;
        Turn(self)
    }
}

struct Turn<'a>(&'a Htpasswd);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.turns.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.free.notify_one();
    }
}

impl Users {
    fn read(path: &Path) -> Result<Self, HtpasswdError> {
        let io = |error| HtpasswdError::Io(path.to_owned(), error);
        let metadata = fs::metadata(path).map_err(io)?;
        if metadata.len() > MAX_BYTES {
            return Err(HtpasswdError::TooLarge(path.to_owned()));
        }
        let text = fs::read_to_string(path).map_err(io)?;
        let mut hashes = HashMap::new();
        let mut highest = 4;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let parsed = line.split_once(':').filter(|(user, _)| !user.is_empty());
            let parsed = parsed.and_then(|(user, hash)| Some((user, hash, cost(hash)?)));
            let Some((user, hash, cost)) = parsed else {
                return Err(HtpasswdError::Line(path.to_owned(), number + 1));
            };
            highest = cost.max(highest);
            hashes.insert(user.to_owned(), hash.to_owned());
        }
        if hashes.is_empty() {
            return Err(HtpasswdError::Nobody(path.to_owned()));
        }
        let mut random = [0; 32];
        lite_keys::fill_random(&mut random);
        let nobody = bcrypt::hash(hex::encode(random), highest)
            .map_err(|error| io_other(path, &error.to_string()))?;
        Ok(Self {
            version: Version::of(&metadata),
            hashes,
            nobody,
            key: hmac::Key::new(hmac::HMAC_SHA256, &random),
            proven: Mutex::default(),
        })
    }

    fn pair(&self, user: &str, password: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&(user.len() as u64).to_be_bytes());
        context.update(user.as_bytes());
        context.update(password.as_bytes());
        let mut pair = [0; 32];
        pair.copy_from_slice(context.sign().as_ref());
        pair
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Version {
    fn of(metadata: &fs::Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { inode: metadata.ino(), length: metadata.len(), modified }
    }
}

fn io_other(path: &Path, text: &str) -> HtpasswdError {
    HtpasswdError::Io(path.to_owned(), io::Error::other(text.to_owned()))
}

/// The cost of a bcrypt hash; `None` of anything else, and of what would take too long.
fn cost(hash: &str) -> Option<u32> {
    let parts: bcrypt::HashParts = hash.parse().ok()?;
    let cost = parts.get_cost();
    (4..=MAX_COST).contains(&cost).then_some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `htpasswd -nbB -C 4 alice secret`, of Apache 2.4; `python3 -c "import bcrypt; …"` makes the
    /// same with `$2b$`.
    fn line(user: &str, password: &str) -> String {
        format!("{user}:{}\n", bcrypt::hash(password, 4).unwrap())
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    fn write(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn knows_users_by_their_passwords_and_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users");
        write(&path, &format!("# people\n\n{}{}", line("alice", "secret"), line("bob", "b:c")));
        let users = Htpasswd::open(&path).unwrap();
        for _ in 0..2 {
            assert!(users.knows("alice", "secret"));
            assert!(users.knows("bob", "b:c"));
            for (user, password) in
                [("alice", "b:c"), ("alice", ""), ("", ""), ("eve", "secret"), ("Alice", "secret")]
            {
                assert!(!users.knows(user, password), "{user}");
            }
        }
    }

    #[test]
    fn a_changed_file_counts_at_once_and_a_broken_one_lets_in_nobody_new() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users");
        write(&path, &line("alice", "secret"));
        let users = Htpasswd::open(&path).unwrap();
        assert!(users.knows("alice", "secret"));
        write(&path, &(line("alice", "other") + &line("bob", "b")));
        assert!(!users.knows("alice", "secret") && users.knows("bob", "b"));
        write(&path, "eve:plain\n");
        assert!(!users.knows("eve", "plain") && users.knows("bob", "b"));
        std::fs::remove_file(&path).unwrap();
        assert!(users.knows("bob", "b"));
    }

    #[test]
    fn refuses_what_is_no_list_of_users_by_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users");
        let good = line("alice", "secret");
        for (text, want) in [
            ("alice", 1),
            ("alice:secret", 1),
            ("alice:{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=", 1),
            ("alice:$apr1$abc$0123456789abcdefghijkl", 1),
            (":$2y$04$abcdefghijklmnopqrstuuZIvUOB9xrnBgqBbBBf7zMlkqeVdqFSS", 1),
            ("alice:$2y$31$abcdefghijklmnopqrstuuZIvUOB9xrnBgqBbBBf7zMlkqeVdqFSS", 1),
        ] {
            write(&path, &format!("{good}{text}\n"));
            let refused = Htpasswd::open(&path);
            assert!(
                matches!(refused, Err(HtpasswdError::Line(_, line)) if line == want + 1),
                "{text}"
            );
        }
        write(&path, "\n");
        assert!(matches!(Htpasswd::open(&path), Err(HtpasswdError::Nobody(_))));
        let nowhere = dir.path().join("nowhere");
        assert!(matches!(Htpasswd::open(&nowhere), Err(HtpasswdError::Io(..))));
    }
}
