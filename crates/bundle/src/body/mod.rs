//! Canonical bodies: the JSON that *is* a leaf of a signature log, by kind and version.

mod hashedrekord;
mod v1;

pub use hashedrekord::{EntryVerifier, HashedRekord002, MAX_LEAF_BYTES};
pub use v1::{Dsse001, HashedRekord001, Intoto002, V1Signature};

use crate::JsonError;

/// An entry, read from its leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// `dsse` 0.0.1 of Rekor v1.
    Dsse001(Dsse001),
    /// `hashedrekord` 0.0.1 of Rekor v1.
    HashedRekord001(HashedRekord001),
    /// `hashedrekord` 0.0.2 of Rekor v2.
    HashedRekord002(HashedRekord002),
    /// `intoto` 0.0.2 of Rekor v1.
    Intoto002(Intoto002),
}

/// Why a leaf is not the entry it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// A digest, a signature or a certificate is not base64 or hex of the right length.
    #[error("{0} of the entry is not readable")]
    Encoding(&'static str),
    /// Not JSON, or JSON of another shape.
    #[error("entry does not parse: {0}")]
    Json(#[from] JsonError),
    /// The leaf says another kind or version than the bundle.
    #[error("entry is of another kind than the bundle says")]
    KindMismatch,
    /// The leaf is not the canonical JSON of what it says.
    #[error("entry is not in canonical form")]
    NotCanonical,
    /// A kind or version that we do not read.
    #[error("entry is of an unknown kind or version")]
    UnknownKind,
}

impl Body {
    /// Reads a leaf that a bundle says is of this kind and version.
    pub fn parse(kind: &str, version: &str, leaf: &[u8]) -> Result<Self, BodyError> {
        match (kind, version) {
            ("hashedrekord", "0.0.2") => HashedRekord002::parse(leaf).map(Self::HashedRekord002),
            ("hashedrekord", "0.0.1") => HashedRekord001::parse(leaf).map(Self::HashedRekord001),
            ("dsse", "0.0.1") => Dsse001::parse(leaf).map(Self::Dsse001),
            ("intoto", "0.0.2") => Intoto002::parse(leaf).map(Self::Intoto002),
            _ => Err(BodyError::UnknownKind),
        }
    }
}
