//! Every member of every passing bundle, of the suite, of our own stack and of the test stack:
//! deleted, emptied, changed, retyped, doubled, named twice and taken from another bundle. Refused,
//! or on the short list of what nothing authenticates.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use lite_bundle::Bundle;
use lite_verifier::Artifact;
use serde_json::Value;

use crate::cases::{Case, cases, made, suites};
use crate::mutate::{get, mutants, name, other_character, paths, replace};

pub(crate) fn passing() -> Vec<Case> {
    let all = suites().into_iter().flat_map(|suite| cases(&suite)).chain(made());
    let mut unique: BTreeMap<String, Case> = BTreeMap::new();
    for case in all.filter(|case| !case.name.ends_with("_fail")) {
        unique.insert(case.name.clone(), case);
    }
    // Six cases differ from `rekor2-happy-path` in their checkpoint alone; two of them will do.
    let more = ["rekor2-checkpoint-multiple-cosigs", "rekor2-checkpoint-two-sigs-from-origin"];
    unique.retain(|name, _| !name.contains("-checkpoint-") || more.contains(&name.as_str()));
    unique.into_values().collect()
}

/// Bundles of other signatures, one of each. Those of the same signature may lend each other their
/// evidence: it is about both.
pub(crate) fn lenders(bundle: &Bundle, all: &[(Bundle, Value)]) -> Vec<Value> {
    let mut signatures = vec![bundle.content.signature()];
    let mut others = Vec::new();
    for (other, json) in all {
        if !signatures.contains(&other.content.signature()) {
            signatures.push(other.content.signature());
            others.push(json.clone());
        }
    }
    others
}

pub(crate) fn read(case: &Case) -> (Bundle, Value) {
    (Bundle::parse(&case.bundle).unwrap(), serde_json::from_slice(&case.bundle).unwrap())
}

