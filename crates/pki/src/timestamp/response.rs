//! `TimeStampResp` as a verifier reads it, RFC 3161, Section 2.4.2 and RFC 5652, Section 5.

use lite_keys::HashAlgorithm;
use lite_time::Time;

use super::request::parse_imprint;
use super::signer::{Signer, signer_info};
use crate::asn1;
use crate::cert::Certificate;
use crate::name::AuthorityName;
use crate::oid::{self, ObjectIdentifier};

/// The largest response that is read; with an embedded chain real ones stay below 8 KiB.
pub const MAX_RESPONSE: usize = 64 * 1024;
/// The most embedded certificates that are read.
const MAX_CERTIFICATES: usize = 10;

/// A response that says "granted" and has one signer. Nothing of it is proven yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampResponse {
    pub(super) hash: HashAlgorithm,
    pub(super) digest: Vec<u8>,
    pub(super) policy: ObjectIdentifier,
    pub(super) gen_time: Time,
    pub(super) serial: Vec<u8>,
    pub(super) nonce: Option<Vec<u8>>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) signer: Signer,
    /// The DER of `TSTInfo`, which `messageDigest` is the digest of.
    pub(super) info: Vec<u8>,
}

/// Why bytes are not a response that could be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampResponseError {
    /// Over [`MAX_RESPONSE`] bytes.
    #[error("the timestamp response is larger than {MAX_RESPONSE} bytes")]
    TooLarge,
    /// Not a `TimeStampResp` with a `SignedData` in DER, or something follows it.
    #[error("the timestamp response is not valid DER")]
    Malformed,
    /// `PKIStatus` is not 0, granted.
    #[error("the timestamp was not granted")]
    NotGranted,
    /// The signed content is not a `TSTInfo` of version 1.
    #[error("the signed content is not a TSTInfo")]
    Content,
    /// The imprint's hash is weak, or its digest has another length.
    #[error("the message imprint is not SHA-256, SHA-384 or SHA-512")]
    Imprint,
    /// `genTime` is not UTC as DER writes it.
    #[error("the time of the timestamp is malformed")]
    GenTime,
    /// Not exactly one signer.
    #[error("the timestamp has not exactly one signer")]
    Signers,
    /// The signer is not named by issuer and serial number.
    #[error("the timestamp does not name its signer by issuer and serial number")]
    SignerId,
    /// RFC 3161 demands content type, message digest and signing certificate, each once.
    #[error("the signed attributes of the timestamp are incomplete or malformed")]
    Attributes,
    /// A hash or signature algorithm that is not SHA-2 with ECDSA, RSA or Ed25519.
    #[error("the algorithms of the timestamp are not supported")]
    Algorithm,
    /// An embedded certificate cannot be read.
    #[error("a certificate in the timestamp is malformed")]
    Certificate,
}

use TimestampResponseError as Refusal;

impl TimestampResponse {
    /// Reads a response; nothing may follow it.
    pub fn from_der(der: &[u8]) -> Result<Self, TimestampResponseError> {
        if der.len() > MAX_RESPONSE {
            return Err(Refusal::TooLarge);
        }
        let parts = sequence(der)?;
        let (status, token) = match parts.as_slice() {
            [status, token] => (status, Some(token)),
            [status] => (status, None),
            _ => return Err(Refusal::Malformed),
        };
        let status = sequence(status)?;
        if asn1::content(asn1::INTEGER, status.first().ok_or(Refusal::Malformed)?) != Some(&[0]) {
            return Err(Refusal::NotGranted);
        }
        signed_data(token.ok_or(Refusal::Malformed)?)
    }

    /// `genTime`. Not proven before [`TimestampResponse::verify`].
    #[must_use]
    pub fn unverified_time(&self) -> Time {
        self.gen_time
    }

    /// The digest that was stamped, and its hash.
    #[must_use]
    pub fn imprint(&self) -> (HashAlgorithm, &[u8]) {
        (self.hash, &self.digest)
    }

    /// The echo of the request's nonce.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }

    /// The policy under which the authority stamped.
    #[must_use]
    pub fn policy(&self) -> &ObjectIdentifier {
        &self.policy
    }

    /// The timestamp's serial number: the content of the INTEGER.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Who issued the signer's certificate, by the timestamp's own word, RFC 5652, Section 5.3. Not
    /// proven before [`TimestampResponse::verify`]; for the words of a refusal.
    #[must_use]
    pub fn unverified_signer_issuer(&self) -> AuthorityName {
        AuthorityName::of_name(&self.signer.issuer)
    }

    /// The serial number of the signer's certificate, the content of the INTEGER; no more proven.
    #[must_use]
    pub fn unverified_signer_serial(&self) -> &[u8] {
        &self.signer.serial
    }

