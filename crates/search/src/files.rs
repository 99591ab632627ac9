//! The indexes of a folder: which one answers, and where the next one is built.
//!
//! Each index is a file (or folder) with a number. Of those that a process finds, the one that
//! reaches furthest answers, the newer of two equals. So a rebuild needs no rename and no pointer:
//! the new index answers from the moment it reaches as far as the old one, also after a crash.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::error::OpenError;
use crate::guard::{Damaged, guarded};
use crate::index::{Cause, Index};
use crate::redb_index::RedbIndex;
use crate::request;

/// How often the lock is tried, and how long a look at it may take somebody else.
const TRIES: u32 = 10;
const LOOK: Duration = Duration::from_millis(20);

/// Which engine keeps an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// [`RedbIndex`].
    #[default]
    Redb,
    /// `SledIndex`.
    #[cfg(feature = "index-sled")]
    Sled,
}

impl Engine {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Redb => "redb",
            #[cfg(feature = "index-sled")]
            Self::Sled => "sled",
        }
    }

    fn open(self, path: &Path) -> Result<Box<dyn Index>, Cause> {
        match self {
            Self::Redb => Ok(Box::new(RedbIndex::open(path)?)),
            #[cfg(feature = "index-sled")]
            Self::Sled => Ok(Box::new(crate::sled_index::SledIndex::open(path)?)),
        }
    }
}

/// An index and its number.
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) index: Box<dyn Index>,
    pub(crate) reached: u64,
}

/// A folder of indexes, held by this process.
pub(crate) struct Files {
    dir: PathBuf,
    engine: Engine,
    scheme: u32,
    /// The kernel lets go of the lock with the file.
    _lock: File,
}

impl Files {
    /// Takes the folder, and makes it where there is none.
    pub(crate) fn hold(dir: &Path, engine: Engine, scheme: u32) -> Result<Self, OpenError> {
        let io = |path: &Path, source| OpenError::Io { path: path.to_owned(), source };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|source| io(dir, source))?;
        let path = request::lock_path(dir);
        let lock = File::options().create(true).write(true).truncate(false).open(&path);
        let lock = lock.map_err(|source| io(&path, source))?;
        for left in (0..TRIES).rev() {
            match lock.try_lock() {
                Ok(()) => break,
                // Who asks for a rebuild looks at the lock for a moment.
                Err(TryLockError::WouldBlock) if left > 0 => thread::sleep(LOOK),
                Err(TryLockError::WouldBlock) => return Err(OpenError::Held(dir.to_owned())),
                Err(TryLockError::Error(source)) => return Err(io(&path, source)),
            }
        }
        Ok(Self { dir: dir.to_owned(), engine, scheme, _lock: lock })
    }

    /// The index that answers: of those that are whole and not ahead of a log of `size` leaves, the
    /// one that reaches furthest, or a new one. All others are removed.
    pub(crate) fn choose(&self, size: u64) -> Result<Numbered, OpenError> {
        let mut best: Option<Numbered> = None;
        let mut numbers = self.numbers().map_err(|source| self.io(source))?;
        numbers.sort_unstable();
        let next = numbers.last().map_or(1, |last| last + 1);
        for number in numbers {
            let better = best.as_ref().map_or(0, |best| best.reached);
            match self.open(number) {
                Ok(found) if found.reached > size => {
                    let (file, reached) = (self.path(number), found.reached);
                    let file = file.display();
                    tracing::warn!(%file, reached, size, "index is of another log: begun again");
                }
                Ok(found) if found.reached >= better => best = Some(found),
                Ok(_) => {}
                Err(source) if source.is::<Damaged>() => {
                    let (file, error) = (self.path(number), &*source as &dyn std::error::Error);
                    tracing::warn!(file = %file.display(), error, "index is damaged: begun again");
                }
                Err(source) => return Err(OpenError::Index { path: self.path(number), source }),
            }
        }
        let chosen = match best {
            Some(best) => best,
            None => self
                .begin(next)
                .map_err(|source| OpenError::Index { path: self.path(next), source })?,
        };
        self.keep_only(&[chosen.number]).map_err(|source| self.io(source))?;
        Ok(chosen)
    }

    /// Begins an empty index. What a dead process left under its number is removed.
    pub(crate) fn begin(&self, number: u64) -> Result<Numbered, Cause> {
        remove(&self.path(number))?;
        self.open(number)
    }

    /// Removes every index but those with these numbers: also those of another engine or scheme.
    pub(crate) fn keep_only(&self, numbers: &[u64]) -> io::Result<()> {
        let keep: Vec<PathBuf> = numbers.iter().map(|number| self.path(*number)).collect();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| name.starts_with("index-")) && !keep.contains(&path) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Where the folder is.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn open(&self, number: u64) -> Result<Numbered, Cause> {
        guarded(|| {
            let index = self.engine.open(&self.path(number))?;
            let reached = index.reached()?;
            Ok(Numbered { number, index, reached })
        })
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("index-{}-{number}.{}", self.scheme, self.engine.suffix()))
    }

    /// The numbers of the indexes of this engine and scheme.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else { continue };
            let number = name
                .strip_prefix(&format!("index-{}-", self.scheme))
                .and_then(|rest| rest.strip_suffix(&format!(".{}", self.engine.suffix())))
                .and_then(|number| number.parse().ok());
            // One name a number: `01` is nobody's.
            numbers.extend(number.filter(|number| self.path(*number).ends_with(name)));
        }
        Ok(numbers)
    }

    fn io(&self, source: io::Error) -> OpenError {
        OpenError::Io { path: self.dir.clone(), source }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
