//! The certificates that Fulcio issues: prepared, poisoned for the log, then with the log's answer.
//!
//! ```text
//! Prepared --precertificate--> Precertificate --certificate(SCT)--> Issued
//! ```
//!
//! Each step consumes the one before, so a certificate without an SCT cannot be written down. The
//! profile is fulcio:docs/certificate-specification.md with the order of extensions that Fulcio
//! emits; `lint` holds its MUSTs.

use std::sync::Arc;
use std::time::Duration;

use lite_keys::{PublicKey, SignError};
use lite_time::Time;

use crate::algorithm::signature_identifier;
use crate::asn1;
use crate::cert::{Certificate, CertificateError};
use crate::extensions::FulcioExtensions;
use crate::hierarchy::IssuingCa;
use crate::name::AltName;
use crate::oid;
use crate::sct::{CtEntry, EntryError, Sct, SctList, poison_extension};
use crate::tbs::{self, Tbs};

mod lint;

pub use lint::{LintError, lint};

/// How long a leaf is valid.
pub const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The most text in one name or extension. CI claims are far below it.
pub const MAX_TEXT: usize = 8 * 1024;

/// Who a certificate is for, all of it proven by the caller before.
#[derive(Clone, Debug)]
pub struct LeafSpec {
    /// The key whose possession was proven.
    pub public_key: PublicKey,
    /// The principal's name.
    pub name: AltName,
    /// What the token said beside the name; `.1` and `.8` among it.
    pub extensions: FulcioExtensions,
    /// 20 random bytes.
    pub serial: [u8; 20],
    /// The time of issuance; the window begins at this second.
    pub now: Time,
}

/// A certificate that is complete but for the log's answer, and passed the lint.
#[derive(Debug)]
pub struct Prepared {
    ca: Arc<IssuingCa>,
    spec: LeafSpec,
}

/// A signed precertificate, to be submitted to a CT log.
#[derive(Debug)]
pub struct Precertificate {
    prepared: Prepared,
    certificate: Certificate,
    entry: CtEntry,
}

/// A certificate with its SCT, and the chain above it.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The leaf.
    pub certificate: Certificate,
    /// The chain above it: issuing CA first, root last.
    pub chain: Vec<Certificate>,
}

