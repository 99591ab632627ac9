//! How a rebuild is asked for: by a file in the folder, so that whoever may write there can ask a
//! running server, and nobody who merely reaches it over the network can.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The file that asks.
const REBUILD: &str = "rebuild";

/// Who will do what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requested {
    /// The process that holds the folder, within about a second.
    OfTheRunning,
    /// The next process that opens the folder: none holds it now.
    AtTheNextStart,
}

/// Asks for a rebuild of the index in `dir`, which must exist. While it is filled, the index that is
/// there answers. Asking twice is asking once.
pub fn request_rebuild(dir: &Path) -> io::Result<Requested> {
    File::create(path(dir))?.sync_all()?;
    File::open(dir)?.sync_all()?;
    match File::open(lock_path(dir)).map(|lock| lock.try_lock()) {
        Ok(Err(TryLockError::WouldBlock)) => Ok(Requested::OfTheRunning),
        // Let go again at once; a server that starts just now tries more than once.
        _ => Ok(Requested::AtTheNextStart),
    }
}

/// Whether a rebuild that was asked for is still to be done.
#[must_use]
pub fn is_requested(dir: &Path) -> bool {
    path(dir).exists()
}

/// Forgets the request. On an error it stands, and the rebuild is done again at some time.
pub(crate) fn forget(dir: &Path) {
    match fs::remove_file(path(dir)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let file = path(dir);
            tracing::warn!(file = %file.display(), %error, "request for a rebuild stays");
        }
        _ => {}
    }
}

/// The file that the kernel locks while a process searches in the folder.
pub(crate) fn lock_path(dir: &Path) -> PathBuf {
    dir.join("lock")
}

fn path(dir: &Path) -> PathBuf {
    dir.join(REBUILD)
}
