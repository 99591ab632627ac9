//! DER documents by their structures.

use super::Unknown;
use crate::der::{
    BIT_STRING, Element, Fault, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, explicit,
};
use crate::kind::Kind;

/// The kind of a DER document, by the tags of its first two layers.
pub(crate) fn der(bytes: &[u8]) -> Result<Kind, Unknown> {
    let tried = |fault: Fault| Unknown::Der { tried: fault.to_string() };
    let outer = Reader::new(bytes, 0).expect(SEQUENCE, "the outer sequence").map_err(tried)?;
    let mut parts = Vec::new();
    let mut reader = outer.reader();
    while !reader.is_empty() && parts.len() < 8 {
        parts.push(reader.any("an element").map_err(tried)?);
    }
    let tags: Vec<u8> = parts.iter().map(|part| part.tag).collect();
    match tags.as_slice() {
        [SEQUENCE, SEQUENCE, BIT_STRING, ..] if is_request(&parts[0]) => {
            Ok(Kind::CertificateRequest)
        }
        [SEQUENCE, SEQUENCE, BIT_STRING, ..] => Ok(Kind::Certificate),
        [SEQUENCE, BIT_STRING] => Ok(Kind::PublicKey),
        // `PKIStatusInfo` begins with a number, where an algorithm begins with an identifier.
        [SEQUENCE] | [SEQUENCE, SEQUENCE] if parts[0].reader().peek() == Some(INTEGER) => {
            Ok(Kind::TimestampResponse)
        }
        [OID, tag] if *tag == explicit(0) => Ok(Kind::TimestampResponse),
        // PKCS#8, SEC 1, and PKCS#1: version, modulus, exponents, primes.
        [INTEGER, SEQUENCE, OCTET_STRING, ..]
        | [INTEGER, OCTET_STRING, ..]
        | [INTEGER, INTEGER, INTEGER, INTEGER, ..] => Ok(Kind::PrivateKey),
        [INTEGER, SEQUENCE, ..] if is_imprint(&parts[1]) => Ok(Kind::TimestampRequest),
        [SEQUENCE, OCTET_STRING] => Ok(Kind::SealedKey),
        _ => {
            let found: Vec<String> = tags.iter().map(|tag| format!("0x{tag:02x}")).collect();
            let tried = format!(
                "a certificate is 0x30 0x30 0x03 in a sequence, and this is {}",
                if found.is_empty() { "an empty one".to_owned() } else { found.join(" ") }
            );
            Err(Unknown::Der { tried })
        }
    }
}

/// `CertificationRequestInfo` has the key third; a certificate has the issuer or the serial there.
fn is_request(info: &Element<'_>) -> bool {
    let mut reader = info.reader();
    let third = (0..3).map(|_| reader.any("field")).nth(2);
    match third {
        Some(Ok(key)) if key.tag == SEQUENCE => {
            let mut key = key.reader();
            let _ = key.any("algorithm");
            key.peek() == Some(BIT_STRING)
        }
        _ => false,
    }
}

/// `MessageImprint`: an algorithm and a hash.
fn is_imprint(element: &Element<'_>) -> bool {
    let mut reader = element.reader();
    reader.expect(SEQUENCE, "algorithm").is_ok() && reader.peek() == Some(OCTET_STRING)
}
