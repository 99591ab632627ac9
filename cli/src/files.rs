//! Files as commands meet them: read within limits, written so that a crash leaves the old one or
//! the new one.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_store::durable;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::render::Screen;

/// Trust documents, keys, predicates: everything that is read whole.
pub(crate) const MAX_DOCUMENT_BYTES: u64 = 8 * 1024 * 1024;

/// Who may read what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Bundles and trust material are public.
    Everyone,
    /// Private keys are their owner's.
    Owner,
}

impl Reader {
    const fn mode(self) -> u32 {
        match self {
            Self::Everyone => durable::PUBLIC,
            Self::Owner => durable::PRIVATE,
        }
    }
}

/// The content of a file that must be there; what goes wrong is told with `exit`.
pub(crate) fn read(path: &Path, limit: u64, exit: Exit) -> Outcome<Vec<u8>> {
    let file = File::open(path).map_err(|error| unreadable(path, &error, exit))?;
    read_limited(&file, size(&file), limit, || path.display().to_string(), exit)
}

/// The content of a file that may be absent.
pub(crate) fn read_if_there(path: &Path, limit: u64) -> Outcome<Option<Vec<u8>>> {
    match File::open(path) {
        Ok(file) => {
            let name = || path.display().to_string();
            read_limited(&file, size(&file), limit, name, Exit::Trust).map(Some)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error, Exit::Trust)),
    }
}

/// The content of a text file that must be there.
pub(crate) fn read_text(path: &Path, limit: u64, exit: Exit) -> Outcome<String> {
    String::from_utf8(read(path, limit, exit)?).map_err(|error| {
        Failure::new(exit, format!("{} is not text", path.display())).because(&error)
    })
}

/// PEM, or the base64 of it, as cosign writes certificates.
pub(crate) fn read_pem(path: &Path, limit: u64, exit: Exit) -> Outcome<String> {
    let text = read_text(path, limit, exit)?;
    match STANDARD.decode(text.trim()).map(String::from_utf8) {
        Ok(Ok(pem)) => Ok(pem),
        _ => Ok(text),
    }
}

/// Everything on standard input.
pub(crate) fn read_stdin(limit: u64) -> Outcome<Vec<u8>> {
    read_limited(std::io::stdin().lock(), 0, limit, || "standard input".to_owned(), Exit::Usage)
}

/// How long a file seems to be: it may be none, or grow.
fn size(file: &File) -> u64 {
    file.metadata().map_or(0, |meta| meta.len())
}

/// Reads to the end, in one go where the length was known.
fn read_limited(
    source: impl Read,
    expected: u64,
    limit: u64,
    name: impl Fn() -> String,
    exit: Exit,
) -> Outcome<Vec<u8>> {
    // A file that claims to be larger than it may be gets no memory for it.
    let room = usize::try_from(expected.min(limit)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(room + 1);
    let length = source
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(exit, format!("cannot read {}", name())).because(&error))?;
    if u64::try_from(length).is_ok_and(|length| length > limit) {
        return Err(Failure::new(exit, format!("{} is larger than {limit} bytes", name())));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &std::io::Error, exit: Exit) -> Failure {
    Failure::new(exit, format!("cannot read {}", path.display())).because(error)
}

/// Writes a file whole, durably, replacing what was there; folders above it are made.
pub(crate) fn write(path: &Path, bytes: &[u8], reader: Reader) -> Outcome {
    let path = &absolute(path)?;
    let made = path.parent().map_or(Ok(()), durable::create_dir_all);
    made.and_then(|()| durable::write(path, bytes, reader.mode())).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot write {}", path.display())).because(&error)
    })
}

/// Writes text to a public file, or to standard output where the path is `-`.
pub(crate) fn write_or_print(path: &Path, text: &str, screen: Screen) -> Outcome {
    if is_dash(path) { screen.data(text) } else { write(path, text.as_bytes(), Reader::Everyone) }
}

/// Refuses early what [`write()`] would refuse late, when an entry is in a log already.
pub(crate) fn check_destination(path: &Path) -> Outcome {
    let path = &absolute(path)?;
    let refuse = |why: &str| {
        Err(Failure::usage(format!("cannot write {}", path.display())).note("cause", why))
    };
    if path.is_dir() {
        return refuse("it is a folder");
    }
    match path.parent() {
        Some(parent) if !parent.is_dir() => refuse("there is no such folder"),
        _ => Ok(()),
    }
}

/// Removes a file; one that is not there is removed already.
pub(crate) fn remove(path: &Path) -> Outcome {
    durable::remove(path).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot remove {}", path.display())).because(&error)
    })
}

/// The same path from the root of the file system.
pub(crate) fn absolute(path: &Path) -> Outcome<PathBuf> {
    std::path::absolute(path)
        .map_err(|error| Failure::usage(format!("not a path: {}", path.display())).because(&error))
}

/// Whether a path written on the command line means standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path == Path::new("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_larger_than_its_limit_is_refused_without_being_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write(&path, b"12345", Reader::Everyone).unwrap();
        assert_eq!(read(&path, 5, Exit::Trust).unwrap(), b"12345");
        let failure = read(&path, 4, Exit::Trust).unwrap_err();
        assert_eq!(failure.exit, Exit::Trust);
        assert!(failure.sentence.contains("larger than 4 bytes"));
    }

    #[test]
    fn a_destination_that_cannot_be_is_refused_early() {
        let dir = tempfile::tempdir().unwrap();
        assert!(check_destination(&dir.path().join("new")).is_ok());
        assert!(check_destination(dir.path()).is_err());
        assert!(check_destination(&dir.path().join("no/new")).is_err());
    }

    #[test]
    fn folders_above_a_new_file_are_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c");
        write(&path, b"x", Reader::Everyone).unwrap();
        assert_eq!(read_if_there(&path, 9).unwrap().unwrap(), b"x");
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(read_if_there(&path, 9).unwrap(), None);
    }
}
