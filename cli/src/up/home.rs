//! The data folder: whose instance lives in it, and that nobody else is using it.

use std::path::{Path, PathBuf};

use lite_store::{FolderLock, LockError, durable};
use lite_time::Time;
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;

/// What names an instance, in the folder's root.
const RECORD: &str = "siglite.json";
/// Stands beside the record until a first start has told who can sign in: whoever is cut off
/// before that makes a first start again.
const UNFINISHED: &str = "first-start";
/// The rooms of the servers, which hold what cannot be made again: keys and promises.
const ROOMS: [&str; 6] = ["ct", "fulcio", "oidc", "rekor", "trust", "tsa"];
/// A record is a few lines; more is not one.
const MAX_RECORD_BYTES: u64 = 64 * 1024;

/// What was decided when the instance was made, and cannot change: it stands in keys,
/// certificates and checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// The form of the folder; 1 so far.
    pub(crate) version: u32,
    /// The URL that clients use.
    pub(crate) public_url: String,
    /// When the instance was made, in RFC 3339.
    pub(crate) created: String,
}

/// A data folder, locked for as long as this lives.
pub(crate) struct Home {
    dir: PathBuf,
    record: Option<Record>,
    /// Whether this process has found no instance here.
    found_none: bool,
    /// Whether there was no folder before.
    made: bool,
    lock: FolderLock,
    ephemeral: bool,
}

impl Home {
    /// Opens the folder, making it where it does not exist, and locks it.
    pub(crate) fn open(dir: &Path, ephemeral: bool) -> Outcome<Self> {
        let dir = files::absolute(dir)?;
        let made = !dir.exists();
        refuse_strangers(&dir)?;
        durable::create_dir_all_with_mode(&dir, 0o700).map_err(|error| unwritable(&dir, &error))?;
        let lock = FolderLock::acquire(&dir).map_err(|error| match error {
            LockError::Held(_) => Failure::new(
                Exit::Folder,
                format!("{} is in use by another siglite", dir.display()),
            )
            .hint(
                "end that one, or use another folder: siglite up --data DIR --listen localhost:0",
            ),
            error => unwritable(&dir, &error),
        })?;
        let record = read_record(&dir)?;
        let found_none = record.is_none();
        let home = Self { dir, record, found_none, made, lock, ephemeral };
        if !home.is_new() {
            home.refuse_missing_rooms()?;
        }
        Ok(home)
    }

    /// A server that finds no room of its own makes one, with other keys: not what anybody wants
    /// of an instance whose keys others trust already.
    fn refuse_missing_rooms(&self) -> Outcome {
        let missing = ROOMS.map(|name| self.room(name)).into_iter().find(|room| !room.is_dir());
        missing.map_or(Ok(()), |room| {
            Err(Failure::new(Exit::Folder, format!("{} is missing", room.display()))
                .note("expected", "the folder of a server, with its keys")
                .hint("restore it from a backup; nothing was changed"))
        })
    }

    /// The folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether no start has told yet who can sign in.
    pub(crate) fn is_new(&self) -> bool {
        self.record.is_none() || self.dir.join(UNFINISHED).exists()
    }

    /// The first start is over.
    pub(crate) fn finish(&self) -> Outcome {
        durable::remove(&self.dir.join(UNFINISHED)).map_err(|error| unwritable(&self.dir, &error))
    }

    /// The URL that this folder's instance was made with.
    pub(crate) fn public_url(&self) -> Option<&str> {
        self.record.as_ref().map(|record| record.public_url.as_str())
    }

    /// Holds the folder to its URL, or writes down the URL of a new instance.
    pub(crate) fn settle(&mut self, public_url: &str, now: Time) -> Outcome {
        if let Some(record) = &self.record {
            if record.public_url == public_url {
                return Ok(());
            }
            return Err(Failure::new(
                Exit::Folder,
                format!("{} holds the instance of another URL", self.dir.display()),
            )
            .note("expected", &record.public_url)
            .note("found", public_url)
            .hint(format!(
                "a log's name cannot change: keep {}, or make a new instance with --data DIR",
                record.public_url
            )));
        }
        let record =
            Record { version: 1, public_url: public_url.to_owned(), created: now.to_rfc3339() };
        let text = serde_json::to_vec_pretty(&record).map_err(|error| {
            Failure::new(Exit::Internal, "the record cannot be written").because(&error)
        })?;
        // In this order: a folder with a record and without the mark has had its first start.
        for (name, text) in [(UNFINISHED, &[][..]), (RECORD, &text)] {
            durable::write(&self.dir.join(name), text, 0o644)
                .map_err(|error| unwritable(&self.dir, &error))?;
        }
        self.record = Some(record);
        Ok(())
    }

