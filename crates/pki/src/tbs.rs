//! A certificate, field by field, and its signature.
//!
//! Why not `rcgen` or the builder of `x509-cert`: Fulcio's profile fixes each byte (empty subject,
//! the order of extensions, raw extension contents, a poison that must come last), and here it
//! stands as the list of what is written. The client's key goes in as the bytes it came in.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use lite_keys::{SignError, SigningKey};
use lite_time::Time;

use crate::algorithm::signature_identifier;
use crate::asn1;
use crate::oid;

/// `TBSCertificate`, RFC 5280, Section 4.1.
pub(crate) struct Tbs<'a> {
    pub(crate) serial: &'a [u8],
    /// The issuing CA's `AlgorithmIdentifier`.
    pub(crate) algorithm: &'a [u8],
    pub(crate) issuer: &'a [u8],
    pub(crate) not_before: Time,
    pub(crate) not_after: Time,
    pub(crate) subject: &'a [u8],
    pub(crate) spki: &'a [u8],
    pub(crate) extensions: &'a [Vec<u8>],
}

impl Tbs<'_> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let extensions: Vec<&[u8]> = self.extensions.iter().map(Vec::as_slice).collect();
        asn1::sequence(&[
            &asn1::tlv(0xA0, &[&asn1::unsigned(&[2])]), // [0] version v3
            &asn1::unsigned(self.serial),
            self.algorithm,
            self.issuer,
            &asn1::sequence(&[&asn1::time(self.not_before), &asn1::time(self.not_after)]),
            self.subject,
            self.spki,
            &asn1::tlv(0xA3, &[&asn1::sequence(&extensions)]), // [3] extensions
        ])
    }
}

/// Signs a `TBSCertificate` with the hash that goes with the key.
pub(crate) fn sign(tbs: &[u8], key: &SigningKey) -> Result<Vec<u8>, SignError> {
    Ok(assemble(tbs, &signature_identifier(key.kind()), &key.sign_default(tbs)?))
}

/// The certificate of its three parts.
pub(crate) fn assemble(tbs: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    asn1::sequence(&[tbs, algorithm, &asn1::bit_string(signature)])
}

/// RFC 5280, Section 4.2.1.2, method (1): SHA-1 of the key's bits. It names a key, nothing more:
/// nobody relies on its collision resistance, and Fulcio computes it so.
pub(crate) fn key_identifier(spki: &[u8]) -> Vec<u8> {
    let bits = asn1::elements(spki)
        .ok()
        .and_then(|parts| parts.last().and_then(|bits| asn1::content(asn1::BIT_STRING, bits)))
        .and_then(|bits| bits.get(1..)) // the first byte counts unused bits
        .unwrap_or_default();
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bits).as_ref().to_vec()
}

/// A serial number of 20 random bytes: positive, at most 159 bits (RFC 5280, Section 4.1.2.2), and
/// as long as Fulcio's, with the second bit set so that it never shrinks to nothing.
pub(crate) fn serial(random: [u8; 20]) -> [u8; 20] {
    let mut serial = random;
    serial[0] = (serial[0] & 0x7F) | 0x40;
    serial
}

pub(crate) fn key_usage(first_byte: u8) -> Vec<u8> {
    // DER: a named bit list without trailing zeros, so the unused bits are counted.
    let unused = u8::try_from(first_byte.trailing_zeros()).unwrap_or(0);
    asn1::extension(&oid::KEY_USAGE, true, &asn1::tlv(asn1::BIT_STRING, &[&[unused, first_byte]]))
}

pub(crate) fn extended_key_usage(purpose: &oid::ObjectIdentifier, critical: bool) -> Vec<u8> {
    let value = asn1::sequence(&[&asn1::oid(purpose)]);
    asn1::extension(&oid::EXTENDED_KEY_USAGE, critical, &value)
}

pub(crate) fn basic_constraints_ca(path_len: u8) -> Vec<u8> {
    let value = asn1::sequence(&[&asn1::TRUE, &asn1::unsigned(&[path_len])]);
    asn1::extension(&oid::BASIC_CONSTRAINTS, true, &value)
}

pub(crate) fn subject_key_id(id: &[u8]) -> Vec<u8> {
    asn1::extension(&oid::SUBJECT_KEY_IDENTIFIER, false, &asn1::octet_string(id))
}

pub(crate) fn authority_key_id(id: &[u8]) -> Vec<u8> {
    let value = asn1::sequence(&[&asn1::tlv(0x80, &[id])]); // [0] keyIdentifier
    asn1::extension(&oid::AUTHORITY_KEY_IDENTIFIER, false, &value)
}

/// `digitalSignature`.
pub(crate) const DIGITAL_SIGNATURE: u8 = 0x80;
/// `keyCertSign` and `cRLSign`.
pub(crate) const CERT_AND_CRL_SIGN: u8 = 0x06;