/// Accepted mutants: what was done to which member, and to whose.
type Survivors = BTreeMap<(String, &'static str), Vec<String>>;

#[test]
fn a_mutant_is_refused_or_on_the_list() {
    let cases = passing();
    let bundles: Vec<(Bundle, Value)> = cases.iter().map(read).collect();
    let survivors = Mutex::new(Survivors::new());
    let (tried, next) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (verifier, policy) = (case.verifier(), case.policy().unwrap());
            let artifact = Artifact::of_bytes(&case.artifact);
            let (original, json) = read(case);
            assert!(verifier.verify(&original, &artifact, &policy).is_accepted(), "{}", case.name);
            for mutant in mutants(&json, &lenders(&original, &bundles)) {
                tried.fetch_add(1, Ordering::Relaxed);
                let json = mutant.json.as_bytes();
                // Another spelling of the same bundle (`null` for an absent member) is no mutant.
                let same = || Bundle::parse(json).as_ref() == Ok(&original);
                if verifier.verify_json(json, &artifact, &policy).is_accepted()
                    && (mutant.how == "named twice" || !same())
                {
                    let mut survivors = survivors.lock().unwrap_or_else(PoisonError::into_inner);
                    let of = survivors.entry((mutant.member, mutant.how)).or_default();
                    if !of.contains(&case.name) {
                        of.push(case.name.clone());
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    let survivors = survivors.into_inner().unwrap();
    println!("{} mutants of {} bundles", tried.into_inner(), cases.len());
    let unlisted: Vec<_> = survivors
        .iter()
        .filter(|((path, how), _)| {
            !UNAUTHENTICATED.iter().any(|(listed, ways, _)| path == listed && ways.contains(how))
        })
        .collect();
    assert!(unlisted.is_empty(), "{unlisted:#?}");
    // A list that is longer than what is found would excuse what nobody has seen.
    let unused: Vec<_> = UNAUTHENTICATED
        .iter()
        .flat_map(|(path, ways, _)| ways.iter().map(|how| ((*path).to_owned(), *how)))
        .filter(|entry| !survivors.contains_key(entry))
        .collect();
    let whole = suites().len() == 3;
    assert!(!whole || unused.is_empty(), "listed, and refused: {unused:#?}");
    println!("survivors, all listed: {}", survivors.len());
}

#[test]
fn the_list_is_argued_in_the_readme() {
    let readme = include_str!("../../README.md");
    for (member, ..) in UNAUTHENTICATED {
        let last = member.rsplit('.').next().unwrap();
        assert!(readme.contains(&format!("`{last}`")), "README.md does not speak of {member}");
    }
}

#[test]
fn every_part_of_a_v2_bundle_counts() {
    let all = passing();
    let case = all.iter().find(|case| case.name == "rekor2-happy-path").unwrap();
    let bundle: Value = serde_json::from_slice(&case.bundle).unwrap();
    let (verifier, policy) = (case.verifier(), case.policy().unwrap());
    let artifact = Artifact::of_bytes(&case.artifact);
    let (mut tried, mut survivors) = (0, Vec::new());
    for path in &paths(&bundle) {
        let Some(Value::String(text)) = get(&bundle, path) else { continue };
        // Long values are sampled; a stride of 5 meets every field of the DER inside.
        let stride = if text.len() > 200 { 5 } else { 1 };
        for spot in (0..text.len()).step_by(stride).filter(|spot| text.is_char_boundary(*spot)) {
            let mutant = other_character(text, text[..spot].chars().count());
            tried += 1;
            let json = replace(&bundle, path, Value::String(mutant)).to_string();
            let report = verifier.verify_json(json.as_bytes(), &artifact, &policy);
            if report.is_accepted() {
                survivors.push((name(path), spot));
            }
        }
    }
    println!("{tried} places of one bundle");
    // RFC 5652, Section 5.1: `digestAlgorithms` of the timestamp's SignedData, bytes 35 to 49, only
    // announces the algorithm that the signer's part names again, under its signature.
    let announced = |(name, spot): &(String, usize)| {
        name.ends_with("signedTimestamp") && (35..50).contains(&(spot * 3 / 4))
    };
    survivors.retain(|survivor| !announced(survivor));
    assert!(survivors.is_empty(), "{survivors:?}");
}

/// What may differ without a refusal: member, manner, and why it harms nobody.
const UNAUTHENTICATED: &[(&str, &[&str], &str)] = &[
    (
        "dsseEnvelope.signatures.keyid",
        &["retyped"],
        "DSSE calls it a hint; we look the key up nowhere (retyped: another text where it was empty)",
    ),
    (
        "mediaType",
        &["swapped"],
        "no version of the format is signed; what another version demands is checked as it says",
    ),
    (
        "messageSignature.messageDigest",
        &["deleted", "emptied", "swapped"],
        "optional; where it stands it must agree with the signature (swapped: another hash of the \
         same artifact)",
    ),
    ("verificationMaterial.publicKey", &["emptied", "swapped"], "an empty hint, or another"),
    (
        "verificationMaterial.publicKey.hint",
        &["changed", "deleted", "emptied", "retyped", "swapped"],
        "a hint; the policy brings the key",
    ),
    (
        "verificationMaterial.timestampVerificationData",
        &["deleted", "emptied"],
        "evidence beyond the thresholds: another time is left, or a key needs none",
    ),
    (
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps",
        &["deleted", "emptied"],
        "the same",
    ),
    (
        "verificationMaterial.tlogEntries",
        &["deleted"],
        "one of two, where one is enough: evidence beyond the thresholds",
    ),
    (
        "verificationMaterial.x509CertificateChain.certificates",
        &["deleted"],
        "an intermediate that the trusted root has, too",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionPromise",
        &["deleted", "emptied"],
        "optional from v0.2 on; without it the integrated time does not count",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionProof",
        &["deleted", "emptied"],
        "optional in v0.1, where the SET is required",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionProof.checkpoint",
        &["deleted", "emptied"],
        "the same",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionProof.checkpoint.envelope",
        &["deleted", "emptied", "changed"],
        "the same; changed: lines of others' signatures, whose keys no trusted root holds",
    ),
];
