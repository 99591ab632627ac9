//! The log's key: made once, kept in the log's own folder, readable by its owner only.

use std::io;
use std::path::{Path, PathBuf};

use lite_keys::{KeyKind, SigningKey, SigningKeyError};
use lite_store::key_file;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file does not hold a key.
    #[error("{path} does not hold a signing key")]
    Content {
        /// The key file.
        path: PathBuf,
        /// Why.
        #[source]
        source: SigningKeyError,
    },
    /// The file cannot be read or written.
    #[error("{path} is not accessible")]
    Io {
        /// The key file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The key is of another kind than the configuration says.
    #[error(
        "{path} holds a key of kind {found}, the configuration says {expected}: a log keeps its key"
    )]
    Kind {
        /// The key file.
        path: PathBuf,
        /// The kind in the configuration.
        expected: KeyKind,
        /// The kind in the file.
        found: KeyKind,
    },
    /// The log is there, and its key is not.
    #[error("{0} is missing: put the log's key back, a log cannot go on under another")]
    Missing(PathBuf),
}

/// Reads the key, or makes it where `create` says so.
pub(crate) fn load_or_create(
    path: &Path,
    kind: KeyKind,
    create: bool,
) -> Result<SigningKey, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let key = match key_file::read(path) {
        Ok(Some(key)) => key,
        Ok(None) if create => key_file::make(path, kind).map_err(failed)?,
        Ok(None) => return Err(KeyFileError::Missing(path.to_owned())),
        Err(key_file::KeyFileError::Content(source)) => {
            return Err(KeyFileError::Content { path: path.to_owned(), source });
        }
        Err(key_file::KeyFileError::Io(source)) => return Err(failed(source)),
    };
    if key.kind() != kind {
        return Err(KeyFileError::Kind {
            path: path.to_owned(),
            expected: kind,
            found: key.kind(),
        });
    }
    Ok(key)
}
