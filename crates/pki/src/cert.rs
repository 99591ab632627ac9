//! What a certificate says.

use std::fmt;
use std::sync::{Arc, OnceLock};

use lite_keys::{KeyError, PublicKey};
use lite_time::Time;

use crate::extensions::FulcioExtensions;
use crate::name::{AltName, AuthorityName};
use crate::oid::ObjectIdentifier;
use crate::pem::{self, PemError};

mod parse;

/// The largest certificate that is read; Fulcio's are about 1 KiB, CI identities up to 2 KiB.
pub const MAX_CERTIFICATE: usize = 64 * 1024;
/// The most extensions of a certificate that is read; Fulcio's have up to 29.
pub const MAX_EXTENSIONS: usize = 128;
/// The longest chain that is read from PEM.
pub const MAX_CHAIN: usize = 10;

/// A certificate that was read from strict DER; cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Contents>);

/// Why bytes are not a certificate we can reason about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Over [`MAX_CERTIFICATE`] bytes.
    #[error("the certificate is larger than {MAX_CERTIFICATE} bytes")]
    TooLarge,
    /// More than [`MAX_EXTENSIONS`].
    #[error("the certificate has more than {MAX_EXTENSIONS} extensions")]
    TooManyExtensions,
    /// Not an X.509 certificate in DER.
    #[error("the certificate is not valid DER: {0}")]
    Der(#[from] der::Error),
    /// Another encoder would write it differently (an explicit default, a long length).
    #[error("the certificate is not in the one encoding DER allows")]
    NotCanonical,
    /// Extensions need version 3.
    #[error("the certificate is not of version 3")]
    Version,
    /// RFC 5280, Section 4.2: "MUST NOT include more than one instance of a particular extension".
    #[error("the certificate has the extension {0} twice")]
    DuplicateExtension(ObjectIdentifier),
    /// A known extension whose content breaks its own rules.
    #[error("the certificate's extension {0} is malformed")]
    MalformedExtension(ObjectIdentifier),
    /// The algorithm inside the signed part and the one beside the signature differ.
    #[error("the certificate names two signature algorithms")]
    AlgorithmMismatch,
    /// Not PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
}

/// `BasicConstraints`, RFC 5280, Section 4.2.1.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject may issue certificates.
    pub ca: bool,
    /// How many intermediates may follow.
    pub path_len: Option<u8>,
    /// Whether the extension is critical.
    pub critical: bool,
}

/// `KeyUsage`, RFC 5280, Section 4.2.1.3, as far as Sigstore asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "RFC 5280 defines a string of bits")]
pub struct KeyUsage {
    /// `digitalSignature`.
    pub digital_signature: bool,
    /// `nonRepudiation` (contentCommitment).
    pub non_repudiation: bool,
    /// `keyCertSign`.
    pub cert_sign: bool,
    /// `cRLSign`.
    pub crl_sign: bool,
    /// Any of the other bits.
    pub other: bool,
    /// Whether the extension is critical.
    pub critical: bool,
}

/// `ExtKeyUsage`, RFC 5280, Section 4.2.1.12.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedKeyUsage {
    /// The purposes, in the certificate's order.
    pub purposes: Vec<ObjectIdentifier>,
    /// Whether the extension is critical.
    pub critical: bool,
}

/// One extension, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Which.
    pub oid: ObjectIdentifier,
    /// Whether who does not know it must refuse the certificate.
    pub critical: bool,
    /// The content of its `OCTET STRING`.
    pub value: Vec<u8>,
}

pub(crate) struct Contents {
    der: Vec<u8>,
    tbs: Vec<u8>,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    spki: Vec<u8>,
    key_bits: Vec<u8>,
    /// Read when it is first asked for: most certificates of a chain are asked again and again.
    key: OnceLock<Result<PublicKey, KeyError>>,
    not_before: Time,
    not_after: Time,
    extensions: Vec<Extension>,
    alt_names: Vec<AltName>,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<ExtendedKeyUsage>,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    fulcio: FulcioExtensions,
}