/// Why a certificate was not issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The certificate would break a MUST of the profile.
    #[error(transparent)]
    Lint(#[from] LintError),
    /// Our own certificate cannot be read back.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Our own certificate has no CT entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The SCT is too long for a certificate.
    #[error("the SCT is too long for a certificate")]
    SctTooLong,
    /// Precertificate and certificate differ in more than poison and SCT list.
    #[error("the certificate is not the one that was logged")]
    NotWhatWasLogged,
    /// The CA's key cannot sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Prepared {
    /// Fixes every byte of the certificate to be, and checks the profile before anything is signed.
    pub fn new(ca: Arc<IssuingCa>, spec: LeafSpec) -> Result<Self, ProfileError> {
        lint::lint_spec(&spec)?;
        let prepared = Self { ca, spec };
        // The lint reads the bytes as a client would, so they need the shape of a certificate; the
        // signature is still empty.
        let tbs = prepared.tbs(poison_extension());
        let algorithm = signature_identifier(prepared.ca.key().kind());
        let unsigned = Certificate::from_der(&tbs::assemble(&tbs, &algorithm, &[]))?;
        lint(&unsigned, prepared.ca.certificate())?;
        Ok(prepared)
    }

    /// The CA that will sign.
    #[must_use]
    pub fn ca(&self) -> &Arc<IssuingCa> {
        &self.ca
    }

    /// The serial number as the certificate will have it.
    #[must_use]
    pub fn serial(&self) -> [u8; 20] {
        tbs::serial(self.spec.serial)
    }

    /// Signs the certificate with the poison in the place of the SCT list.
    pub fn precertificate(self) -> Result<Precertificate, ProfileError> {
        let certificate = self.signed(poison_extension())?;
        let entry = CtEntry::of_precertificate(&certificate, self.ca.certificate())?;
        Ok(Precertificate { prepared: self, certificate, entry })
    }

    fn signed(&self, last_extension: Vec<u8>) -> Result<Certificate, ProfileError> {
        let tbs = self.tbs(last_extension);
        Ok(Certificate::from_der(&tbs::sign(&tbs, self.ca.key())?)?)
    }

    fn tbs(&self, last_extension: Vec<u8>) -> Vec<u8> {
        const EMPTY_NAME: [u8; 2] = [asn1::SEQUENCE, 0];
        let issuer = self.ca.certificate();
        let not_before = self.spec.now.floor_to_second();
        let mut extensions = self.extensions(issuer);
        extensions.push(last_extension);
        Tbs {
            serial: &self.serial(),
            algorithm: &signature_identifier(self.ca.key().kind()),
            issuer: issuer.subject_der(),
            not_before,
            not_after: not_before.plus(LIFETIME),
            subject: &EMPTY_NAME,
            spki: self.spec.public_key.spki_der(),
            extensions: &extensions,
        }
        .encode()
    }

    /// The extensions in Fulcio's order, without the last.
    fn extensions(&self, issuer: &Certificate) -> Vec<Vec<u8>> {
        let spki = self.spec.public_key.spki_der();
        let issuer_id = issuer.subject_key_id().unwrap_or_default(); // `IssuingCa` has one.
        let mut extensions = vec![
            tbs::key_usage(tbs::DIGITAL_SIGNATURE),
            tbs::extended_key_usage(&oid::CODE_SIGNING, false),
            tbs::subject_key_id(&tbs::key_identifier(spki)),
            tbs::authority_key_id(issuer_id),
            // RFC 5280, Section 4.2.1.6: critical, because the subject is empty.
            asn1::extension(
                &oid::SUBJECT_ALT_NAME,
                true,
                &asn1::sequence(&[&self.spec.name.to_der()]),
            ),
        ];
        extensions.extend(self.spec.extensions.iter().map(|(extension, text)| {
            asn1::extension(&extension.oid(), false, &extension.encode(text))
        }));
        extensions
    }
}

impl Precertificate {
    /// The precertificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What is submitted to `add-pre-chain`: precertificate, issuing CA, …, root.
    #[must_use]
    pub fn submission(&self) -> Vec<Certificate> {
        std::iter::once(&self.certificate).chain(self.prepared.ca.chain()).cloned().collect()
    }

    /// What the log will log, and its SCT signs.
    #[must_use]
    pub fn entry(&self) -> &CtEntry {
        &self.entry
    }

    /// Signs the certificate with the log's answer, with the key that signed the precertificate.
    ///
    /// Whether the SCT is a true promise of a known log is the caller's to check with [`Sct::verify`]
    /// and [`Precertificate::entry`], before.
    pub fn finish(self, sct: Sct) -> Result<Issued, ProfileError> {
        // Exactly one: sigstore-python and sigstore-rust refuse any other number.
        self.finish_with(&SctList(vec![sct]))
    }

    /// The same with the answers of several logs, or of none, as CAs other than ours embed them.
    pub fn finish_with(self, scts: &SctList) -> Result<Issued, ProfileError> {
        let list = scts.to_extension().ok_or(ProfileError::SctTooLong)?;
        let certificate = self.prepared.signed(list)?;
        let entry = CtEntry::of_certificate(&certificate, self.prepared.ca.certificate())?;
        if entry != self.entry {
            return Err(ProfileError::NotWhatWasLogged);
        }
        Ok(Issued { certificate, chain: self.prepared.ca.chain().to_vec() })
    }
}

impl Issued {
    /// The leaf and the chain above it, root last.
    #[must_use]
    pub fn full_chain(&self) -> Vec<Certificate> {
        std::iter::once(&self.certificate).chain(&self.chain).cloned().collect()
    }
}
