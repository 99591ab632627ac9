//! The accounts file: read again when it changes, replaced as a whole.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use lite_store::durable;

use super::AccountError;
use super::book::Book;

/// More accounts than one file should hold.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The accounts of one identity provider.
///
/// Several processes may hold one: each change takes a lock, reads the file, and replaces it
/// atomically; each look notices a replaced file.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    seen: Mutex<Option<(Stamp, Arc<Book>)>>,
}

/// What tells one version of the file from the next. A replaced file is another inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    len: u64,
    modified: Option<SystemTime>,
}

impl Accounts {
    /// The accounts in `folder`, which is made if it is missing; no file means no accounts yet.
    ///
    /// # Errors
    /// When the folder cannot be made, or the file cannot be read or understood.
    pub fn open(folder: &Path) -> Result<Accounts, AccountError> {
        durable::create_dir_all(folder).map_err(AccountError::Unwritable)?;
        let accounts = Accounts { path: folder.join("accounts.json"), seen: Mutex::new(None) };
        accounts.book()?;
        Ok(accounts)
    }

    /// What the file says now.
    pub(crate) fn book(&self) -> Result<Arc<Book>, AccountError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                *seen = None;
                return Ok(Arc::default());
            }
            Err(e) => return Err(AccountError::Unreadable(e)),
        };
        // The stamp is of the file that was opened, so the bytes below belong to it.
        let stamp = Stamp::of(&file).map_err(AccountError::Unreadable)?;
        if let Some((known, book)) = &*seen
            && *known == stamp
        {
            return Ok(Arc::clone(book));
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(AccountError::Unreadable)?;
        let book = Arc::new(Book::parse(&bytes)?);
        *seen = Some((stamp, Arc::clone(&book)));
        Ok(book)
    }

    /// Changes the file, alone among all processes. A refusal changes nothing.
    pub(super) fn change(
        &self,
        change: impl FnOnce(&mut Book) -> Result<(), AccountError>,
    ) -> Result<(), AccountError> {
        // The lock is a file of its own: the accounts file is replaced, and a lock on the old
        // inode would hold nobody back. It ends with the handle.
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path.with_extension("lock"))
            .map_err(AccountError::Unwritable)?;
        lock.lock().map_err(AccountError::Unwritable)?;
        let mut book = Book::clone(&*self.book()?);
        change(&mut book)?;
        durable::write(&self.path, &book.to_bytes(), durable::PRIVATE)
            .map_err(AccountError::Unwritable)
    }
}

impl Stamp {
    #[cfg(unix)]
    fn of(file: &File) -> io::Result<Stamp> {
        use std::os::unix::fs::MetadataExt as _;
        let meta = file.metadata()?;
        Ok(Stamp { inode: meta.ino(), len: meta.len(), modified: meta.modified().ok() })
    }

    #[cfg(not(unix))]
    fn of(file: &File) -> io::Result<Stamp> {
        let meta = file.metadata()?;
        Ok(Stamp { inode: 0, len: meta.len(), modified: meta.modified().ok() })
    }
}

#[cfg(test)]
mod tests {
    use lite_time::Time;

    use super::*;
    use crate::accounts::AccountKind;

    const NOW: i64 = 1_700_000_000;

    fn now() -> Time {
        Time::from_secs(NOW)
    }

    #[test]
    fn a_change_by_one_process_is_seen_by_another() {
        let dir = tempfile::tempdir().unwrap();
        let (server, tool) =
            (Accounts::open(dir.path()).unwrap(), Accounts::open(dir.path()).unwrap());
        assert!(server.list().unwrap().is_empty());
        tool.add_person("Me@example.com", "one", now()).unwrap();
        let list = server.list().unwrap();
        assert_eq!((list.len(), list[0].name.as_str()), (1, "Me@example.com"));
        assert_eq!((list[0].kind, list[0].created), (AccountKind::Person, now()));
        let before = server.book().unwrap().get("me@EXAMPLE.com").unwrap().stamp();
        tool.set_password("me@example.com", "two").unwrap();
        assert_ne!(server.book().unwrap().get("me@example.com").unwrap().stamp(), before);
        tool.remove("me@example.com").unwrap();
        assert!(server.list().unwrap().is_empty());
    }

    #[test]
    fn many_writers_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let dir = dir.path();
                scope.spawn(move || {
                    let accounts = Accounts::open(dir).unwrap();
                    accounts.add_machine(&format!("m{n}"), now()).unwrap();
                });
            }
        });
        assert_eq!(Accounts::open(dir.path()).unwrap().list().unwrap().len(), 8);
    }

    #[test]
    fn a_machine_is_known_by_its_newest_secret_only() {
        let dir = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(dir.path()).unwrap();
        let first = accounts.add_machine("build-bot", now()).unwrap();
        let known = |secret: &str| accounts.book().unwrap().machine(secret).is_some();
        assert!(known(&first));
        assert!(!known("build-bot."));
        assert!(!known(&first[..first.len() - 1]));
        let second = accounts.renew_secret("build-bot").unwrap();
        assert!(!known(&first) && known(&second));
        let file = std::fs::read_to_string(dir.path().join("accounts.json")).unwrap();
        assert!(!file.contains(second.as_str()));
    }

    #[test]
    fn each_refusal_leaves_the_file_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(dir.path()).unwrap();
        accounts.add_person("me@example.com", "one", now()).unwrap();
        accounts.add_machine("bot", now()).unwrap();
        let before = std::fs::read(dir.path().join("accounts.json")).unwrap();
        let word = |result: Result<(), AccountError>| format!("{:?}", result.unwrap_err());
        let add = |email: &str, password: &str| word(accounts.add_person(email, password, now()));
        assert_eq!(add("ME@example.com", "x"), "AlreadyExists");
        assert_eq!(add("me@localhost", "x"), "Email(DomainWithoutDot)");
        assert_eq!(add("you@example.com", ""), "PasswordLength");
        assert_eq!(add("you@example.com", &"x".repeat(1025)), "PasswordLength");
        let machine = |name: &str| word(accounts.add_machine(name, now()).map(drop));
        assert_eq!(machine("bot"), "AlreadyExists");
        assert_eq!(machine("sigstore"), "Reserved");
        for name in ["", "Bot", "a.b", "-a", "a-", "a b", "a/b", &"a".repeat(64)] {
            assert_eq!(machine(name), "MachineName");
        }
        assert_eq!(word(accounts.remove("nobody")), "NotFound");
        assert_eq!(word(accounts.set_password("bot", "x")), "NotAPerson");
        assert_eq!(word(accounts.renew_secret("me@example.com").map(drop)), "NotAMachine");
        assert_eq!(std::fs::read(dir.path().join("accounts.json")).unwrap(), before);
    }

    #[test]
    fn a_damaged_file_is_refused_and_not_overwritten() {
        for bytes in ["", "{", "{\"version\":2,\"accounts\":[]}", "[]", "null"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("accounts.json");
            durable::write(&path, bytes.as_bytes(), durable::PRIVATE).unwrap();
            assert!(matches!(Accounts::open(dir.path()), Err(AccountError::Damaged(_))), "{bytes}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), bytes);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(dir.path()).unwrap();
        accounts.add_machine("bot", now()).unwrap();
        let mode = dir.path().join("accounts.json").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
