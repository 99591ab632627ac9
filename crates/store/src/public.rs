//! A server's `public` folder: what other servers, and people, may read of its own.

use std::fs;
use std::io;
use std::path::Path;

use crate::durable;

/// The name of the folder.
pub const FOLDER: &str = "public";
/// The server's share of the trust material, from which `trust-lite` composes the whole.
pub const FRAGMENT: &str = "fragment.json";

/// Makes `DIR/public/NAME` hold these bytes, durably. A file that holds them already is left alone.
pub fn write(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = dir.join(FOLDER);
    let path = folder.join(name);
    if fs::read(&path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    durable::create_dir_all(&folder)?;
    durable::write(&path, bytes, durable::PUBLIC)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn a_file_is_for_everybody_and_replaced_only_by_other_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let inode = || fs::metadata(dir.path().join("public/a")).unwrap().ino();
        write(dir.path(), "a", b"one").unwrap();
        let first = inode();
        write(dir.path(), "a", b"one").unwrap();
        assert_eq!(inode(), first);
        write(dir.path(), "a", b"two").unwrap();
        assert_eq!(fs::read(dir.path().join("public/a")).unwrap(), b"two");
        let mode = fs::metadata(dir.path().join("public/a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }
}