    /// The folder of one server.
    pub(crate) fn room(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Takes back a start that was refused before anyone was served: what this process has begun
    /// goes, what it found stays.
    pub(crate) fn abandon(self) {
        if self.ephemeral || !self.found_none {
            return self.leave();
        }
        // Nothing but our own was in the folder, or it would have been refused.
        let emptied =
            if self.made { std::fs::remove_dir_all(&self.dir) } else { remove_content(&self.dir) };
        if let Err(error) = emptied {
            tracing::warn!(%error, folder = %self.dir.display(), "a part of the folder stays behind");
        }
        drop(self.lock);
    }

    /// Removes the folder if it was only for this run.
    pub(crate) fn leave(self) {
        if self.ephemeral
            && let Err(error) = std::fs::remove_dir_all(&self.dir)
        {
            tracing::warn!(%error, folder = %self.dir.display(), "the folder stays behind");
        }
    }
}

/// A folder that is not empty and holds no record is somebody else's: nothing is written to it.
fn refuse_strangers(dir: &Path) -> Outcome {
    let Ok(mut entries) = std::fs::read_dir(dir) else { return Ok(()) };
    let half_written = [UNFINISHED, RECORD].map(|name| format!(".{name}.tmp"));
    let known = |name: &std::ffi::OsStr| {
        name == RECORD
            || name == UNFINISHED
            || name == "lock"
            || half_written.iter().any(|half| name == half.as_str())
    };
    let stranger = entries.any(|entry| entry.is_ok_and(|entry| !known(&entry.file_name())))
        && !dir.join(RECORD).exists();
    if stranger {
        return Err(Failure::new(
            Exit::Folder,
            format!("{} is not empty and is no data folder", dir.display()),
        )
        .note("expected", format!("an empty folder, or one with {RECORD}"))
        .hint("siglite up --data DIR, with a folder of its own"));
    }
    Ok(())
}

fn remove_content(dir: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn read_record(dir: &Path) -> Outcome<Option<Record>> {
    let path = dir.join(RECORD);
    let Some(bytes) = files::read_if_there(&path, MAX_RECORD_BYTES)? else { return Ok(None) };
    let damaged = |why: String| {
        Failure::new(Exit::Folder, format!("{} is damaged", path.display()))
            .note("found", why)
            .hint("restore it from a backup; nothing was changed")
    };
    let record: Record =
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if record.version != 1 {
        return Err(Failure::new(
            Exit::Folder,
            format!("{} was written by a newer siglite", path.display()),
        )
        .note("expected", "version 1")
        .note("found", format!("version {}", record.version)));
    }
    Ok(Some(record))
}

fn unwritable(dir: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Folder, format!("{} cannot be written", dir.display()))
        .because(error)
        .hint("siglite up --data DIR, with a folder that is yours")
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://localhost:7070";

    fn open(dir: &Path) -> Outcome<Home> {
        Home::open(dir, false)
    }

    /// A folder whose first start is over.
    fn finished(dir: &Path) {
        let mut home = open(dir).unwrap();
        home.settle(URL, Time::from_secs(0)).unwrap();
        for name in ROOMS {
            std::fs::create_dir(home.room(name)).unwrap();
        }
        home.finish().unwrap();
    }

    #[test]
    fn a_first_start_is_over_only_when_it_was_told() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let mut home = open(dir.path()).unwrap();
            assert!(home.is_new());
            home.settle(URL, Time::from_secs(0)).unwrap();
        }
        finished(dir.path());
        assert!(!open(dir.path()).unwrap().is_new());
    }

    #[test]
    fn a_record_that_was_half_written_makes_no_stranger() {
        for name in [".siglite.json.tmp", ".first-start.tmp", "first-start"] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::File::create(dir.path().join(name)).unwrap();
            assert!(open(dir.path()).unwrap().is_new(), "{name}");
        }
    }

    #[test]
    fn an_instance_without_one_of_its_rooms_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        finished(dir.path());
        for name in ROOMS {
            std::fs::remove_dir(dir.path().join(name)).unwrap();
            let failure = open(dir.path()).err().unwrap();
            assert_eq!(failure.exit, Exit::Folder);
            assert!(failure.sentence.contains(name), "{}", failure.sentence);
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        open(dir.path()).unwrap();
    }

    #[test]
    fn what_was_found_is_not_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        finished(dir.path());
        open(dir.path()).unwrap().abandon();
        assert!(!open(dir.path()).unwrap().is_new());
        let other = dir.path().join("other");
        let mut home = open(&other).unwrap();
        home.settle(URL, Time::from_secs(0)).unwrap();
        home.abandon();
        assert!(!other.exists());
    }
}
