//! A stand-in until the store has it.
use std::{fs, io, path::Path};
pub(crate) fn create_dir_all(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
#[expect(clippy::disallowed_methods, reason = "stand-in")]
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let tmp = path.with_extension("tmp");
    let _ = fs::remove_file(&tmp);
    let mut f = fs::File::options().create_new(true).write(true).mode(mode).open(&tmp)?;
    f.write_all(bytes)?;
    f.sync_all()?;
    fs::rename(tmp, path)
}
