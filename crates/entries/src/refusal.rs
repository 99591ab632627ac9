//! Every way out that is not a leaf.

use lite_bundle::JsonError;
use lite_bundle::body::MAX_LEAF_BYTES;
use lite_keys::{KeyError, KeyKind};
use lite_pki::cert::CertificateError;
use lite_pki::chain::ChainError;
use lite_pki::timestamp::{TimestampError, TimestampResponseError};

use crate::accept::{MAX_PROPOSED_BYTES, MAX_SIGNATURES};
use crate::ssh::SshError;

/// Why a proposed entry does not become a leaf.
///
/// `Display` is what follows `error processing entry: ` in upstream's answer, in upstream's words
/// where it has some. All of them are answered with 400, but those that [`Refusal::validation`]
/// knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The log does not take this kind of key with this hash.
    #[error("entry algorithms are not allowed")]
    AlgorithmNotAllowed,
    /// Base64 is expected there.
    #[error("failed parsing base64 data for {0}")]
    Base64(&'static str),
    /// Both what the client proposes and what only a log may write.
    #[error(
        "either proposedContent or envelopeHash, payloadHash, and signatures must be present but not both"
    )]
    BothForms,
    /// Not a certificate in DER.
    #[error("invalid certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificates behind the first do not lead from it to the last.
    #[error("invalid certificate chain: {0}")]
    Chain(#[from] ChainError),
    /// More than ten certificates.
    #[error("too many certificates specified in PEM block")]
    ChainTooLong,
    /// The signature is not of this key over the data.
    #[error("{}", of_upstream(*.0))]
    DataSignature(KeyKind),
    /// Only an address of the data: nothing is fetched, here or upstream.
    #[error("entry not insertable into log: missing data content: a url is not fetched")]
    DataUrl,
    /// The envelope is a string, and not JSON inside.
    #[error("envelope: {0}")]
    Envelope(JsonError),
    /// `hash.algorithm` is none of the kind's.
    #[error("validation failure list:\n{0}.algorithm in body should be one of [{1}]")]
    HashAlgorithm(&'static str, &'static str),
    /// The data has another digest than the entry says.
    #[error("SHA mismatch: {computed} != {given}")]
    HashMismatch {
        /// The data's digest, hex.
        computed: String,
        /// What the entry says, 64 characters of hex.
        given: String,
    },
    /// Not hex, or not as long as the algorithm's digest.
    #[error("invalid value for hash")]
    HashValue,
    /// Not JSON, or JSON of another shape: 400, a parse error.
    #[error("{0}")]
    Json(JsonError),
    /// Not a key that we verify with.
    #[error("invalid public key: {0}")]
    Key(#[from] KeyError),
    /// Longer than a tiled log can hold; the length in bytes.
    #[error("entry is {0} bytes long, and a leaf at most {MAX_LEAF_BYTES}")]
    LeafTooLong(usize),
    /// A member without which the body means nothing.
    #[error("validation failure list:\n{0} in body is required")]
    Missing(&'static str),
    /// The body would do for an entry that is in a log, not for a new one.
    #[error("entry not insertable into log: missing {0}")]
    NotInsertable(&'static str),
    /// The envelope has no signature.
    #[error("DSSE envelope must contain 1 or more signatures")]
    NoSignatures,
    /// No PEM, or text behind it.
    #[error("invalid public key: failure decoding PEM")]
    Pem,
    /// A PEM block that is neither a public key nor a certificate.
    #[error("invalid public key: cannot handle type {0}")]
    PemLabel(String),
    /// A member of the entry itself is missing. 422, code 602.
    #[error("{0} in body is required")]
    Required(&'static str),
    /// The signature is not of this key over the digest.
    #[error("verifying signature: {}", of_upstream(*.0))]
    Signature(KeyKind),
    /// A signature format of upstream's that is not taken here.
    #[error("signature format {0} is not supported by this log, which takes x509 and ssh")]
    SignatureFormat(&'static str),
    /// `signature.format` is none of upstream's.
    #[error(
        "validation failure list:\nsignature.format in body should be one of [pgp minisign x509 ssh]"
    )]
    SignatureFormatUnknown,
    /// Not a signature or a key of OpenSSH's that could be verified.
    #[error("{0}")]
    Ssh(#[from] SshError),
    /// Not a timestamp response.
    #[error("{0}")]
    Timestamp(#[from] TimestampResponseError),
    /// The timestamp is not signed by the certificate that it holds.
    #[error("tsr verification error: {0}")]
    TimestampSignature(#[from] TimestampError),
    /// Over 10 KiB, upstream's limit for timestamps.
    #[error("tsr exceeds maximum allowed size (10kB)")]
    TimestampTooLarge,
    /// Over [`MAX_PROPOSED_BYTES`].
    #[error("entry is longer than {MAX_PROPOSED_BYTES} bytes")]
    TooLarge,
    /// Over [`MAX_SIGNATURES`], of signatures or of keys.
    #[error("envelope has more than {MAX_SIGNATURES} signatures or verifiers")]
    TooManySignatures,
    /// A word that names no kind, here or upstream. 422.
    #[error("invalid kind value: {0:?}")]
    UnknownKind(String),
    /// A kind of upstream's that is not taken here.
    #[error("entry kind '{0}' is not enabled for submission on this server")]
    UnsupportedKind(String),
    /// A kind that is taken, in a version that is not.
    #[error(
        "{kind} implementation for version '{version}' not found: unable to locate entry for version {version}"
    )]
    UnsupportedVersion {
        /// The kind.
        kind: String,
        /// The version that was asked for.
        version: String,
    },
    /// A key that verifies none of the signatures.
    #[error(
        "could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1"
    )]
    VerifiesNothing,
    /// A signature that no key verifies.
    #[error("all signatures must have a key that verifies it")]
    Unverified,
    /// `apiVersion` is not a semantic version. 422, code 605.
    #[error("apiVersion in body should match '{SEMANTIC_VERSION}'")]
    VersionPattern,
}

/// The pattern of upstream's schema.
const SEMANTIC_VERSION: &str = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$";

impl Refusal {
    /// What upstream answers with status 422 and these `code` and `message`, because the entry does
    /// not match the schema before anybody has looked into it; the message stands alone.
    #[must_use]
    pub fn validation(&self) -> Option<(u32, String)> {
        let code = match self {
            Self::Required(_) => 602,
            Self::VersionPattern => 605,
            Self::UnknownKind(_) => 422,
            _ => return None,
        };
        Some((code, self.to_string()))
    }

    /// Whether the body is not the JSON of an entry at all: 400, without `error processing entry: `.
    #[must_use]
    pub const fn is_parse_error(&self) -> bool {
        matches!(self, Self::Json(_))
    }
}

fn of_upstream(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => {
            "invalid signature when validating ASN.1 encoded signature"
        }
        KeyKind::Rsa(_) => "crypto/rsa: verification error",
        KeyKind::Ed25519 => "failed to verify signature: ed25519: invalid signature",
    }
}
