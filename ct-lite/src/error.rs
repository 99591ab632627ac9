//! What can go wrong, by the state it leaves behind.

use std::io;
use std::path::PathBuf;

use lite_keys::SignError;
use lite_pki::cert::CertificateError;
use lite_store::{AppendError, LockError, ReadError};

use crate::acceptance::Refusal;

/// Why the log does not start. A log that was there before is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The first leaf, whose time is the start of the key's validity, is not readable.
    #[error("the first leaf of the log is not readable")]
    FirstLeaf(#[source] ReadError),
    /// A file or folder cannot be read or written.
    #[error("{path} cannot be used")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// There is a log, and its key is gone.
    #[error("the key {0} is missing from a log that had it; put it back")]
    KeyMissing(PathBuf),
    /// A file is not the private key of a CT log. sigstore-go and cosign know no other kind.
    #[error("{0} is not an ECDSA P-256 private key (PKCS#8, PEM)")]
    KeyUnusable(PathBuf),
    /// Another process has the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The engine refuses the folder.
    #[error("the log cannot be opened")]
    Log(#[from] lite_store::OpenError),
    /// A log that accepts no chain can only be a mistake.
    #[error("no root certificate is configured: set root_files or roots_pem")]
    NoRoots,
    /// A configured root is not a certificate.
    #[error("{from} is not a list of certificates in PEM")]
    Root {
        /// Where it came from.
        from: String,
        /// Why not.
        #[source]
        source: CertificateError,
    },
    /// The URL has no scheme or cannot be a log's name.
    #[error("{0:?} is not the http(s) URL of a log")]
    Url(String),
}

/// Why a submission got no SCT.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The log takes no leaf now. Whether it has this one is in the word.
    #[error("the log did not take the leaf")]
    Append(#[from] AppendError),
    /// The certificates above the leaf are not durable; the leaf is not in the log.
    #[error("the issuing certificates are not durable")]
    Issuers(#[source] io::Error),
    /// The submission is not acceptable; nothing of it is in the log.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The leaf is in the log; submitted again, it gets its SCT.
    #[error("the SCT could not be signed")]
    Sign(#[from] SignError),
    /// The leaf was there before, and is not one of ours any more.
    #[error("the existing leaf is damaged")]
    Unreadable,
}
