//! The CT log's public key, from a file.

use std::io;
use std::path::{Path, PathBuf};

use lite_bundle::trust::Fragment;
use lite_keys::{KeyError, PublicKey};

/// Why a file does not hold a CT log's key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum KeyFileError {
    /// The file cannot be read.
    #[error("{0} cannot be read")]
    Io(PathBuf, #[source] io::Error),
    /// The key cannot be read.
    #[error("{0} does not hold a public key")]
    Key(PathBuf, #[source] KeyError),
    /// JSON, and not a fragment with exactly one CT log.
    #[error("{0} is not a fragment of trust material with one CT log")]
    Fragment(PathBuf),
}

/// Reads PEM, or the fragment that a `ct-lite` publishes.
pub(crate) fn read_key(path: &Path) -> Result<PublicKey, KeyFileError> {
    let text =
        std::fs::read_to_string(path).map_err(|why| KeyFileError::Io(path.to_owned(), why))?;
    let key = if text.trim_start().starts_with('{') {
        let fragment = Fragment::parse(text.as_bytes())
            .map_err(|_| KeyFileError::Fragment(path.to_owned()))?;
        let [log] = fragment.ctlogs.as_slice() else {
            return Err(KeyFileError::Fragment(path.to_owned()));
        };
        PublicKey::from_spki_der(&log.public_key.raw_bytes)
    } else {
        PublicKey::from_pem(&text)
    };
    key.map_err(|why| KeyFileError::Key(path.to_owned(), why))
}
