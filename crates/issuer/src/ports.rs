//! What the issuing of certificates needs from the world.

use std::sync::Arc;

use lite_identity::{Algorithm, KeySet};
use lite_keys::PublicKey;
use lite_pki::hierarchy::IssuingCa;
use lite_pki::{Certificate, Sct};
use lite_time::Time;

use crate::config::Issuer;

/// The keys of the token issuers.
///
/// *Trusted*: whoever controls the answer can name any principal of that issuer. It is asked only about
/// issuers that are configured.
pub trait KeySource: Send + Sync {
    /// The keys of `issuer`, among them one with `key_id` if the issuer has one by now.
    fn keys(&self, issuer: &Issuer, key_id: Option<&str>) -> Result<IssuerKeys, KeySourceError>;
}

/// What an issuer signs its tokens with.
#[derive(Clone, Debug)]
pub struct IssuerKeys {
    /// Its public keys.
    pub keys: Arc<KeySet>,
    /// The algorithms its tokens may use.
    pub algorithms: Arc<[Algorithm]>,
}

/// Why there are no keys of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySourceError {
    /// It did not answer, or not with a discovery document and a key set.
    #[error("keys of the token issuer are not available")]
    Unavailable,
}

/// The key that signs certificates, with its chain.
///
/// *Trusted*: whoever controls it is the certificate authority.
pub trait Signer: Send + Sync {
    /// The authority in service now. A certificate is finished by the one that began it, so this may
    /// change between two certificates and not within one.
    fn current(&self) -> Arc<IssuingCa>;
}

impl Signer for Arc<IssuingCa> {
    fn current(&self) -> Arc<IssuingCa> {
        Self::clone(self)
    }
}

/// The CT log that promises to publish each certificate.
///
/// *Not* trusted to answer: its SCT is verified with [`CtLog::public_key`], which is configured.
pub trait CtLog: Send + Sync {
    /// Submits a precertificate, its issuing CA, …, its root (`add-pre-chain`).
    fn submit(&self, chain: &[Certificate]) -> Result<Sct, CtLogError>;
    /// The key its SCTs verify with.
    fn public_key(&self) -> &PublicKey;
}

/// Why there is no SCT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CtLogError {
    /// The answer is not that of a CT log.
    #[error("CT log answered something that is not an SCT")]
    Malformed,
    /// The log refused this certificate.
    #[error("CT log refused the precertificate")]
    Refused,
    /// The log did not answer, or asks to be left alone for a while.
    #[error("CT log is not available")]
    Unavailable,
}

/// What was about to be signed, and what was signed.
///
/// *Not* trusted for issuing: it is written and never read here. It is what an auditor compares with the
/// CT log.
pub trait IssuanceJournal: Send + Sync {
    /// Records an event. A [`Event::PrecertificateIntended`] is durable on return; the others follow in
    /// order, at the latest with the next one that is.
    fn record(&self, event: &Event<'_>) -> Result<(), JournalError>;
}

/// One line of the journal. No part of a token is in it but the names that a certificate makes public.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// (6) A precertificate is about to be signed.
    PrecertificateIntended {
        /// Its serial number.
        serial: &'a [u8],
        /// When.
        at: Time,
        /// The issuer of the token.
        issuer: &'a str,
        /// The subject alternative name.
        alt_name: &'a str,
        /// SHA-256 of the client's `SubjectPublicKeyInfo`.
        key_sha256: &'a [u8],
    },
    /// (8) The log has promised, and the certificate is about to be signed.
    CertificateIntended {
        /// Its serial number.
        serial: &'a [u8],
        /// When.
        at: Time,
        /// SHA-256 of the precertificate.
        precertificate_sha256: &'a [u8],
        /// The log's ID.
        log_id: &'a [u8],
        /// The SCT's time in milliseconds.
        sct_timestamp: u64,
    },
    /// (9) The certificate is signed.
    Issued {
        /// Its serial number.
        serial: &'a [u8],
        /// When.
        at: Time,
        /// SHA-256 of the certificate.
        certificate_sha256: &'a [u8],
    },
    /// The intent came to nothing.
    Abandoned {
        /// The serial number of the intent.
        serial: &'a [u8],
        /// When.
        at: Time,
        /// The word of the error.
        why: &'static str,
    },
}

/// The journal cannot be written. Nothing is signed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("issuance journal cannot be written")]
pub struct JournalError;

/// Serial numbers come from here.
///
/// *Trusted* to be unpredictable: 159 unknown bits in each certificate are what makes a collision of its
/// hash useless.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}
