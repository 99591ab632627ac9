//! Why a folder is not opened, and why a query is not answered.

use std::io;
use std::path::PathBuf;

use crate::index::Cause;
use crate::query::MAX_KEYS;

/// Why a folder cannot be searched in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process searches in this folder.
    #[error("{0} is in use by another process")]
    Held(PathBuf),
    /// The engine refuses to begin an index.
    #[error("{path} cannot be used as an index")]
    Index {
        /// The file or folder of the index.
        path: PathBuf,
        /// Why.
        #[source]
        source: Cause,
    },
    /// A file or folder cannot be read or written.
    #[error("{path} cannot be used: make the folder writable for this user")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Why a query is not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The index is damaged, and is being built again out of the log.
    #[error("index is damaged and is being rebuilt")]
    Damaged(#[source] Cause),
    /// The index could not be read.
    #[error("index is not readable now")]
    Index(#[source] Cause),
    /// Too many leaves have one of the keys and not the others.
    #[error("query is too broad: narrow its times, or ask for fewer keys at once")]
    TooBroad,
    /// More keys than a query may have.
    #[error("query has more than {MAX_KEYS} keys")]
    TooManyKeys,
}

impl SearchError {
    /// One word for logs and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "damaged",
            Self::Index(_) => "index",
            Self::TooBroad => "too_broad",
            Self::TooManyKeys => "too_many_keys",
        }
    }

    /// Whether the query is at fault, and not the index.
    #[must_use]
    pub const fn is_of_the_query(&self) -> bool {
        match self {
            Self::Damaged(_) | Self::Index(_) => false,
            Self::TooBroad | Self::TooManyKeys => true,
        }
    }
}
