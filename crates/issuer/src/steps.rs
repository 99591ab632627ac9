//! The steps of a certificate's life as types, each of which consumes the one before.
//!
//! A certificate cannot be signed without the log's promise:
//!
//! ```compile_fail
//! use lite_issuer::steps::{Issued, Precertificate};
//! fn skip_the_log(precertificate: Precertificate) -> Issued {
//!     precertificate.finish().unwrap() // Only a `Promised` can be finished.
//! }
//! ```
//!
//! nor can anything be signed before the intent to sign it is in the journal:
//!
//! ```compile_fail
//! use lite_issuer::steps::Prepared;
//! fn skip_the_journal(prepared: Prepared) {
//!     prepared.sign().unwrap(); // Only an `Intended` can be signed.
//! }
//! ```
//!
//! nor can a key be certified whose possession was not proven:
//!
//! ```compile_fail
//! use lite_issuer::Principal;
//! fn skip_the_proof(principal: Principal) {
//!     principal.prepare(unreachable!(), [0; 20], unreachable!()); // Only a `ProvenKey` can be prepared.
//! }
//! ```

mod possession;

use std::sync::Arc;

use lite_keys::{HashAlgorithm, PublicKey};
use lite_pki::hierarchy::IssuingCa;
use lite_pki::profile::{self, LeafSpec, ProfileError};
use lite_pki::{Sct, profile::LintError};
use lite_time::Time;

use crate::ports::{CtLog, CtLogError, Event, IssuanceJournal, JournalError};
use crate::principal::{EmbedError, Principal};

pub use lite_pki::profile::Issued;
pub use possession::{Evidence, PossessionError};

/// A principal and the key they have shown to hold.
#[derive(Debug)]
pub struct ProvenKey {
    principal: Principal,
    key: PublicKey,
}

/// Every byte of the certificate but the log's promise and the signature.
#[derive(Debug)]
pub struct Prepared {
    inner: profile::Prepared,
    subject: Subject,
}

/// What the journal says about a certificate.
#[derive(Debug)]
struct Subject {
    issuer: String,
    alt_name: String,
    key_sha256: Vec<u8>,
}

/// A prepared certificate whose intent is in the journal, durably.
#[derive(Debug)]
pub struct Intended(profile::Prepared);

/// A signed precertificate.
#[derive(Debug)]
pub struct Precertificate(profile::Precertificate);

/// A precertificate and the log's promise to publish it, verified.
#[derive(Debug)]
pub struct Logged {
    precertificate: profile::Precertificate,
    sct: Sct,
}

/// A logged precertificate whose promise, and the intent to sign the certificate, are in the journal.
#[derive(Debug)]
pub struct Promised(Logged);

/// Why a certificate was not prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// What the token says cannot be written into a certificate.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The certificate would break the profile by what the caller brought.
    #[error(transparent)]
    Lint(LintError),
    /// The certificate would break the profile by what we bring.
    #[error("certificate cannot be prepared")]
    Profile(#[source] ProfileError),
}

/// Why there is no promise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The log gave no SCT.
    #[error(transparent)]
    Log(#[from] CtLogError),
    /// The SCT is not the log's for this precertificate.
    #[error("SCT of the CT log does not verify")]
    Sct(#[source] lite_pki::sct::SctVerifyError),
}

impl ProvenKey {
    /// (5) Fixes every byte and checks it against the certificate profile, before anything is signed.
    pub fn prepare(
        self,
        ca: Arc<IssuingCa>,
        serial: [u8; 20],
        now: Time,
    ) -> Result<Prepared, PrepareError> {
        let names = self.principal.names()?.clone();
        let subject = Subject {
            issuer: self.principal.issuer().to_owned(),
            alt_name: names.alt_name.to_string(),
            key_sha256: HashAlgorithm::Sha256.digest(self.key.spki_der()),
        };
        let spec = LeafSpec {
            public_key: self.key,
            name: names.alt_name,
            extensions: names.extensions,
            serial,
            now,
        };
        let inner = profile::Prepared::new(ca, spec).map_err(|why| match why {
            ProfileError::Lint(
                lint @ (LintError::Name | LintError::NameNotAscii | LintError::TextTooLong),
            ) => PrepareError::Lint(lint),
            other => PrepareError::Profile(other),
        })?;
        Ok(Prepared { inner, subject })
    }
}

impl Prepared {
    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> [u8; 20] {
        self.inner.serial()
    }

    /// (6) Records the intent to sign.
    pub fn intend(self, journal: &dyn IssuanceJournal, at: Time) -> Result<Intended, JournalError> {
        journal.record(&Event::PrecertificateIntended {
            serial: &self.serial(),
            at,
            issuer: &self.subject.issuer,
            alt_name: &self.subject.alt_name,
            key_sha256: &self.subject.key_sha256,
        })?;
        Ok(Intended(self.inner))
    }
}

impl Intended {
    /// (6) Signs the precertificate.
    pub fn sign(self) -> Result<Precertificate, ProfileError> {
        self.0.precertificate().map(Precertificate)
    }
}

impl Precertificate {
    /// (7) Gets the log's promise, and believes it only if it verifies.
    pub fn submit(self, log: &dyn CtLog) -> Result<Logged, LogError> {
        let sct = log.submit(&self.0.submission())?;
        sct.verify(log.public_key(), self.0.entry()).map_err(LogError::Sct)?;
        Ok(Logged { precertificate: self.0, sct })
    }
}

impl Logged {
    /// (8) Records the promise, and the intent to sign the certificate.
    pub fn intend(
        self,
        journal: &dyn IssuanceJournal,
        serial: &[u8],
        at: Time,
    ) -> Result<Promised, JournalError> {
        let precertificate = self.precertificate.certificate().der();
        journal.record(&Event::CertificateIntended {
            serial,
            at,
            precertificate_sha256: &HashAlgorithm::Sha256.digest(precertificate),
            log_id: &self.sct.log_id,
            sct_timestamp: self.sct.timestamp,
        })?;
        Ok(Promised(self))
    }
}

impl Promised {
    /// (8) Signs the certificate, with the key that signed the precertificate.
    pub fn finish(self) -> Result<Issued, ProfileError> {
        self.0.precertificate.finish(self.0.sct)
    }
}