impl Certificate {
    /// Reads one certificate; nothing may follow it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CertificateError::TooLarge);
        }
        parse::contents(der).map(|contents| Self(Arc::new(contents)))
    }

    /// Reads exactly one certificate in PEM.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let blocks = pem::decode_all(text, &["CERTIFICATE"], 1)?;
        let der = blocks.first().ok_or(PemError::Missing)?;
        Self::from_der(der)
    }

    /// Reads one to [`MAX_CHAIN`] certificates in PEM, in the order of the text.
    pub fn chain_from_pem(text: &str) -> Result<Vec<Self>, CertificateError> {
        let blocks = pem::decode_all(text, &["CERTIFICATE"], MAX_CHAIN)?;
        blocks.iter().map(|der| Self::from_der(der)).collect()
    }

    /// PEM, 64 columns, with a newline at its end.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", self.der())
    }

    /// A chain in PEM, one block after the other.
    #[must_use]
    pub fn chain_to_pem(chain: &[Self]) -> String {
        chain.iter().map(Self::to_pem).collect()
    }

    /// The whole certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// `tbsCertificate`: the bytes the issuing CA signed.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        &self.0.tbs
    }

    /// `serialNumber`: the content of the INTEGER, so with a leading zero before a high bit.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// `issuer`: a `Name`, DER.
    #[must_use]
    pub fn issuer_der(&self) -> &[u8] {
        &self.0.issuer
    }

    /// `subject`: a `Name`, DER.
    #[must_use]
    pub fn subject_der(&self) -> &[u8] {
        &self.0.subject
    }

    /// `O` and `CN` of the subject; a Fulcio leaf has neither.
    #[must_use]
    pub fn subject(&self) -> AuthorityName {
        AuthorityName::of_name(self.subject_der())
    }

    /// `O` and `CN` of the issuer.
    #[must_use]
    pub fn issuer(&self) -> AuthorityName {
        AuthorityName::of_name(self.issuer_der())
    }

    /// `subjectPublicKeyInfo`, DER.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// The public key, where it is of a kind that Sigstore's services accept.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        self.0.key.get_or_init(|| PublicKey::from_spki_der(self.spki_der())).clone()
    }

    /// `notBefore`: the first second of validity.
    #[must_use]
    pub fn not_before(&self) -> Time {
        self.0.not_before
    }

    /// `notAfter`: the last second of validity.
    #[must_use]
    pub fn not_after(&self) -> Time {
        self.0.not_after
    }

    /// Whether `at` is in the validity window; both ends are included (RFC 5280, Section 4.1.2.5).
    #[must_use]
    pub fn is_valid_at(&self, at: Time) -> bool {
        self.not_before() <= at && at <= self.not_after()
    }

    /// All extensions, in order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// One extension.
    #[must_use]
    pub fn extension(&self, oid: &ObjectIdentifier) -> Option<&Extension> {
        self.extensions().iter().find(|extension| extension.oid == *oid)
    }

    /// The subject alternative names, in order; empty where there is no such extension.
    #[must_use]
    pub fn alt_names(&self) -> &[AltName] {
        &self.0.alt_names
    }

    /// What Fulcio says about the principal.
    #[must_use]
    pub fn fulcio(&self) -> &FulcioExtensions {
        &self.0.fulcio
    }

    /// Basic constraints, where present.
    #[must_use]
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.0.basic_constraints
    }

    /// Whether this may issue certificates.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.basic_constraints().is_some_and(|constraints| constraints.ca)
    }

    /// Whether issuer and subject are the same name, as a root's are.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer_der() == self.subject_der()
    }

    /// Key usage, where present.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.key_usage
    }

    /// Extended key usage, where present.
    #[must_use]
    pub fn extended_key_usage(&self) -> Option<&ExtendedKeyUsage> {
        self.0.extended_key_usage.as_ref()
    }

    /// The subject key identifier, where present.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.subject_key_id.as_deref()
    }

    /// The key identifier of the authority key identifier, where present.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.authority_key_id.as_deref()
    }

    /// The bytes inside the key's BIT STRING, of which RFC 5280 makes the key identifier.
    #[must_use]
    pub fn key_bits(&self) -> &[u8] {
        &self.0.key_bits
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(")?;
        for name in self.alt_names() {
            write!(f, "{name}, ")?;
        }
        write!(f, "{} to {})", self.not_before(), self.not_after())
    }
}
