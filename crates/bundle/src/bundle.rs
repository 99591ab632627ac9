//! The bundle: one file with a signature and its verification material.

use lite_keys::HashAlgorithm;

use crate::JsonError;
use crate::dsse::Envelope;
use crate::entry::TransparencyLogEntry;
use crate::statement::{Statement, StatementError};

pub(crate) mod wire;

/// Longest bundle that is read: attestations carry whole bills of materials.
pub const MAX_BUNDLE_BYTES: usize = 64 << 20;
/// Most log entries, as in sigstore-go.
pub const MAX_ENTRIES: usize = 32;
/// Most timestamps, as in sigstore-go.
pub const MAX_TIMESTAMPS: usize = 32;

/// A signature with everything needed to verify it but the artifact and the trusted root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Which version of the format it was read from, or is written in.
    pub media_type: MediaType,
    /// Who signed.
    pub signer: Signer,
    /// Log entries.
    pub entries: Vec<TransparencyLogEntry>,
    /// RFC 3161 timestamps over the signature, each a DER `TimeStampResp`.
    pub timestamps: Vec<Vec<u8>>,
    /// What is signed, and the signature.
    pub content: Content,
}

/// The media types of a bundle, one per version but for v0.3, which has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediaType {
    /// v0.1: certificate chain, SET required.
    V0_1,
    /// v0.2: certificate chain, inclusion proof required.
    V0_2,
    /// v0.3 in the form `…+json;version=0.3`.
    V0_3Parameter,
    /// v0.3 in the form `…bundle.v0.3+json`, which everyone writes today.
    V0_3,
}

impl MediaType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::V0_1, Self::V0_2, Self::V0_3Parameter, Self::V0_3];

    /// The media type's text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V0_1 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
            Self::V0_2 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
            Self::V0_3Parameter => "application/vnd.dev.sigstore.bundle+json;version=0.3",
            Self::V0_3 => "application/vnd.dev.sigstore.bundle.v0.3+json",
        }
    }

    /// Whether the version is 0.3, in either form.
    #[must_use]
    pub const fn is_v0_3(self) -> bool {
        matches!(self, Self::V0_3Parameter | Self::V0_3)
    }
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The leaf certificate, DER (v0.3).
    Certificate(Vec<u8>),
    /// Certificates, DER, leaf first (v0.1 and v0.2). Never empty.
    CertificateChain(Vec<Vec<u8>>),
    /// A key that the verifier must have; the hint is not authenticated.
    PublicKey {
        /// cosign writes base64 of SHA-256 of the SPKI.
        hint: String,
    },
}

impl Signer {
    /// The leaf certificate, unless a key signed.
    #[must_use]
    pub fn leaf(&self) -> Option<&[u8]> {
        match self {
            Self::Certificate(leaf) => Some(leaf),
            Self::CertificateChain(chain) => chain.first().map(Vec::as_slice),
            Self::PublicKey { .. } => None,
        }
    }
}

/// What is signed, and the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// An artifact's bytes.
    Message(MessageSignature),
    /// A DSSE envelope.
    Dsse(Envelope),
}

impl Content {
    /// The signature's bytes: what a timestamp is over.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        match self {
            Self::Message(message) => &message.signature,
            Self::Dsse(envelope) => &envelope.signature.sig,
        }
    }

    /// The statement in an envelope, whether anybody verified it or not; `None` of a file's
    /// signature.
    #[must_use]
    pub fn statement(&self) -> Option<Result<Statement, StatementError>> {
        match self {
            Self::Message(_) => None,
            Self::Dsse(envelope) => Some(Statement::parse(&envelope.payload)),
        }
    }
}

/// A signature over an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSignature {
    /// The artifact's digest. The format calls it a hint, and we hold signers to it.
    pub digest: Option<(HashAlgorithm, Vec<u8>)>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
}

/// Why a text is not a bundle. The member is named as the format names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Two of `messageSignature` and `dsseEnvelope`, or two of the three kinds of signer.
    #[error("{0} holds more than one alternative")]
    Ambiguous(&'static str),
    /// `x509CertificateChain` without a certificate.
    #[error("certificate chain is empty")]
    EmptyChain,
    /// Not JSON, or JSON of another shape.
    #[error("bundle does not parse: {0}")]
    Json(#[from] JsonError),
    /// The version of the format has no such member: a chain in v0.3, a certificate before.
    #[error("{0} is not a member of this version of the format")]
    NotInThisVersion(&'static str),
    /// A required member is absent or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A negative index, size or time.
    #[error("{0} is negative")]
    Negative(&'static str),
    /// Not padded standard base64.
    #[error("{0} is not base64")]
    NotBase64(&'static str),
    /// An envelope without exactly one signature.
    #[error("envelope has not exactly one signature")]
    SignatureCount,
    /// Longer than [`MAX_BUNDLE_BYTES`].
    #[error("bundle is longer than 64 MiB")]
    TooLarge,
    /// A member is longer than its limit.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// A list has more members than its limit.
    #[error("{0} has too many members")]
    TooMany(&'static str),
    /// The digest's algorithm is not one we know, or its length is another's.
    #[error("message digest is not of a known algorithm")]
    UnknownDigest,
    /// `mediaType` is of no version we know.
    #[error("bundle is of no known version")]
    UnknownVersion,
}

impl Bundle {
    /// Reads a bundle of any known version.
    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        wire::parse(json)
    }

    /// The bundle as cosign writes it: proto-JSON on one line, members with default values left
    /// out.
    #[must_use]
    pub fn to_json(&self) -> String {
        wire::write(self)
    }
}
