//! The small values of DER: numbers, times, texts, algorithms.

use lite_time::Time;

use super::{BOOLEAN, Element, Fault, INTEGER, OID, Reader, SEQUENCE, oids};
use crate::tree::Tree;

/// An integer: in decimals where it fits, or in hexadecimal digits.
pub(super) fn integer(label: &str, element: &Element<'_>) -> Tree {
    let tree = match small(element) {
        Some(number) => Tree::text(label, number),
        None => Tree::bytes(label, element.content),
    };
    tree.at(element.span())
}

/// A non-negative integer of up to eight bytes.
pub(super) fn small(element: &Element<'_>) -> Option<u64> {
    let content = element.content;
    let fits = (1..=8).contains(&content.len()) && content[0] < 0x80;
    fits.then(|| content.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// A serial number, which is always written in hexadecimal digits.
pub(super) fn serial(label: &str, element: &Element<'_>) -> Tree {
    Tree::bytes(label, element.content).at(element.span())
}

pub(super) fn boolean(element: &Element<'_>) -> bool {
    element.tag == BOOLEAN && element.content.first().is_some_and(|byte| *byte != 0)
}

/// `UTCTime` or `GeneralizedTime`, with a fraction of a second in the latter.
pub(super) fn time(element: &Element<'_>) -> Option<Time> {
    let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    let (digits, fraction) = match text.split_once('.') {
        Some((digits, fraction)) => (digits, Some(fraction)),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(digits) || !fraction.is_none_or(|text| !text.is_empty() && all_digits(text)) {
        return None;
    }
    let (year, rest) = match element.tag {
        // RFC 5280, Section 4.1.2.5.1: two digits, below 50 in this century.
        0x17 if digits.len() == 12 && fraction.is_none() => {
            let (year, rest) = digits.split_at(2);
            let century = if year < "50" { "20" } else { "19" };
            (format!("{century}{year}"), rest)
        }
        0x18 if digits.len() == 14 => {
            let (year, rest) = digits.split_at(4);
            (year.to_owned(), rest)
        }
        _ => return None,
    };
    let part = |from: usize| &rest[from..from + 2];
    let fraction = fraction.map(|text| format!(".{}", &text[..text.len().min(9)]));
    let text = format!(
        "{year}-{}-{}T{}:{}:{}{}Z",
        part(0),
        part(2),
        part(4),
        part(6),
        part(8),
        fraction.unwrap_or_default()
    );
    Time::parse_rfc3339(&text).ok()
}

/// A text of any of ASN.1's string types, as well as it can be told.
pub(super) fn string(element: &Element<'_>) -> String {
    match element.tag {
        // BMPString: UTF-16, big-endian.
        0x1E => {
            let units = element.content.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => String::from_utf8_lossy(element.content).into_owned(),
    }
}

/// `AlgorithmIdentifier`: the algorithm, and its parameter where that is an identifier too.
pub(super) fn algorithm(label: &str, element: &Element<'_>) -> Tree {
    let tree = Tree::new(label).at(element.span());
    match algorithm_parts(element) {
        Ok((id, None)) => tree.with_text(oids::told(&id)),
        Ok((id, Some(parameter))) => {
            tree.with_text(format!("{}, {}", oids::told(&id), oids::told(&parameter)))
        }
        Err(fault) => tree.noting(format_args!("unreadable: {fault}")),
    }
}

/// The identifier of an `AlgorithmIdentifier`, and of its parameter (a curve).
pub(super) fn algorithm_parts<'a>(
    element: &Element<'a>,
) -> Result<(Element<'a>, Option<Element<'a>>), Fault> {
    let mut reader = element.reader();
    let id = reader.expect(OID, "algorithm")?;
    Ok((id, reader.optional(OID, "parameter of the algorithm")?))
}

/// `AlgorithmIdentifier` that comes next.
pub(super) fn next_algorithm(reader: &mut Reader<'_>, label: &'static str) -> Result<Tree, Fault> {
    Ok(algorithm(label, &reader.expect(SEQUENCE, label)?))
}

/// The version of a structure that counts from 0 or from 1.
pub(super) fn version(reader: &mut Reader<'_>, counted_from: u64) -> Result<Tree, Fault> {
    let element = reader.expect(INTEGER, "version")?;
    let number = small(&element).ok_or(element.fault("version"))?;
    let tree = Tree::text("version", number.saturating_add(1 - counted_from.min(1)));
    Ok(tree.at(element.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Option<String> {
        let length = u8::try_from(text.len()).unwrap();
        let der = [&[tag, length], text.as_bytes()].concat();
        let element = Reader::new(&der, 0).any("time").unwrap();
        time(&element).map(Time::to_rfc3339)
    }

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(read(0x17, "491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(read(0x17, "500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
        assert_eq!(read(0x18, "20250101000000.5Z").as_deref(), Some("2025-01-01T00:00:00Z"));
        for wrong in ["", "Z", "20251301000000Z", "2025010100000é", "20250101000000.Z"] {
            assert_eq!(read(0x18, wrong), None, "{wrong}");
        }
    }
}
