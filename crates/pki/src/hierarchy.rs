//! Authorities: a root, and below it what works every day.
//!
//! ```text
//! code signing     root (CA, path length 1)  ->  intermediate (CA, path length 0, EKU codeSigning)
//! time stamping    root (CA, path length 0)  ->  leaf (EKU timeStamping, critical, alone)
//! ```
//!
//! fulcio:docs/certificate-specification.md for the first; RFC 3161, Section 2.3 for the second.

use std::sync::Arc;
use std::time::Duration;

use lite_keys::{HashAlgorithm, KeyKind, SignError, SigningKey};
use lite_time::Time;

use crate::algorithm::signature_identifier;
use crate::cert::{Certificate, CertificateError};
use crate::chain::{self, ChainError, Purpose};
use crate::name::AuthorityName;
use crate::oid;
use crate::tbs::{self, Tbs};

/// A new authority: the root, whose key may go offline, and the certificate below it.
#[derive(Debug)]
pub struct Authority {
    /// Signs once, at creation.
    pub root_key: SigningKey,
    /// The trust anchor.
    pub root: Certificate,
    /// The key of daily work.
    pub key: SigningKey,
    /// The intermediate CA, respectively the timestamp authority's leaf.
    pub certificate: Certificate,
}

/// What an authority is made from.
#[derive(Clone, Debug)]
pub struct AuthoritySpec {
    /// Code signing makes an intermediate CA, time stamping a leaf.
    pub purpose: Purpose,
    /// `O` and `CN` of the root.
    pub root_name: AuthorityName,
    /// `O` and `CN` of the certificate below it.
    pub name: AuthorityName,
    /// P-256 or P-384: sigstore-python refuses an Ed25519 authority, sigstore-js knows only ECDSA
    /// timestamps.
    pub key_kind: KeyKind,
    /// The first second of validity.
    pub not_before: Time,
    /// How long both certificates are valid. Old verifiers check a timestamp's chain at the present
    /// time, so this is years.
    pub lifetime: Duration,
}

/// A certificate authority at work: its key and its chain, issuing certificate first, root last.
#[derive(Debug)]
pub struct IssuingCa {
    key: SigningKey,
    chain: Vec<Certificate>,
}

/// Why a key and certificates are not an authority.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// No stock client accepts this kind of key for an authority.
    #[error("an authority cannot have a key of kind {0}")]
    KeyKind(KeyKind),
    /// Fulcio's profile: `O` and `CN` are not empty.
    #[error("an authority needs an organization and a common name")]
    EmptyName,
    /// A chain has at least the certificate and its root.
    #[error("the chain has fewer than two certificates")]
    ShortChain,
    /// The key is not the first certificate's.
    #[error("the key is not the key of the chain's first certificate")]
    KeyMismatch,
    /// What issues leaves must be a CA.
    #[error("the chain's first certificate is not a CA for code signing")]
    NotAnIssuer,
    /// Leaves point at the issuing CA by its key identifier.
    #[error("the issuing CA has no subject key identifier")]
    NoKeyIdentifier,
    /// The certificates do not chain.
    #[error("the chain does not lead to its root: {0}")]
    Chain(#[from] ChainError),
    /// A certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The key cannot sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Authority {
    /// Makes the keys and the two certificates.
    pub fn create(spec: &AuthoritySpec) -> Result<Self, AuthorityError> {
        if !matches!(spec.key_kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384) {
            return Err(AuthorityError::KeyKind(spec.key_kind));
        }
        for name in [&spec.root_name, &spec.name] {
            if name.organization.is_empty() || name.common_name.is_empty() {
                return Err(AuthorityError::EmptyName);
            }
        }
        let root_key = SigningKey::generate(spec.key_kind);
        let key = SigningKey::generate(spec.key_kind);
        let root = certify(
            spec,
            &spec.root_name,
            &root_key,
            &root_key,
            &root_extensions(spec, &root_key),
        )?;
        let certificate =
            certify(spec, &spec.name, &key, &root_key, &extensions(spec, &key, &root_key))?;
        Ok(Self { root_key, root, key, certificate })
    }

    /// The chain as clients get it: leaf-most first, root last.
    #[must_use]
    pub fn chain(&self) -> Vec<Certificate> {
        vec![self.certificate.clone(), self.root.clone()]
    }
}