    /// The certificates that came along.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// `ContentInfo { signedData, [0] SignedData }`.
fn signed_data(token: &[u8]) -> Result<TimestampResponse, Refusal> {
    let parts = sequence(token)?;
    let [kind, content] = parts.as_slice() else {
        return Err(Refusal::Malformed);
    };
    if *kind != asn1::oid(&oid::SIGNED_DATA) {
        return Err(Refusal::Malformed);
    }
    let body = sequence(asn1::content(0xA0, content).ok_or(Refusal::Malformed)?)?;
    let mut fields = body.into_iter().peekable();
    let _version = field(&mut fields, asn1::INTEGER)?;
    let _digest_algorithms = field(&mut fields, asn1::SET)?;
    let info = encapsulated(fields.next().ok_or(Refusal::Malformed)?)?;
    let certificates = fields.next_if(|field| field.first() == Some(&0xA0));
    let _revocation_lists = fields.next_if(|field| field.first() == Some(&0xA1));
    let signer_set = field(&mut fields, asn1::SET)?;
    if fields.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let infos = asn1::elements(signer_set).map_err(|_| Refusal::Malformed)?;
    let [signer] = infos.as_slice() else {
        return Err(Refusal::Signers);
    };
    tst_info(info, embedded(certificates)?, signer_info(signer)?)
}

/// `EncapsulatedContentInfo { id-ct-TSTInfo, [0] OCTET STRING }`: the `TSTInfo`.
fn encapsulated(der: &[u8]) -> Result<&[u8], Refusal> {
    let parts = sequence(der)?;
    let [kind, content] = parts.as_slice() else {
        return Err(Refusal::Content);
    };
    if *kind != asn1::oid(&oid::TST_INFO) {
        return Err(Refusal::Content);
    }
    asn1::content(0xA0, content)
        .and_then(|octets| asn1::content(asn1::OCTET_STRING, octets))
        .ok_or(Refusal::Content)
}

fn tst_info(
    info: &[u8],
    certificates: Vec<Certificate>,
    signer: Signer,
) -> Result<TimestampResponse, Refusal> {
    let parts = sequence(info).map_err(|_| Refusal::Content)?;
    let [version, policy, imprint, serial, gen_time, optional @ ..] = parts.as_slice() else {
        return Err(Refusal::Content);
    };
    if asn1::content(asn1::INTEGER, version) != Some(&[1]) {
        return Err(Refusal::Content);
    }
    let policy = asn1::content(asn1::OBJECT_IDENTIFIER, policy)
        .and_then(|bytes| ObjectIdentifier::from_bytes(bytes).ok())
        .ok_or(Refusal::Content)?;
    let (hash, digest) = parse_imprint(imprint).map_err(|_| Refusal::Imprint)?;
    Ok(TimestampResponse {
        hash,
        digest,
        policy,
        serial: asn1::content(asn1::INTEGER, serial).ok_or(Refusal::Content)?.to_vec(),
        gen_time: parse_gen_time(gen_time).ok_or(Refusal::GenTime)?,
        nonce: nonce(optional)?,
        certificates,
        signer,
        info: info.to_vec(),
    })
}

/// Behind `genTime`: accuracy, ordering, nonce, `[0]` tsa, `[1]` extensions, in this order.
fn nonce(optional: &[&[u8]]) -> Result<Option<Vec<u8>>, Refusal> {
    let order = [asn1::SEQUENCE, asn1::TRUE[0], asn1::INTEGER, 0xA0, 0xA1];
    let mut tags = order.iter();
    let mut nonce = None;
    for field in optional {
        let tag = field.first().copied().ok_or(Refusal::Content)?;
        if !tags.any(|expected| *expected == tag) {
            return Err(Refusal::Content);
        }
        if tag == asn1::INTEGER {
            nonce = asn1::content(asn1::INTEGER, field).map(<[u8]>::to_vec);
        }
    }
    Ok(nonce)
}

/// RFC 3161, Section 2.4.2: `YYYYMMDDhhmmss[.s...]Z`, a fraction without trailing zeros.
fn parse_gen_time(der: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(asn1::content(asn1::GENERALIZED_TIME, der)?).ok()?;
    let digits = text.strip_suffix('Z')?;
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    if whole.len() != 14 || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let bad = |f: &str| {
        f.is_empty() || f.len() > 9 || f.ends_with('0') || !f.bytes().all(|b| b.is_ascii_digit())
    };
    if fraction.is_some_and(bad) {
        return None;
    }
    let at = |range| whole.get(range).unwrap_or_default();
    let fraction = fraction.map(|f| format!(".{f}")).unwrap_or_default();
    let text = format!(
        "{}-{}-{}T{}:{}:{}{fraction}Z",
        at(0..4),
        at(4..6),
        at(6..8),
        at(8..10),
        at(10..12),
        at(12..14)
    );
    Time::parse_rfc3339(&text).ok()
}

fn embedded(certificates: Option<&[u8]>) -> Result<Vec<Certificate>, Refusal> {
    let Some(set) = certificates else {
        return Ok(Vec::new());
    };
    let certificates = asn1::elements(set).map_err(|_| Refusal::Certificate)?;
    if certificates.len() > MAX_CERTIFICATES {
        return Err(Refusal::Certificate);
    }
    certificates
        .into_iter()
        .map(|der| Certificate::from_der(der).map_err(|_| Refusal::Certificate))
        .collect()
}

pub(super) fn sequence(der: &[u8]) -> Result<Vec<&[u8]>, Refusal> {
    if der.first() != Some(&asn1::SEQUENCE) {
        return Err(Refusal::Malformed);
    }
    asn1::elements(der).map_err(|_| Refusal::Malformed)
}

fn field<'a>(fields: &mut impl Iterator<Item = &'a [u8]>, tag: u8) -> Result<&'a [u8], Refusal> {
    fields.next().filter(|field| field.first() == Some(&tag)).ok_or(Refusal::Malformed)
}
