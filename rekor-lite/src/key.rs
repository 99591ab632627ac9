//! The log's key: made once, kept in the log's own folder, readable by its owner only.

use std::io;
use std::path::{Path, PathBuf};

use lite_keys::{KeyKind, SigningKey, SigningKeyError};
use lite_store::durable;
use zeroize::Zeroizing;

/// The largest key file that is read: a PKCS#8 key of ours has about 250 bytes.
const MAX_KEY_BYTES: u64 = 64 << 10;

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
    let key = match read(path) {
        Ok(pem) => SigningKey::from_pkcs8_pem(&pem)
            .map_err(|source| KeyFileError::Content { path: path.to_owned(), source })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && create => {
            let key = SigningKey::generate(kind);
            durable::write(path, key.to_pkcs8_pem().as_bytes(), durable::PRIVATE)
                .map_err(failed)?;
            key
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyFileError::Missing(path.to_owned()));
        }
        Err(error) => return Err(failed(error)),
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

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    if std::fs::metadata(path)?.len() > MAX_KEY_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    std::fs::read_to_string(path).map(Zeroizing::new)
}
