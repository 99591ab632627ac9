//! The issuers' file.

use std::io;
use std::path::{Path, PathBuf};

use lite_issuer::{ConfigError, ConfigFile, Issuers};

/// The largest file that is read; the public instance's is a twentieth of it.
const MAX_BYTES: u64 = 1 << 20;

/// Why the issuers' file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuersFileError {
    /// A section is wrong.
    #[error("{0}")]
    Config(PathBuf, #[source] ConfigError),
    /// The file cannot be read.
    #[error("{0} cannot be read")]
    Io(PathBuf, #[source] io::Error),
    /// The file is larger than a configuration.
    #[error("{0} is larger than 1 MiB")]
    TooLarge(PathBuf),
    /// Neither JSON nor YAML of Fulcio's shape. The text is the parser's.
    #[error("{0} is neither JSON nor YAML with issuers: {1}")]
    Unreadable(PathBuf, String),
}

/// Reads and checks the file. JSON is tried first, as upstream does.
pub(crate) fn read(path: &Path) -> Result<Issuers, IssuersFileError> {
    let io = |why| IssuersFileError::Io(path.to_owned(), why);
    if path.metadata().map_err(io)?.len() > MAX_BYTES {
        return Err(IssuersFileError::TooLarge(path.to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    let file: ConfigFile = match serde_json::from_str(&text) {
        Ok(file) => file,
        Err(_) => serde_saphyr::from_str(&text)
            .map_err(|why| IssuersFileError::Unreadable(path.to_owned(), why.to_string()))?,
    };
    Issuers::new(&file).map_err(|why| IssuersFileError::Config(path.to_owned(), why))
}
