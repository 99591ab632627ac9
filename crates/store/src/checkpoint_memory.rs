//! The newest promised checkpoint, remembered outside the log's folder.

use std::io;
use std::path::{Path, PathBuf};

use lite_sequencer::ports::{CheckpointMemory, StoreError};

use crate::durable;
use crate::tiles::store_error;

/// A file that holds the newest promised checkpoint: a folder that was restored from an older
/// backup is noticed by it.
pub(crate) struct FileMemory(PathBuf);

impl FileMemory {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

impl CheckpointMemory for FileMemory {
    fn remember(&self, checkpoint: &str) -> Result<(), StoreError> {
        durable::write(&self.0, checkpoint.as_bytes(), durable::PUBLIC).map_err(store_error)
    }
}

/// Reads a text file; `None` if there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
