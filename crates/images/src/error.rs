//! Why an image could not be read or written, in words that a command can act on.

use std::path::PathBuf;

use http::StatusCode;
use lite_oci::{Digest, ManifestError};

use crate::archive::ArchiveError;
use crate::keychain::KeychainError;
use crate::layout::LayoutError;

/// Why an image could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// An archive that is refused.
    #[error("{} is not an image archive", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ArchiveError,
    },
    /// The registry knows who asks and does not allow it (403).
    #[error("{registry} does not allow this")]
    Denied {
        /// `HOST:PORT`.
        registry: String,
        /// What it said.
        #[source]
        source: Said,
    },
    /// Content is not what its digest says. It was not used.
    #[error("the content of {expected} has the digest {found}")]
    DigestMismatch {
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// The disk.
    #[error("cannot use {}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No credential could be had from where docker keeps them.
    #[error("the credential for {registry} cannot be had")]
    Keychain {
        /// `HOST:PORT`.
        registry: String,
        /// What is wrong.
        #[source]
        source: KeychainError,
    },
    /// A folder that is no OCI image layout, or a damaged one.
    #[error("{} is not an OCI image layout", path.display())]
    Layout {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: LayoutError,
    },
    /// Bytes that should be a manifest.
    #[error("{name} has no manifest that can be read")]
    Manifest {
        /// What it was asked for as.
        name: String,
        /// What is wrong with it.
        #[source]
        source: ManifestError,
    },
    /// No such repository, manifest or blob.
    #[error("{name} does not exist")]
    NotFound {
        /// What was asked for.
        name: String,
    },
    /// The registry speaks plain HTTP, which nobody allowed.
    #[error("{registry} speaks plain HTTP only")]
    PlainHttp {
        /// `HOST:PORT`.
        registry: String,
    },
    /// An answer that the distribution specification does not know.
    #[error("{registry} answers against the protocol: {what}")]
    Protocol {
        /// `HOST:PORT`.
        registry: String,
        /// Which rule it breaks.
        what: Breach,
    },
    /// The registry's own fault, or a refusal of what was sent.
    #[error("{registry} refuses with status {status}")]
    Server {
        /// `HOST:PORT`.
        registry: String,
        /// The HTTP status.
        status: StatusCode,
        /// What it said.
        #[source]
        source: Said,
    },
    /// A certificate authority, a client certificate or a name that cannot be used.
    #[error("the client for {registry} cannot be set up")]
    Setup {
        /// `HOST:PORT`.
        registry: String,
        /// What the library said.
        #[source]
        source: reqwest::Error,
    },
    /// The content is not as long as its descriptor says.
    #[error("the content of {digest} is not {expected} bytes long")]
    SizeMismatch {
        /// What was asked for.
        digest: Digest,
        /// Its length in bytes, as its descriptor has it.
        expected: u64,
    },
    /// The registry's certificate is not trusted, or there is no TLS to be had with it.
    #[error("no trusted TLS with {registry}")]
    Tls {
        /// `HOST:PORT`.
        registry: String,
        /// What the library said.
        #[source]
        source: reqwest::Error,
    },
    /// More bytes than allowed.
    #[error("{name} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        name: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The registry wants to know who asks, and did not believe what it was told (401).
    #[error("{registry} does not accept who asks")]
    Unauthorized {
        /// `HOST:PORT`.
        registry: String,
        /// Whether a credential was there to be sent.
        had_credential: bool,
        /// What it said.
        #[source]
        source: Said,
    },
    /// Nobody listens, the name is unknown, or nothing came for too long.
    #[error("{registry} does not answer")]
    Unreachable {
        /// `HOST:PORT`.
        registry: String,
        /// What the library said.
        #[source]
        source: reqwest::Error,
    },
    /// The registry, or the folder, is read-only or cannot do this (405).
    #[error("{registry} does not support this")]
    Unsupported {
        /// `HOST:PORT`, or the folder.
        registry: String,
    },
}

impl ImageError {
    /// Closes over the path of a failed file operation.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// What a registry answered against the distribution specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// An upload was begun, and its place is not named.
    #[error("an upload has no Location")]
    Location,
    /// A list that is not JSON of its shape.
    #[error("a list is not JSON of the expected shape")]
    List,
    /// A list whose pages do not end.
    #[error("a list has too many pages")]
    Pages,
    /// A challenge without a place to get a token, or one in the clear.
    #[error("its token service cannot be used safely")]
    TokenService,
    /// A token answer without a token.
    #[error("its token service hands out no token")]
    Token,
}

/// What a registry said when it refused: the first error of its JSON, or the beginning of its
/// text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// `MANIFEST_UNKNOWN`, `DENIED`, …; empty where the answer has none.
    pub code: String,
    /// For people; empty where the answer has none.
    pub message: String,
}

impl std::error::Error for Said {}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", "") => f.write_str("it gave no reason"),
            ("", message) => f.write_str(message),
            (code, "") => f.write_str(code),
            (code, message) => write!(f, "{code}: {message}"),
        }
    }
}
