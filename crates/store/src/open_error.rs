//! Why a log does not start, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use lite_sequencer::ports::Cause;
use lite_sequencer::{AppendError, PublishError, RecoverError, SequenceError};

use crate::{JournalError, LockError};

/// Why a log does not start. Except in the last three cases, nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// `log.json` says that the folder is another log's.
    #[error(
        "{dir} is the log of {recorded}, not of {given}: give it its own name, or another folder"
    )]
    AnotherOrigin {
        /// The folder.
        dir: PathBuf,
        /// The origin of the folder.
        recorded: String,
        /// The origin of the signer.
        given: String,
    },
    /// `log.json` says that the folder is another key's.
    #[error(
        "{dir} is the log of another key (log ID {recorded}, not {given}): give it its own key, or another folder"
    )]
    AnotherKey {
        /// The folder.
        dir: PathBuf,
        /// The log ID of the folder.
        recorded: String,
        /// The log ID of the signer.
        given: String,
    },
    /// `log.json` is gone, and other parts of a log are there.
    #[error("{0} has parts of a log, and no log.json: restore the whole folder from a copy")]
    IdentityMissing(PathBuf),
    /// The journal is not usable.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another process runs the log, or the folder cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is no log here.
    #[error("{0} has no log: create one, or give the folder of one")]
    Missing(PathBuf),
    /// What was promised is not what is stored.
    #[error("the log in {dir} does not start: {source}; {hint}")]
    Refused {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: RecoverError,
        /// What to do.
        hint: &'static str,
    },
    /// A file cannot be read or written.
    #[error("{path} is not usable: make it readable and writable for this user")]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The index can be neither opened nor begun again. The log is untouched.
    #[error("index {path} is not usable: remove it, it will be rebuilt")]
    Index {
        /// The index's folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The log is intact, and what it promised could not be published.
    #[error("log is not published")]
    Publish(#[from] PublishError),
    /// The first leaf of a new log is not acceptable. The log is not created.
    #[error("first leaf of a new log is refused")]
    Seed(#[source] AppendError),
    /// The first leaf of a new log is not sequenced. The log is not created.
    #[error("first leaf of a new log is not sequenced")]
    SeedNotSequenced(#[from] SequenceError),
}

impl OpenError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }

    pub(crate) fn refused(dir: &Path, source: RecoverError) -> Self {
        let hint = match &source {
            RecoverError::Rollback { .. } => {
                "restore the newest copy of the folder: going on from an older one would fork the log"
            }
            RecoverError::SplitView { .. } => {
                "the folder and the promise are of different logs: restore the right one"
            }
            RecoverError::PromiseDamaged { .. } => {
                "restore that checkpoint from a copy, or remove it if you are sure of the journal"
            }
            _ => "restore the folder from a copy",
        };
        Self::Refused { dir: dir.to_path_buf(), source, hint }
    }
}
