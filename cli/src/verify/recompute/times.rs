//! (0) When the signature was made, and who says so.

use lite_bundle::trust::{CertificateAuthority, ValidityWindow};
use lite_keys::HashAlgorithm;
use lite_pki::Certificate;
use lite_pki::timestamp::{TimestampResponse, TrustedAuthority};
use lite_time::Time;
use lite_verifier::Step;

use super::block::Block;
use super::facts::Facts;
use super::place::TimestampPlaces;
use super::shell::{Script, cut, hashed};

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (index, der) in facts.given.bundle.timestamps.iter().enumerate() {
        let Ok(response) = TimestampResponse::from_der(der) else { continue };
        let Some(places) = TimestampPlaces::of(der) else { continue };
        blocks.extend(timestamp(facts, index, der, &response, places));
    }
    for (index, entry) in facts.given.bundle.entries.iter().enumerate() {
        let Some(secs) = entry.integrated_time.filter(|_| entry.inclusion_promise.is_some()) else {
            continue;
        };
        blocks.push(
            Block::new(Step::Times, format!("entry {index} has an integrated time"))
                .value("integrated time", format!("{secs}, {}", Time::from_secs(secs)))
                .value("proven by", "the SET of step (5)"),
        );
    }
    blocks
}

fn timestamp(
    facts: &Facts<'_>,
    index: usize,
    der: &[u8],
    response: &TimestampResponse,
    places: TimestampPlaces,
) -> Vec<Block> {
    let signature = facts.given.bundle.content.signature();
    let (hash, imprint) = response.imprint();
    let at = response.unverified_time();
    let mut blocks = vec![imprint_block(index, signature, hash, imprint, places)];
    blocks.push(time_block(index, der, at, places));
    if let Some((authority, trusted)) = authority(facts, response, signature) {
        blocks.push(verify_block(index, der, signature, at, &trusted));
        let window = authority.valid_for.clone().unwrap_or_default();
        blocks.push(window_block(
            Block::new(Step::Times, format!("timestamp {index}: the authority was trusted"))
                .value("authority", &authority.uri),
            at,
            &window,
        ));
    }
    blocks
}

/// The imprint is the digest of the signature's bytes.
fn imprint_block(
    index: usize,
    signature: &[u8],
    hash: HashAlgorithm,
    imprint: &[u8],
    places: TimestampPlaces,
) -> Block {
    let mut script = Script::new();
    let bytes = script.bytes(signature);
    script.line(format!("{bytes} | {}", hashed(hash)));
    Block::new(Step::Times, format!("timestamp {index}: the imprint is of the signature"))
        .value("messageImprint", format!("{} at {}", hash.short_name(), places.imprint))
        .value("TSTInfo", places.info)
        .value("signedAttrs", places.attributes)
        .run(script, hex::encode(imprint))
}

/// The time, cut out of the timestamp.
fn time_block(index: usize, der: &[u8], at: Time, places: TimestampPlaces) -> Block {
    let (start, length) = places.gen_time.inner();
    let text = der.get(start..start + length).unwrap_or_default();
    let mut script = Script::new();
    script.write("tsr.der", der);
    script.note("the whole of it, for people");
    script.line("openssl ts -reply -in tsr.der -text 2>&1");
    script.line(format!("{}; echo", cut("tsr.der", (start, length))));
    Block::new(Step::Times, format!("timestamp {index}: the time"))
        .value("genTime", places.gen_time)
        .value("seconds", at.secs())
        .run(script, String::from_utf8_lossy(text))
}

/// The authority signed it.
fn verify_block(
    index: usize,
    der: &[u8],
    signature: &[u8],
    at: Time,
    trusted: &TrustedAuthority,
) -> Block {
    let block = Block::new(Step::Times, format!("timestamp {index}: the authority signed it"));
    let Some((anchor, others)) = trusted.chain.split_last() else { return block };
    let mut script = Script::new();
    script.write("signature.bin", signature);
    script.write("tsr.der", der);
    script.certificates("root.pem", std::slice::from_ref(anchor));
    let mut options = String::new();
    if !others.is_empty() {
        script.certificates("untrusted.pem", others);
        options.push_str(" -untrusted untrusted.pem");
    }
    if !anchor.is_self_issued() {
        options.push_str(" -partial_chain");
    }
    script.line(format!(
        "openssl ts -verify -data signature.bin -in tsr.der -CAfile root.pem{options} \
         -attime {} 2>&1 | grep -o 'Verification: .*'",
        at.secs()
    ));
    block
        .value("root", hex::encode(HashAlgorithm::Sha256.digest(anchor.der())))
        .value("certificates", trusted.chain.len())
        .run(script, "Verification: OK")
}

/// The authority that verifies the timestamp, or the one that it names, or the first.
fn authority<'a>(
    facts: &Facts<'a>,
    response: &TimestampResponse,
    signature: &[u8],
) -> Option<(&'a CertificateAuthority, TrustedAuthority)> {
    let all = facts.given.root.timestamp_authorities.iter().filter_map(|authority| {
        let chain: Result<Vec<_>, _> = authority.chain().map(Certificate::from_der).collect();
        let window = authority.valid_for.clone().unwrap_or_default();
        let trusted = TrustedAuthority {
            chain: chain.ok()?,
            valid_from: window.start,
            valid_until: window.end,
        };
        let rank = if response.verify(signature, &trusted).is_ok() {
            2
        } else {
            u8::from(response.names(&trusted))
        };
        Some((rank, (authority, trusted)))
    });
    // Of equals the first: `max_by_key` answers with the last.
    let all: Vec<_> = all.collect();
    all.into_iter().rev().max_by_key(|(rank, _)| *rank).map(|(_, found)| found)
}

/// A time lies in a window of the trusted root, both ends included.
pub(super) fn window_block(block: Block, at: Time, window: &ValidityWindow) -> Block {
    let shown = |time: Option<Time>, open: &str| {
        time.map_or_else(|| open.to_owned(), |time| format!("{}, {time}", time.secs()))
    };
    let block = block
        .value("trusted from", shown(window.start, "ever"))
        .value("trusted until", shown(window.end, "now open"))
        .value("time", format!("{}, {at}", at.secs()));
    let mut tests = Vec::new();
    // Thousandths, as far as times are read at all.
    if let Some(start) = window.start {
        tests.push(format!("[ {} -le {} ]", start.millis(), at.millis()));
    }
    if let Some(end) = window.end {
        tests.push(format!("[ {} -le {} ]", at.millis(), end.millis()));
    }
    if tests.is_empty() {
        return block;
    }
    let mut script = Script::new();
    script.note("milliseconds since 1970");
    script.line(format!("{} && echo OK", tests.join(" && ")));
    block.run(script, "OK")
}
