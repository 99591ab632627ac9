//! What can go wrong, by the state it leaves behind.

use std::io;
use std::path::PathBuf;

use lite_store::LockError;
use lite_tuf::{ReadError, RenewError};

/// Why the trust root cannot start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The files of the repository do not belong together.
    #[error("{path} is not what this repository wrote last; restore the folder from a backup")]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ReadError,
    },
    /// There is no `timestamp.json`, but there are later versions: going on would roll clients back.
    #[error("{0} is missing from a repository that had it; restore the folder from a backup")]
    Incomplete(PathBuf),
    /// A key that the repository needs is not there.
    #[error("the key {0} is missing; put it back, or remove the whole folder to start anew")]
    KeyMissing(PathBuf),
    /// A file is not a private key for TUF metadata.
    #[error("{0} is not an ECDSA P-256 private key (PKCS#8, PEM)")]
    KeyUnusable(PathBuf),
    /// Another process has the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file or folder cannot be read or written.
    #[error("{path} cannot be used")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The first update of this start was not possible.
    #[error("the trust root cannot be brought up to date")]
    Update(#[from] UpdateError),
}

/// Why clients go on seeing what they saw before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The server was closed, and the folder may be another process's.
    #[error("the trust root is closed")]
    Closed,
    /// The fragments do not make documents.
    #[error("the fragments do not make trust documents")]
    Documents(#[from] DocumentError),
    /// An earlier write ended in an unknown state; starting again looks at the disk.
    #[error("an earlier write is uncertain; start again")]
    Stopped,
    /// New metadata cannot be signed.
    #[error("new metadata cannot be signed")]
    Sign(#[from] RenewError),
    /// A file could not be made durable. Nothing more is written until the next start.
    #[error("{path} is not durable")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

/// Why fragments do not make documents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// A legacy target's name is not a plain file name, or is that of another document.
    #[error("{0:?} is not a name for a target file")]
    Name(String),
    /// A document is larger than a target may be.
    #[error("the document {0} is larger than 1 MiB")]
    TooLarge(String),
}
