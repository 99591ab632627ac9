//! How a file becomes durable: temporary file, fsync, rename, fsync of the folder.
//!
//! A reader sees the old bytes or the new ones, never a part; on return the new ones survive a
//! crash of the machine. There is one writer for a path at a time: the holder of the folder's lock.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::fault;

/// The mode of a file that only its owner may read: keys, and what is private to a log.
pub const PRIVATE: u32 = 0o600;
/// The mode of a file that everybody may read.
pub const PUBLIC: u32 = 0o644;

/// Writes a file, durably, in one step for whoever reads it. `mode` is its mode from the first
/// moment on ([`PRIVATE`], [`PUBLIC`]). The folder must exist.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    replace(path, bytes, mode)?;
    sync_parent(path)
}

/// Creates a folder and those above it, durably: each is known to its parent on return. New
/// folders get `mode`.
pub fn create_dir_all_with_mode(path: &Path, mode: u32) -> io::Result<()> {
    if path.is_dir() {
        // Whoever made it may have died before its name was durable. Those above it were durable
        // before it was made. A parent that this user may not read was made by someone else.
        return match sync_parent(path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            synced => synced,
        };
    }
    if let Some(parent) = parent(path) {
        create_dir_all_with_mode(parent, mode)?;
    }
    fault::step("create folder")?;
    match DirBuilder::new().mode(mode).create(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Creates a folder and those above it, durably, for everybody to read.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    create_dir_all_with_mode(path, 0o755)
}

/// Removes a file, durably. A file that is not there is no error.
pub fn remove(path: &Path) -> io::Result<()> {
    fault::step("remove file")?;
    match fs::remove_file(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file that grows under a temporary name, and is given its own when it is whole.
///
/// Dropped before that, it is removed.
#[derive(Debug)]
pub struct Growing {
    path: PathBuf,
    file: File,
    length: u64,
    synced: u64,
    placed: bool,
}

impl Growing {
    /// Creates the file, empty. A file of that name, which a dead process left, is emptied. The
    /// folder must exist.
    pub fn create(path: &Path, mode: u32) -> io::Result<Self> {
        fault::step("create file")?;
        let file = File::options().write(true).create(true).truncate(true).mode(mode).open(path)?;
        Ok(Self { path: path.to_owned(), file, length: 0, synced: 0, placed: false })
    }

    /// Bytes written so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes that [`Self::sync_so_far`] has made durable.
    #[must_use]
    pub fn synced(&self) -> u64 {
        self.synced
    }

    /// Makes the bytes so far durable, so that the last sync has less to do. After an error nothing is
    /// known of the bytes: drop the file.
    pub fn sync_so_far(&mut self) -> io::Result<()> {
        fault::step("sync file")?;
        // A failed sync must not be tried again, so it is never told as "no space left".
        self.file.sync_data().map_err(io::Error::other)?;
        self.synced = self.length;
        Ok(())
    }

    /// Where it grows.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends all the bytes or, as far as the outside can tell, none: what a failed write has
    /// left is cut off, or the next write writes over it.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let grown = fault::write_all("write file", &self.file, bytes);
        if grown.is_err() {
            // Best effort for the disk's sake; the position is what counts.
            let _ = self.file.set_len(self.length);
            io::Seek::seek(&mut &self.file, io::SeekFrom::Start(self.length))?;
            return grown;
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Makes the bytes durable, with `modified` as the time of their last change. After an error
    /// nothing is known of the bytes: drop the file.
    pub fn sync(&self, modified: std::time::SystemTime) -> io::Result<()> {
        self.file.set_modified(modified)?;
        fault::step("sync file")?;
        // A failed sync must not be tried again, so it is never told as "no space left".
        self.file.sync_all().map_err(io::Error::other)
    }

    /// Gives a synced file its own name, durably and in one step for whoever reads it. The folder
    /// must exist, on the same file system.
    #[expect(clippy::disallowed_methods, reason = "this is the durable rename")]
    pub fn place(mut self, path: &Path) -> io::Result<()> {
        fault::step("rename file")?;
        fs::rename(&self.path, path)?;
        self.placed = true;
        sync_parent(path)
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.placed {
            // Best effort: whoever owns the folder empties it at a start.
            let _ = fault::step("remove file").and_then(|()| fs::remove_file(&self.path));
        }
    }
}

/// Gives a durable file a second name, durably. A file that has the name already is kept, and must
/// hold the same bytes.
pub fn link(file: &Path, name: &Path) -> io::Result<()> {
    fault::step("link file")?;
    match fs::hard_link(file, name) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_parent(name),
    }
}

/// Removes files of one folder, durably: all of them are gone on return, and maybe some of them
/// after an error. A file that is not there is no error.
pub fn remove_all<'a>(folder: &Path, files: impl IntoIterator<Item = &'a Path>) -> io::Result<()> {
    for file in files {
        fault::step("remove file")?;
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync_dir(folder)
}

/// Makes the names in a folder durable.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    let folder = File::open(path)?;
    // A failed sync must not be tried again, so it is never told as "no space left".
    fault::step("sync folder").and_then(|()| folder.sync_all()).map_err(io::Error::other)
}

/// Puts the bytes under their name. The name is durable after [`sync_dir`] of the folder, so that
/// many files share one.
#[expect(clippy::disallowed_methods, reason = "this is the durable rename")]
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = temporary(path)?;
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {} // What a dead process left behind, or nothing.
    }
    let written = fill(&temporary, bytes, mode).and_then(|()| {
        fault::step("rename file")?;
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        // Best effort: the next write to this path removes it too.
        let _ = fault::step("remove temporary file").and_then(|()| fs::remove_file(&temporary));
    }
    written
}

fn fill(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    fault::step("create file")?;
    let file = File::options().write(true).create_new(true).mode(mode).open(path)?;
    fault::write_all("write file", &file, bytes)?;
    fault::step("sync file")?;
    file.sync_all()
}

fn temporary(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(".tmp");
    Ok(path.with_file_name(temporary))
}

fn sync_parent(path: &Path) -> io::Result<()> {
    sync_dir(parent(path).unwrap_or(Path::new("/")))
}

/// The folder of a path; the current one for a bare name.
fn parent(path: &Path) -> Option<&Path> {
    let parent = path.parent()?;
    Some(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::fault::testing::{After, arm, disarm};

    #[test]
    fn a_file_has_its_mode_and_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write(&path, b"one", PRIVATE).unwrap();
        write(&path, b"two", PRIVATE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn whenever_the_process_dies_a_file_is_old_or_new() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        for steps in 0.. {
            write(&path, b"old", PUBLIC).unwrap();
            arm(steps, After::Dead);
            let outcome = write(&path, b"new", PUBLIC);
            disarm();
            let found = fs::read(&path).unwrap();
            assert!(found == b"old" || found == b"new", "{steps} steps");
            if outcome.is_ok() {
                assert_eq!(found, b"new");
                assert!(steps > 3, "each step is counted");
                break;
            }
        }
    }

    #[test]
    fn a_growing_file_is_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let (grows, path) = (dir.path().join("grows"), dir.path().join("file"));
        let grow = || {
            let mut growing = Growing::create(&grows, PRIVATE)?;
            growing.append(b"one")?;
            growing.append(b"two")?;
            growing.sync(std::time::UNIX_EPOCH)?;
            growing.place(&path)
        };
        for steps in 0.. {
            arm(steps, After::Dead);
            let outcome = grow();
            disarm();
            assert!(!path.exists() || fs::read(&path).unwrap() == b"onetwo", "{steps} steps");
            if outcome.is_ok() {
                assert!(path.exists() && !grows.exists());
                assert!(steps > 4, "each step is counted");
                break;
            }
            let _ = fs::remove_file(&path);
        }
    }

    #[test]
    fn a_growing_file_forgets_what_was_half_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let mut growing = Growing::create(&dir.path().join("grows"), PRIVATE).unwrap();
        growing.append(b"one").unwrap();
        arm(0, After::NoSpace);
        assert_eq!(growing.append(b"lost").unwrap_err().kind(), io::ErrorKind::StorageFull);
        disarm();
        growing.append(b"two").unwrap();
        assert_eq!(growing.length(), 6);
        growing.sync(std::time::UNIX_EPOCH).unwrap();
        growing.place(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"onetwo");
    }

    #[test]
    fn a_second_name_outlives_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        write(&one, b"shared", PUBLIC).unwrap();
        link(&one, &two).unwrap();
        link(&one, &two).unwrap();
        remove_all(dir.path(), [one.as_path(), one.as_path()]).unwrap();
        assert_eq!(fs::read(&two).unwrap(), b"shared");
    }

    #[test]
    fn folders_are_made_once_and_all_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        create_dir_all(&deep).unwrap();
        create_dir_all(&deep).unwrap();
        assert!(deep.is_dir());
    }
}
