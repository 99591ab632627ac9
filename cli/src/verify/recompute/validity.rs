//! (6) The certificate was valid when the signature was made.

use std::time::Duration;

use lite_time::Time;
use lite_verifier::Step;

use super::block::Block;
use super::facts::{Facts, Leaf};
use super::place::Place;
use super::shell::{Script, cut};

/// The tag of a time with a year of two digits.
const UTC_TIME: u8 = 0x17;

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    let Some(leaf) = &facts.leaf else { return Vec::new() };
    facts.times.iter().enumerate().map(|(index, at)| block(leaf, index, *at)).collect()
}

/// Times as `YYYYMMDDhhmmss` are numbers in their order.
fn block(leaf: &Leaf, index: usize, at: Time) -> Block {
    let (certificate, places) = (&leaf.certificate, &leaf.places);
    let mut script = Script::new();
    script.write("leaf.der", certificate.der());
    script.line("openssl x509 -inform DER -in leaf.der -noout -dates");
    script.line(format!("first={}", digits_at(places.not_before, certificate.not_before())));
    script.line(format!("last={}", digits_at(places.not_after, certificate.not_after())));
    // A certificate's times are whole seconds: what is past the last one is not in it any more.
    let (floor, ceiling) = (at.floor_to_second(), at.plus(Duration::from_millis(999)));
    script.line(format!(
        "[ $first -le {} ] && [ {} -le $last ] && echo OK",
        digits(floor),
        digits(ceiling)
    ));
    Block::new(Step::Validity, format!("time {index} lies in the certificate's validity"))
        .value("notBefore", format!("{} at {}", certificate.not_before(), places.not_before))
        .value("notAfter", format!("{} at {}", certificate.not_after(), places.not_after))
        .value("signed at", format!("{}, {at}", at.secs()))
        .run(script, "OK")
}

/// A command's output: the digits of a time in the certificate, with the century where the
/// certificate leaves it out (RFC 5280, Section 4.1.2.5.1).
fn digits_at(place: Place, time: Time) -> String {
    let (start, _) = place.inner();
    let (century, length) = if place.tag == UTC_TIME { (2, 12) } else { (0, 14) };
    let century = digits(time).get(..century).unwrap_or_default().to_owned();
    format!("{century}$({})", cut("leaf.der", (start, length)))
}

fn digits(at: Time) -> String {
    at.to_rfc3339().chars().filter(char::is_ascii_digit).collect()
}
