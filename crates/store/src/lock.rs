//! One process on a folder.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Holds a folder for this process, until it is dropped or the process ends in any way.
///
/// The kernel holds the lock, so a `lock` file that a dead process left behind blocks nobody, and
/// another path to the same folder meets the same lock.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Why a folder is not ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process holds it, or another part of this one.
    #[error("{0} is in use by another process: stop that one, or choose another folder")]
    Held(PathBuf),
    /// The lock file cannot be opened or locked.
    #[error("{path} cannot be locked: make the folder writable for this user")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl FolderLock {
    /// Takes the folder `dir`, which must exist, without waiting.
    pub fn acquire(dir: &Path) -> Result<Self, LockError> {
        let path = dir.join("lock");
        let opened = File::options().create(true).write(true).truncate(false).open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(source) => return Err(LockError::Io { path, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(dir.to_path_buf())),
            Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_also_by_another_path() {
        let dir = tempfile::tempdir().unwrap();
        let alias = dir.path().join("alias");
        let real = dir.path().join("real");
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &alias).unwrap();
        let held = FolderLock::acquire(&real).unwrap();
        assert!(matches!(FolderLock::acquire(&real), Err(LockError::Held(_))));
        assert!(matches!(FolderLock::acquire(&alias), Err(LockError::Held(_))));
        drop(held);
        FolderLock::acquire(&alias).unwrap();
    }

    #[test]
    fn a_stale_lock_file_does_not_block() {
        let dir = tempfile::tempdir().unwrap();
        File::create(dir.path().join("lock")).unwrap();
        FolderLock::acquire(dir.path()).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = FolderLock::acquire(&dir.path().join("nowhere")).unwrap_err();
        assert!(matches!(&error, LockError::Io { path, .. } if path.ends_with("nowhere/lock")));
    }
}
