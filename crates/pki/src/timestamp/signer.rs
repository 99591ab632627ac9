//! `SignerInfo` and its signed attributes, RFC 5652, Sections 5.3 and 11, RFC 5816.

use lite_keys::HashAlgorithm;

use super::response::{TimestampResponseError as Refusal, sequence};
use crate::algorithm::{SignatureAlgorithm, hash_from_der};
use crate::asn1;
use crate::oid::{self, ObjectIdentifier};

/// `SignerInfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signer {
    /// `issuerAndSerialNumber.issuer`, DER.
    pub(super) issuer: Vec<u8>,
    /// `issuerAndSerialNumber.serialNumber`, the content of the INTEGER.
    pub(super) serial: Vec<u8>,
    pub(super) digest_hash: HashAlgorithm,
    /// The signed attributes as they are signed, with the tag of a SET.
    pub(super) attributes: Vec<u8>,
    pub(super) message_digest: Vec<u8>,
    /// The value of `signingCertificateV2`, or of `signingCertificate` (SHA-1).
    pub(super) signing_certificate: SigningCertificate,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) signature: Vec<u8>,
}

/// By which hash the signed attributes name the signer's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SigningCertificate {
    /// `ESSCertID`, RFC 2634: SHA-1.
    Sha1(Vec<u8>),
    /// `ESSCertIDv2`, RFC 5816.
    Sha2(HashAlgorithm, Vec<u8>),
}

/// Reads the one `SignerInfo`.
pub(super) fn signer_info(der: &[u8]) -> Result<Signer, Refusal> {
    let fields = sequence(der)?;
    // The unsigned attributes, `[1]`, may follow; nobody vouches for them, so nobody reads them.
    let [version, id, digest_algorithm, attributes, algorithm, signature, rest @ ..] =
        fields.as_slice()
    else {
        return Err(Refusal::Attributes);
    };
    if !matches!(rest, [] | [[0xA1, ..]]) || attributes.first() != Some(&0xA0) {
        return Err(Refusal::Malformed);
    }
    if asn1::content(asn1::INTEGER, version) != Some(&[1]) {
        return Err(Refusal::SignerId);
    }
    let id = sequence(id).map_err(|_| Refusal::SignerId)?;
    let [issuer, serial] = id.as_slice() else {
        return Err(Refusal::SignerId);
    };
    let (message_digest, signing_certificate) = signed_attributes(attributes)?;
    let mut as_set = attributes.to_vec();
    as_set[0] = asn1::SET; // RFC 5652, Section 5.4: it was tagged so when it was signed.
    Ok(Signer {
        issuer: issuer.to_vec(),
        serial: asn1::content(asn1::INTEGER, serial).ok_or(Refusal::SignerId)?.to_vec(),
        digest_hash: hash_from_der(digest_algorithm).ok_or(Refusal::Algorithm)?,
        attributes: as_set,
        message_digest,
        signing_certificate,
        algorithm: SignatureAlgorithm::from_der(algorithm).ok_or(Refusal::Algorithm)?,
        signature: asn1::content(asn1::OCTET_STRING, signature).ok_or(Refusal::Malformed)?.to_vec(),
    })
}

/// RFC 3161, Section 2.4.2 and RFC 5652, Section 5.3: each of these once, with one value.
fn signed_attributes(der: &[u8]) -> Result<(Vec<u8>, SigningCertificate), Refusal> {
    let list = asn1::elements(der).map_err(|_| Refusal::Attributes)?;
    let values = |kind: &ObjectIdentifier| -> Result<Option<&[u8]>, Refusal> {
        let kind = asn1::oid(kind);
        let mut found = None;
        for attribute in &list {
            let parts = asn1::elements(attribute).map_err(|_| Refusal::Attributes)?;
            let [id, set] = parts.as_slice() else {
                return Err(Refusal::Attributes);
            };
            if *id == kind {
                let values = asn1::elements(set).map_err(|_| Refusal::Attributes)?;
                let [value] = values.as_slice() else {
                    return Err(Refusal::Attributes);
                };
                if found.replace(*value).is_some() {
                    return Err(Refusal::Attributes);
                }
            }
        }
        Ok(found)
    };
    if values(&oid::CONTENT_TYPE)? != Some(asn1::oid(&oid::TST_INFO).as_slice()) {
        return Err(Refusal::Attributes);
    }
    let digest = values(&oid::MESSAGE_DIGEST)?
        .and_then(|value| asn1::content(asn1::OCTET_STRING, value))
        .ok_or(Refusal::Attributes)?;
    let certificate = match values(&oid::SIGNING_CERTIFICATE_V2)? {
        Some(value) => ess_cert_id(value, true),
        None => ess_cert_id(values(&oid::SIGNING_CERTIFICATE)?.ok_or(Refusal::Attributes)?, false),
    };
    Ok((digest.to_vec(), certificate.ok_or(Refusal::Attributes)?))
}

/// The first `ESSCertID` of `SigningCertificate { certs, policies OPTIONAL }`: "The first
/// certificate identified … MUST be the certificate used to verify the signature" (RFC 5035).
fn ess_cert_id(der: &[u8], version_2: bool) -> Option<SigningCertificate> {
    let outer = asn1::elements(der).ok()?;
    let ids = asn1::elements(outer.first()?).ok()?;
    let fields = asn1::elements(ids.first()?).ok()?;
    let (algorithm, fields) = match fields.split_first()? {
        (first, rest) if version_2 && first.first() == Some(&asn1::SEQUENCE) => {
            (Some(*first), rest)
        }
        _ => (None, fields.as_slice()),
    };
    let digest = asn1::content(asn1::OCTET_STRING, fields.first()?)?.to_vec();
    match (version_2, algorithm) {
        (false, _) => Some(SigningCertificate::Sha1(digest)),
        (true, None) => Some(SigningCertificate::Sha2(HashAlgorithm::Sha256, digest)),
        (true, Some(algorithm)) => {
            Some(SigningCertificate::Sha2(hash_from_der(algorithm)?, digest))
        }
    }
}
