//! What a client starts from: trusted root, signing config, both in one file; and the
//! [`Fragment`] that each server contributes to them.

mod client_config;
mod fragment;
mod signing_config;
mod trusted_root;

pub use client_config::ClientTrustConfig;
pub use fragment::{Fragment, LegacyTarget, RekorVersions, Services, TrustedLog};
pub use signing_config::{
    SelectError, Selector, Service, ServiceConfig, ServiceKind, SigningConfig,
};
pub use trusted_root::{
    CertChain, CertificateAuthority, DistinguishedName, LogId, LogKey, TransparencyLog,
    TrustedRoot, ValidityWindow, X509Certificate,
};

use crate::JsonError;

/// Longest trust document that is read.
pub const MAX_TRUST_BYTES: usize = 5 << 20;

/// Why a text is not the trust document it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Not JSON, or JSON of another shape.
    #[error("trust document does not parse: {0}")]
    Json(#[from] JsonError),
    /// `mediaType` is not the one that the stock clients accept.
    #[error("media type is not {expected}")]
    MediaType {
        /// The only accepted value.
        expected: &'static str,
    },
    /// Longer than [`MAX_TRUST_BYTES`].
    #[error("trust document is longer than 5 MiB")]
    TooLarge,
}

/// Reads one document within the limit; `check` holds its media types to the only ones accepted.
fn parse<'de, T: serde::Deserialize<'de>>(
    json: &'de [u8],
    check: impl FnOnce(&T) -> Result<(), TrustError>,
) -> Result<T, TrustError> {
    if json.len() > MAX_TRUST_BYTES {
        return Err(TrustError::TooLarge);
    }
    let document: T = serde_json::from_slice(json).map_err(JsonError::from)?;
    check(&document)?;
    Ok(document)
}

fn expect(media_type: &str, expected: &'static str) -> Result<(), TrustError> {
    if media_type == expected { Ok(()) } else { Err(TrustError::MediaType { expected }) }
}

/// Two-space indentation and a final newline: these files are read by people, too.
fn pretty<T: serde::Serialize>(document: &T) -> String {
    // Serialising a tree of strings and numbers into memory cannot fail.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}
