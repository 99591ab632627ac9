//! Files of a layout: written under no name, synced, then named; read within limits.
//!
//! Blobs come in pieces and may be larger than memory, so a file is filled before it has a name,
//! where `lite_store::durable` would take it whole.

use std::fs::File;
use std::io::{ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::ImageError;

/// A file that nobody finds yet. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Unnamed {
    file: NamedTempFile,
    path: PathBuf,
}

impl Unnamed {
    /// A file that will be at `path`; folders above it are made.
    pub(crate) fn beside(path: &Path) -> Result<Self, ImageError> {
        let parent = parent(path);
        std::fs::create_dir_all(parent).map_err(ImageError::io(parent))?;
        let file = tempfile::Builder::new()
            .prefix(".incomplete-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(parent)
            .map_err(ImageError::io(path))?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), ImageError> {
        self.file.write_all(bytes).map_err(ImageError::io(&self.path))
    }

    /// The open file, for writers that need one.
    pub(crate) fn as_file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Puts the file in its place. On return it survives a crash of the machine.
    pub(crate) fn name(self) -> Result<(), ImageError> {
        let path = self.path.clone();
        self.name_as(&path)
    }

    /// Puts the file in a place that was not known when it was begun, in the same folder.
    pub(crate) fn name_as(self, path: &Path) -> Result<(), ImageError> {
        self.file.as_file().sync_all().map_err(ImageError::io(path))?;
        self.file.persist(path).map_err(|error| error.error).map_err(ImageError::io(path))?;
        let folder = File::open(parent(path)).and_then(|folder| folder.sync_all());
        folder.map_err(ImageError::io(path))
    }
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ImageError> {
    let mut file = Unnamed::beside(path)?;
    file.append(bytes)?;
    file.name()
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A whole file of at most `limit` bytes; `None` if it is not there.
pub(super) fn read_if_there(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, ImageError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(ImageError::io(path))?,
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(ImageError::io(path))?;
    if bytes.len() as u64 > limit {
        return Err(ImageError::TooLarge { name: path.display().to_string(), limit });
    }
    Ok(Some(bytes))
}

/// Whether a file is there, and begins with this byte.
pub(super) fn begins_with(path: &Path, byte: u8) -> Result<bool, ImageError> {
    let mut first = [0];
    let read = File::open(path).and_then(|mut file| file.read(&mut first));
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        read => Ok(read.map_err(ImageError::io(path))? == 1 && first[0] == byte),
    }
}

/// The names of the files in a folder that are at most `longest` bytes long; `None` if there are
/// more than `most` files. A folder that is not there is empty.
pub(super) fn names_below(
    folder: &Path,
    longest: u64,
    most: usize,
) -> Result<Option<Vec<String>>, ImageError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(Vec::new())),
        entries => entries.map_err(ImageError::io(folder))?,
    };
    let mut names = Vec::new();
    for (count, entry) in entries.enumerate() {
        if count == most {
            return Ok(None);
        }
        let entry = entry.map_err(ImageError::io(folder))?;
        let metadata = entry.metadata().map_err(ImageError::io(folder))?;
        if metadata.is_file() && metadata.len() <= longest {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(Some(names))
}

/// Removes a file; one that is not there is removed already.
pub(super) fn remove(path: &Path) -> Result<(), ImageError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(ImageError::io(path)),
    }
}
