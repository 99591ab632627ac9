//! What is too long or too many is refused before anything of it is decoded or kept.

use std::fs::File;
use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use lite_keys::KeyKind;
use lite_verifier::{Artifact, Policy, Reason};

use crate::stack::{ARTIFACT, Stack, me};

const MILLION: usize = 1_000_000;
/// More than this beside the document itself is too much.
const MAX_MEMORY: u64 = 16 << 20;
/// A document of 64 MiB is read at some 100 MiB a second on a slow, busy machine.
const MAX_TIME: Duration = Duration::from_secs(5);

/// A bundle with `member` written as `by`.
fn with(bundle: &str, member: &str, by: &str) -> String {
    let changed = bundle.replacen(member, by, 1);
    assert_ne!(changed, bundle, "no {member}");
    changed
}

/// `start`, `item` a million times with commas, `end`.
fn million(start: &str, item: &str, end: &str) -> String {
    let mut text = String::with_capacity(start.len() + (item.len() + 1) * MILLION + end.len());
    text.push_str(start);
    for _ in 1..MILLION {
        text.push_str(item);
        text.push(',');
    }
    text + item + end
}

/// Name, document, and the word with which it is refused.
type Document = (&'static str, Box<dyn Fn() -> String>, Reason);

fn documents() -> Vec<Document> {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let message: &'static str = Box::leak(stack.message(&hand).to_json().into_boxed_str());
    let envelope: &'static str = Box::leak(stack.attestation(&hand).to_json().into_boxed_str());
    let old: &'static str = Box::leak(
        with(message, "application/vnd.dev.sigstore.bundle.v0.3+json", OLD).into_boxed_str(),
    );
    let insert = |bundle: &'static str, after: &'static str, item: &'static str| {
        let at = bundle.find(after).unwrap() + after.len();
        let (start, end) = bundle.split_at(at);
        let end = if end.starts_with(']') { end.to_owned() } else { format!(",{end}") };
        let make: Box<dyn Fn() -> String> = Box::new(move || million(start, item, &end));
        make
    };
    let long = |bundle: &'static str, before: &'static str, megabytes: usize| {
        let at = bundle.find(before).unwrap() + before.len();
        let (start, end) = bundle.split_at(at);
        let make: Box<dyn Fn() -> String> = Box::new(move || {
            let mut text = String::with_capacity(bundle.len() + (megabytes << 20));
            text.push_str(start);
            (0..megabytes << 20).for_each(|_| text.push('A'));
            text + end
        });
        make
    };
    let deep = |bundle: &'static str, before: &'static str| {
        let at = bundle.find(before).unwrap() + before.len();
        let (start, end) = bundle.split_at(at);
        let make: Box<dyn Fn() -> String> = Box::new(move || {
            let (open, close) = ("[".repeat(MILLION), "]".repeat(MILLION));
            format!("{start}{open}{close},{end}")
        });
        make
    };
    // Deep values where nothing is kept any more, after as many entries as may be.
    let below: Box<dyn Fn() -> String> = Box::new(move || {
        let at = message.find(ENTRIES).unwrap() + ENTRIES.len();
        let (start, end) = message.split_at(at);
        let (open, close) = ("[".repeat(MILLION), "]".repeat(MILLION));
        format!("{start}{}{open}{close},{end}", "{},".repeat(40))
    });
    vec![
        ("a document of 65 MiB", long(message, "\"signature\":\"", 65), Reason::BundleTooLarge),
        ("a signature of 63 MiB", long(message, "\"signature\":\"", 63), Reason::BundleTooLarge),
        ("a leaf of 63 MiB", long(message, "\"canonicalizedBody\":\"", 63), Reason::BundleTooLarge),
        ("a checkpoint of 63 MiB", long(message, "\"envelope\":\"", 63), Reason::BundleTooLarge),
        ("a kind of 63 MiB", long(message, "\"kind\":\"", 63), Reason::BundleTooLarge),
        (
            "a payload type of 63 MiB",
            long(envelope, "\"payloadType\":\"", 63),
            Reason::BundleTooLarge,
        ),
        (
            "a timestamp of 63 MiB",
            long(message, "\"signedTimestamp\":\"", 63),
            Reason::BundleTooLarge,
        ),
        ("a certificate of 63 MiB", long(message, "\"rawBytes\":\"", 63), Reason::BundleTooLarge),
        (
            "a media type of 63 MiB",
            long(message, "\"mediaType\":\"", 63),
            Reason::BundleVersionUnknown,
        ),
        ("a million entries", insert(message, ENTRIES, "{}"), Reason::BundleTooLarge),
        (
            "a million timestamps",
            insert(message, "\"rfc3161Timestamps\":[", "{}"),
            Reason::BundleTooLarge,
        ),
        ("a million hashes", insert(message, "\"hashes\":[", "\"AA==\""), Reason::BundleTooLarge),
        (
            "a million signatures",
            insert(envelope, "\"signatures\":[", "{}"),
            Reason::BundleMalformed,
        ),
        ("a million levels", deep(message, ENTRIES), Reason::BundleMalformed),
        ("a million levels of an old bundle", deep(old, ENTRIES), Reason::BundleMalformed),
        ("a million levels below what is kept", below, Reason::BundleTooLarge),
    ]
}

const ENTRIES: &str = "\"tlogEntries\":[";
const OLD: &str = "application/vnd.dev.sigstore.bundle+json;version=0.2";

/// `VmHWM` or `VmRSS` of this process, in bytes.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<u64>().unwrap() << 10
}

/// Alone in its process, so that the memory is its own.
#[test]
#[ignore = "run by the test below"]
fn measured() {
    let stack = Stack::new();
    let (verifier, artifact) = (stack.verifier(), Artifact::of_bytes(ARTIFACT));
    for (name, make, expected) in documents() {
        let document = make();
        // Linux: forget the highest memory so far.
        let mut peak = File::options().write(true).open("/proc/self/clear_refs").unwrap();
        peak.write_all(b"5").unwrap();
        let (before, start) = (memory("VmRSS"), Instant::now());
        let report = verifier.verify_json(document.as_bytes(), &artifact, &Policy::identity(me()));
        let (took, more) = (start.elapsed(), memory("VmHWM").saturating_sub(before));
        println!("{name}: {} KiB more, {} ms", more >> 10, took.as_millis());
        assert_eq!(report.refusal().map(|refusal| refusal.reason), Some(expected), "{name}");
        assert!(report.to_string().len() < 8 << 10, "{name}: a report of its own length");
        // A text with escapes is put together elsewhere, in a buffer that doubles.
        let copies = if name.contains("checkpoint") { 3 * document.len() as u64 } else { 0 };
        assert!(more < MAX_MEMORY + copies, "{name}: {more} bytes of memory");
        assert!(took < MAX_TIME, "{name}: {took:?}");
    }
}

#[test]
fn too_much_is_refused_before_it_costs_anything() {
    if !cfg!(target_os = "linux") {
        println!("skipped: memory is measured on Linux alone");
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let ran = command.args(["--ignored", "--exact", "limits::measured", "--nocapture"]).output();
    let ran = ran.unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    println!("{said}");
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}