impl IssuingCa {
    /// Takes a key and its chain into service, checked as Fulcio checks them at its start: the
    /// chain leads to its last certificate at `at`, and the first is a CA with this key.
    pub fn new(
        key: SigningKey,
        chain: Vec<Certificate>,
        at: Time,
    ) -> Result<Arc<Self>, AuthorityError> {
        let [issuing, .., root] = chain.as_slice() else {
            return Err(AuthorityError::ShortChain);
        };
        if issuing.spki_der() != key.public().spki_der() {
            return Err(AuthorityError::KeyMismatch);
        }
        let purposes = issuing.extended_key_usage();
        if !issuing.is_ca()
            || !purposes.is_some_and(|eku| eku.purposes.contains(&oid::CODE_SIGNING))
        {
            return Err(AuthorityError::NotAnIssuer);
        }
        if issuing.subject_key_id().is_none() {
            return Err(AuthorityError::NoKeyIdentifier);
        }
        chain::verify_issuers(&chain, root, at)?;
        Ok(Arc::new(Self { key, chain }))
    }

    /// The issuing certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        // `new` refuses a chain of fewer than two.
        &self.chain[0]
    }

    /// Issuing certificate first, root last.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }
}

fn certify(
    spec: &AuthoritySpec,
    subject: &AuthorityName,
    subject_key: &SigningKey,
    issuer_key: &SigningKey,
    extensions: &[Vec<u8>],
) -> Result<Certificate, AuthorityError> {
    let spki = subject_key.public().spki_der();
    let tbs = Tbs {
        serial: &serial_of(spki),
        algorithm: &signature_identifier(issuer_key.kind()),
        issuer: &spec.root_name.to_der(),
        not_before: spec.not_before.floor_to_second(),
        not_after: spec.not_before.floor_to_second().plus(spec.lifetime),
        subject: &subject.to_der(),
        spki,
        extensions,
    };
    Ok(Certificate::from_der(&tbs::sign(&tbs.encode(), issuer_key)?)?)
}

/// A key is certified once, so a serial made from it is as unique as the key.
fn serial_of(spki: &[u8]) -> [u8; 20] {
    let digest = HashAlgorithm::Sha256.digest(spki);
    tbs::serial(std::array::from_fn(|i| digest[i]))
}

fn root_extensions(spec: &AuthoritySpec, root_key: &SigningKey) -> Vec<Vec<u8>> {
    // The path length counts the CAs that may follow; OpenSSL's strict mode holds a root to it.
    let path_len = match spec.purpose {
        Purpose::CodeSigning => 1,
        Purpose::TimeStamping => 0,
    };
    vec![
        tbs::key_usage(tbs::CERT_AND_CRL_SIGN),
        tbs::basic_constraints_ca(path_len),
        tbs::subject_key_id(&tbs::key_identifier(root_key.public().spki_der())),
    ]
}

fn extensions(spec: &AuthoritySpec, key: &SigningKey, root_key: &SigningKey) -> Vec<Vec<u8>> {
    let mut extensions = match spec.purpose {
        Purpose::CodeSigning => vec![
            tbs::key_usage(tbs::CERT_AND_CRL_SIGN),
            // Not critical: the profile says so, and pyca refuses another criticality in a chain.
            tbs::extended_key_usage(&oid::CODE_SIGNING, false),
            tbs::basic_constraints_ca(0),
        ],
        Purpose::TimeStamping => vec![
            tbs::key_usage(tbs::DIGITAL_SIGNATURE),
            // RFC 3161, Section 2.3: the only purpose, and critical.
            tbs::extended_key_usage(&oid::TIME_STAMPING, true),
        ],
    };
    extensions.push(tbs::subject_key_id(&tbs::key_identifier(key.public().spki_der())));
    extensions.push(tbs::authority_key_id(&tbs::key_identifier(root_key.public().spki_der())));
    extensions
}
