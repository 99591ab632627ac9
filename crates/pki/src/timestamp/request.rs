//! `TimeStampReq`, RFC 3161, Section 2.4.1.

use lite_keys::HashAlgorithm;

use crate::algorithm::{hash_from_der, hash_oid};
use crate::asn1;
use crate::oid::ObjectIdentifier;

/// The largest request that is read: a digest, a policy and a nonce are far below it.
pub const MAX_REQUEST: usize = 4096;
/// The longest nonce that is echoed, in bytes. Clients send 8 to 20.
pub const MAX_NONCE: usize = 128;
/// The longest object identifier that is read, in bytes of its content.
const MAX_OID: usize = 39;

/// What a client wants stamped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampRequest {
    /// The hash of `messageImprint`.
    pub hash: HashAlgorithm,
    /// The digest of `messageImprint`, as long as its hash says.
    pub digest: Vec<u8>,
    /// `reqPolicy`.
    pub policy: Option<ObjectIdentifier>,
    /// `nonce`: the content of the INTEGER, echoed as it is.
    pub nonce: Option<Vec<u8>>,
    /// `certReq`: whether the answer shall carry the authority's certificate.
    pub cert_req: bool,
}

/// Why a request cannot be stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampRequestError {
    /// Over [`MAX_REQUEST`] bytes, or a nonce over [`MAX_NONCE`].
    #[error("timestamp request is too large")]
    TooLarge,
    /// Not a `TimeStampReq` in DER, or something follows it.
    #[error("the timestamp request is not valid DER")]
    Malformed,
    /// Not version 1.
    #[error("the timestamp request is not of version 1")]
    Version,
    /// Not SHA-256, SHA-384 or SHA-512.
    #[error("weak hash algorithm in timestamp request")]
    WeakHash,
    /// The digest is shorter or longer than its algorithm's.
    #[error("message digest has incorrect length for specified algorithm")]
    DigestLength,
    /// An object identifier of an absurd length.
    #[error("the policy's object identifier is too long")]
    OidTooLong,
    /// Extensions would be promises that the authority does not understand.
    #[error("unaccepted extension in timestamp request")]
    Extension,
}

impl TimestampRequest {
    /// A request for the digest of `message`, without nonce and certificate, as stock clients send it.
    #[must_use]
    pub fn of_message(hash: HashAlgorithm, message: &[u8]) -> Self {
        Self { hash, digest: hash.digest(message), policy: None, nonce: None, cert_req: false }
    }

    /// The request, DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let policy = self.policy.as_ref().map(asn1::oid).unwrap_or_default();
        let nonce = self.nonce.as_deref().map(|nonce| asn1::tlv(asn1::INTEGER, &[nonce]));
        let cert_req: &[u8] = if self.cert_req { &asn1::TRUE } else { &[] };
        asn1::sequence(&[
            &asn1::unsigned(&[1]),
            &imprint(self.hash, &self.digest),
            &policy,
            &nonce.unwrap_or_default(),
            cert_req,
        ])
    }

    /// Reads a request; nothing may follow it.
    pub fn from_der(der: &[u8]) -> Result<Self, TimestampRequestError> {
        use TimestampRequestError as Refusal;
        if der.len() > MAX_REQUEST {
            return Err(Refusal::TooLarge);
        }
        let fields = asn1::elements(der)
            .ok()
            .filter(|_| der.first() == Some(&asn1::SEQUENCE))
            .ok_or(Refusal::Malformed)?;
        let mut fields = fields.into_iter().peekable();
        let version = fields.next().ok_or(Refusal::Malformed)?;
        if asn1::content(asn1::INTEGER, version) != Some(&[1]) {
            return Err(Refusal::Version);
        }
        let (hash, digest) = parse_imprint(fields.next().ok_or(Refusal::Malformed)?)?;
        let policy = fields.next_if(|field| field.first() == Some(&asn1::OBJECT_IDENTIFIER));
        let nonce = fields.next_if(|field| field.first() == Some(&asn1::INTEGER));
        let cert_req = fields.next_if(|field| field.first() == Some(&asn1::TRUE[0]));
        // `[0] IMPLICIT Extensions`.
        if fields.peek().is_some_and(|field| field.first() == Some(&0xA0)) {
            return Err(Refusal::Extension);
        }
        if fields.next().is_some() {
            return Err(Refusal::Malformed);
        }
        Ok(Self {
            hash,
            digest,
            policy: policy.map(parse_policy).transpose()?,
            nonce: nonce.map(parse_nonce).transpose()?,
            cert_req: cert_req.map(parse_cert_req).transpose()?.unwrap_or(false),
        })
    }
}

/// `MessageImprint`, with the NULL parameters that every client writes.
pub(super) fn imprint(hash: HashAlgorithm, digest: &[u8]) -> Vec<u8> {
    let algorithm = asn1::sequence(&[&asn1::oid(&hash_oid(hash)), &asn1::NULL]);
    asn1::sequence(&[&algorithm, &asn1::octet_string(digest)])
}

pub(super) fn parse_imprint(der: &[u8]) -> Result<(HashAlgorithm, Vec<u8>), TimestampRequestError> {
    let parts = asn1::elements(der)
        .ok()
        .filter(|_| der.first() == Some(&asn1::SEQUENCE))
        .ok_or(TimestampRequestError::Malformed)?;
    let [algorithm, digest] = parts.as_slice() else {
        return Err(TimestampRequestError::Malformed);
    };
    let digest =
        asn1::content(asn1::OCTET_STRING, digest).ok_or(TimestampRequestError::Malformed)?;
    if algorithm.first() != Some(&asn1::SEQUENCE) {
        return Err(TimestampRequestError::Malformed);
    }
    let hash = hash_from_der(algorithm).ok_or(TimestampRequestError::WeakHash)?;
    if digest.len() != hash.size() {
        return Err(TimestampRequestError::DigestLength);
    }
    Ok((hash, digest.to_vec()))
}

fn parse_policy(field: &[u8]) -> Result<ObjectIdentifier, TimestampRequestError> {
    let content = asn1::content(asn1::OBJECT_IDENTIFIER, field);
    let content = content.ok_or(TimestampRequestError::Malformed)?;
    if content.len() > MAX_OID {
        return Err(TimestampRequestError::OidTooLong);
    }
    ObjectIdentifier::from_bytes(content).map_err(|_| TimestampRequestError::Malformed)
}

fn parse_nonce(field: &[u8]) -> Result<Vec<u8>, TimestampRequestError> {
    let content = asn1::content(asn1::INTEGER, field).ok_or(TimestampRequestError::Malformed)?;
    if content.len() > MAX_NONCE {
        return Err(TimestampRequestError::TooLarge);
    }
    // X.690, Section 8.3.2: the first nine bits are neither all zero nor all one.
    let redundant = matches!(content, [0, next, ..] if *next < 0x80)
        || matches!(content, [0xFF, next, ..] if *next >= 0x80);
    if content.is_empty() || redundant {
        return Err(TimestampRequestError::Malformed);
    }
    Ok(content.to_vec())
}

fn parse_cert_req(field: &[u8]) -> Result<bool, TimestampRequestError> {
    match field {
        [1, 1, 0xFF] => Ok(true),
        // DER omits a default, but `openssl ts` and others have written it; it changes nothing.
        [1, 1, 0] => Ok(false),
        _ => Err(TimestampRequestError::Malformed),
    }
}
