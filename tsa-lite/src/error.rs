//! Why an authority does not open.

use std::io;
use std::path::PathBuf;

use lite_keys::SigningKeyError;
use lite_pki::cert::CertificateError;
use lite_pki::hierarchy::AuthorityError;
use lite_pki::timestamp::TimestampAuthorityError;
use lite_store::LockError;

/// Why an authority does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is not one that clients could use.
    #[error("{0:?} is not an http or https URL")]
    Url(String),
    /// There must be a policy, and each must be an object identifier.
    #[error("{0:?} is not an object identifier of a policy")]
    Policy(String),
    /// Without years a certificate is born expired, with too many no client can read its end.
    #[error("a validity of {0} years is not between 1 and 100")]
    Validity(u32),
    /// Another process has the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file or folder cannot be read or written.
    #[error("{path} cannot be read or written")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The authority was published, and a part of it is gone.
    #[error("{0} is missing, but this authority has been published: restore it from a backup")]
    Missing(PathBuf),
    /// A key file holds no key.
    #[error("{path} is damaged")]
    Key {
        /// Which.
        path: PathBuf,
        /// In what way.
        #[source]
        source: SigningKeyError,
    },
    /// The chain's file holds no certificates.
    #[error("{path} is damaged")]
    Chain {
        /// Which.
        path: PathBuf,
        /// In what way.
        #[source]
        source: CertificateError,
    },
    /// A new authority cannot be made.
    #[error(transparent)]
    Create(#[from] AuthorityError),
    /// Key and chain are not an authority that clients accept now.
    #[error(transparent)]
    Authority(#[from] TimestampAuthorityError),
}
