//! A server's private key in a file: PKCS#8 in PEM, for its owner only.
//!
//! Whether a key may be made where there is none is the server's question, and so are the words of
//! its refusal: a log or an authority that was there before never goes on under another key.

use std::fs;
use std::io;
use std::path::Path;

use lite_keys::{KeyKind, SigningKey, SigningKeyError};
use zeroize::Zeroizing;

use crate::durable;

/// The largest key file that is read: RSA with 4096 bits has about 3,300 bytes.
const MAX_BYTES: u64 = 64 << 10;

/// Why there is a file and no key. These two are all: whoever opens a folder says more.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file does not hold a key.
    #[error("not a private key in PEM")]
    Content(#[source] SigningKeyError),
    /// The file cannot be read.
    #[error("not readable")]
    Io(#[source] io::Error),
}

/// Reads the key; `None` where there is no file.
pub fn read(path: &Path) -> Result<Option<SigningKey>, KeyFileError> {
    let pem = match read_text(path) {
        Ok(pem) => pem,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeyFileError::Io(error)),
    };
    SigningKey::from_pkcs8_pem(&pem).map(Some).map_err(KeyFileError::Content)
}

/// Writes the key, durably, with mode 0600 from the first moment on.
pub fn write(path: &Path, key: &SigningKey) -> io::Result<()> {
    durable::write(path, key.to_pkcs8_pem().as_bytes(), durable::PRIVATE)
}

/// Makes a key and writes it.
pub fn make(path: &Path, kind: KeyKind) -> io::Result<SigningKey> {
    let key = SigningKey::generate(kind);
    write(path, &key)?;
    Ok(key)
}

fn read_text(path: &Path) -> io::Result<Zeroizing<String>> {
    if fs::metadata(path)?.len() > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    fs::read_to_string(path).map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_comes_back_and_is_its_owner_s_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        assert!(read(&path).unwrap().is_none());
        let key = make(&path, KeyKind::EcdsaP256).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().public(), key.public());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_holds_no_key_is_told_from_what_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        durable::write(&path, b"no key", durable::PRIVATE).unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Content(_))));
        durable::write(&path, &vec![b'-'; (64 << 10) + 1], durable::PRIVATE).unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Io(_))));
        assert!(matches!(read(dir.path()), Err(KeyFileError::Io(_))));
    }
}
