//! DER, written: the handful of shapes that certificates and timestamps are made of.
//!
//! Why not the `der` derive: what we issue has no optional part that could fail to encode, so
//! these functions are total, and a certificate reads as the list of its fields. What we *read*
//! goes through `der` and `x509-cert`, so two independent encoders meet in each test.

use der::asn1::AnyRef;
use der::{Reader, SliceReader, Tagged};
use lite_time::Time;

use crate::oid::ObjectIdentifier;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0C;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const NULL: [u8; 2] = [0x05, 0x00];
pub(crate) const TRUE: [u8; 3] = [0x01, 0x01, 0xFF];

/// Tag, definite length in the fewest bytes, content.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    if length < 0x80 {
        out.push(length.to_le_bytes()[0]);
    } else {
        let bytes = length.to_be_bytes();
        let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        out.push(0x80 | significant.len().to_le_bytes()[0]);
        out.extend_from_slice(significant);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, parts)
}

/// `SET OF`: X.690, Section 11.6, orders the encodings of the elements.
pub(crate) fn set_of(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    let parts: Vec<&[u8]> = elements.iter().map(Vec::as_slice).collect();
    tlv(SET, &parts)
}

pub(crate) fn oid(id: &ObjectIdentifier) -> Vec<u8> {
    tlv(OBJECT_IDENTIFIER, &[id.as_bytes()])
}

/// A non-negative integer from its big-endian bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = &bytes[zeros.min(bytes.len().saturating_sub(1))..];
    match significant.first() {
        None => tlv(INTEGER, &[&[0]]),
        Some(first) if *first >= 0x80 => tlv(INTEGER, &[&[0], significant]),
        Some(_) => tlv(INTEGER, &[significant]),
    }
}

/// A bit string whose bits fill its bytes.
pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[0], bytes])
}

pub(crate) fn octet_string(bytes: &[u8]) -> Vec<u8> {
    tlv(OCTET_STRING, &[bytes])
}

pub(crate) fn utf8(text: &str) -> Vec<u8> {
    tlv(UTF8_STRING, &[text.as_bytes()])
}

/// RFC 5280, Section 4.1.2.5: dates through 2049 MUST be `UTCTime`, later ones `GeneralizedTime`.
pub(crate) fn time(at: Time) -> Vec<u8> {
    let digits = calendar_digits(at);
    if (1950..2050).contains(&at.to_offset().year()) {
        tlv(UTC_TIME, &[&digits.as_bytes()[2..]])
    } else {
        tlv(GENERALIZED_TIME, &[digits.as_bytes()])
    }
}

/// RFC 3161, Section 2.4.2: `YYYYMMDDHHMMSSZ`; no fraction, several clients read none.
pub(crate) fn generalized_time(at: Time) -> Vec<u8> {
    tlv(GENERALIZED_TIME, &[calendar_digits(at).as_bytes()])
}

fn calendar_digits(at: Time) -> String {
    at.to_rfc3339().chars().filter(|c| c.is_ascii_digit() || *c == 'Z').collect()
}

/// An extension: `critical` is written only when true (DER omits a default).
pub(crate) fn extension(id: &ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &TRUE } else { &[] };
    sequence(&[&oid(id), critical, &octet_string(value)])
}

/// The elements of a constructed DER value, each with its tag and length; nothing may follow it.
pub(crate) fn elements(der: &[u8]) -> Result<Vec<&[u8]>, der::Error> {
    let mut outer = SliceReader::new(der)?;
    let value: AnyRef<'_> = outer.decode()?;
    if !value.tag().is_constructed() {
        return Err(value.tag().value_error().into());
    }
    outer.finish()?;
    all(value.value())
}

/// DER values one after the other, to the end.
pub(crate) fn all(bytes: &[u8]) -> Result<Vec<&[u8]>, der::Error> {
    let mut reader = SliceReader::new(bytes)?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(reader.tlv_bytes()?);
    }
    Ok(elements)
}

/// The content of one DER value of this tag; nothing may follow it.
pub(crate) fn content(tag: u8, der: &[u8]) -> Option<&[u8]> {
    if der.first() != Some(&tag) {
        return None;
    }
    let mut reader = SliceReader::new(der).ok()?;
    let value: AnyRef<'_> = reader.decode().ok()?;
    reader.finish().ok()?;
    Some(value.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_fewest_bytes() {
        for (length, head) in [
            (0, vec![0x04, 0x00]),
            (127, vec![0x04, 0x7F]),
            (128, vec![0x04, 0x81, 0x80]),
            (255, vec![0x04, 0x81, 0xFF]),
            (256, vec![0x04, 0x82, 0x01, 0x00]),
            (65_536, vec![0x04, 0x83, 0x01, 0x00, 0x00]),
        ] {
            let der = octet_string(&vec![7; length]);
            assert_eq!(&der[..head.len()], head, "{length}");
            assert_eq!(content(OCTET_STRING, &der).map(<[u8]>::len), Some(length));
        }
    }

    #[test]
    fn integers_are_minimal_and_never_negative() {
        for (bytes, der) in [
            (&[][..], &[2, 1, 0][..]),
            (&[0, 0], &[2, 1, 0]),
            (&[0, 1], &[2, 1, 1]),
            (&[0x7F], &[2, 1, 0x7F]),
            (&[0x80], &[2, 2, 0, 0x80]),
        ] {
            assert_eq!(unsigned(bytes), der);
        }
    }

    #[test]
    fn the_year_chooses_the_kind_of_time() {
        let check = |text: &str, tag: u8, digits: &[u8]| {
            assert_eq!(time(Time::parse_rfc3339(text).unwrap()), tlv(tag, &[digits]), "{text}");
        };
        check("2049-12-31T23:59:59Z", UTC_TIME, b"491231235959Z");
        check("2050-01-01T00:00:00Z", GENERALIZED_TIME, b"20500101000000Z");
        check("1950-01-01T00:00:00Z", UTC_TIME, b"500101000000Z");
    }

    #[test]
    fn refuses_what_is_not_der() {
        for bytes in [
            &[0x30, 0x80, 0x00, 0x00][..], // indefinite length
            &[0x30, 0x81, 0x00],           // length in more bytes than needed
            &[0x30, 0x00, 0x00],           // something follows
            &[0x04, 0x00],                 // not constructed
            &[0x30, 0x02, 0x04],           // cut
        ] {
            assert!(elements(bytes).is_err(), "{bytes:02x?}");
        }
    }
}
