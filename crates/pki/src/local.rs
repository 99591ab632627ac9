//! A local authority for TLS: one CA, and below it the certificates of servers.
//!
//! ```text
//! authority (CA, path length 0)  ->  server (EKU serverAuth, its hosts as alternative names)
//! ```
//!
//! It has nothing to do with who signs: no trusted root names it, and a client believes it only
//! where it was told to.

use std::time::Duration;

use lite_keys::{KeyKind, PublicKey, SignError, SigningKey};
use lite_time::Time;

use crate::algorithm::signature_identifier;
use crate::cert::{Certificate, CertificateError};
use crate::name::{AltName, AuthorityName};
use crate::tbs::{self, Tbs};
use crate::{asn1, oid};

/// The organization of everything that is issued here.
const ORGANIZATION: &str = "siglite";

/// An authority for the TLS certificates of one instance.
#[derive(Debug)]
pub struct LocalAuthority {
    key: SigningKey,
    certificate: Certificate,
}

/// A server's certificate, before it is one.
#[derive(Clone, Debug)]
pub struct ServerSpec<'a> {
    /// The server's key.
    pub key: &'a PublicKey,
    /// What clients call the server: host names and addresses, at least one.
    pub hosts: &'a [AltName],
    /// The first second of validity.
    pub not_before: Time,
    /// How long it is valid; never longer than the authority.
    pub lifetime: Duration,
    /// 20 random bytes, for the serial number.
    pub random: [u8; 20],
}

/// Why there is no authority, or no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalAuthorityError {
    /// The key is another certificate's.
    #[error("the key is not the key of the authority's certificate")]
    KeyMismatch,
    /// The certificate may not issue others.
    #[error("the certificate is not an authority's")]
    NotAnAuthority,
    /// A server has at least one name.
    #[error("a server's certificate needs a host")]
    NoHost,
    /// What was written cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The key cannot sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl LocalAuthority {
    /// Makes a key (ECDSA P-256, which every TLS client knows) and its certificate.
    pub fn create(not_before: Time, lifetime: Duration) -> Result<Self, LocalAuthorityError> {
        let key = SigningKey::generate(KeyKind::EcdsaP256);
        let spki = key.public().spki_der();
        let id = tbs::key_identifier(spki);
        // Two authorities of one name would make clients try the wrong key: the name says which.
        let which = u32::from_be_bytes(std::array::from_fn(|i| id[i]));
        let name = AuthorityName::new(ORGANIZATION, &format!("local TLS authority {which:08x}"));
        let extensions = [
            tbs::key_usage(tbs::CERT_AND_CRL_SIGN),
            tbs::basic_constraints_ca(0),
            tbs::subject_key_id(&id),
        ];
        let certificate = issue(
            &Tbs {
                // A key is certified once, so its identifier is as unique as a serial must be.
                serial: &tbs::serial(std::array::from_fn(|i| id[i])),
                algorithm: &signature_identifier(key.kind()),
                issuer: &name.to_der(),
                not_before: not_before.floor_to_second(),
                not_after: not_before.floor_to_second().plus(lifetime),
                subject: &name.to_der(),
                spki,
                extensions: &extensions,
            },
            &key,
        )?;
        Ok(Self { key, certificate })
    }

    /// Takes a key and its certificate into service.
    pub fn new(key: SigningKey, certificate: Certificate) -> Result<Self, LocalAuthorityError> {
        if certificate.spki_der() != key.public().spki_der() {
            return Err(LocalAuthorityError::KeyMismatch);
        }
        if !certificate.is_ca() || certificate.subject_key_id().is_none() {
            return Err(LocalAuthorityError::NotAnAuthority);
        }
        Ok(Self { key, certificate })
    }

    /// The certificate that clients trust.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The authority's private key, to be kept.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Certifies a server.
    pub fn certify(&self, spec: &ServerSpec<'_>) -> Result<Certificate, LocalAuthorityError> {
        if spec.hosts.is_empty() {
            return Err(LocalAuthorityError::NoHost);
        }
        let spki = spec.key.spki_der();
        let hosts: Vec<Vec<u8>> = spec.hosts.iter().map(AltName::to_der).collect();
        let hosts: Vec<&[u8]> = hosts.iter().map(Vec::as_slice).collect();
        let extensions = [
            tbs::key_usage(tbs::DIGITAL_SIGNATURE),
            tbs::extended_key_usage(&oid::SERVER_AUTH, false),
            tbs::subject_key_id(&tbs::key_identifier(spki)),
            // `new` and `create` see to it that there is one.
            tbs::authority_key_id(self.certificate.subject_key_id().unwrap_or_default()),
            asn1::extension(&oid::SUBJECT_ALT_NAME, false, &asn1::sequence(&hosts)),
        ];
        let not_before = spec.not_before.floor_to_second();
        let certificate = issue(
            &Tbs {
                serial: &tbs::serial(spec.random),
                algorithm: &signature_identifier(self.key.kind()),
                issuer: self.certificate.subject_der(),
                not_before,
                not_after: not_before.plus(spec.lifetime).min(self.certificate.not_after()),
                subject: &AuthorityName::new(ORGANIZATION, "server").to_der(),
                spki,
                extensions: &extensions,
            },
            &self.key,
        )?;
        Ok(certificate)
    }
}

fn issue(tbs: &Tbs<'_>, key: &SigningKey) -> Result<Certificate, LocalAuthorityError> {
    Ok(Certificate::from_der(&tbs::sign(&tbs.encode(), key)?)?)
}
