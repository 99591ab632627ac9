//! Every member of every passing bundle, deleted, emptied, changed, retyped and taken from another
//! bundle: refused, or on the short list of what nothing authenticates.
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_verifier::Artifact;
use serde_json::{Value, json};

use crate::cases::{Case, cases, suites};

/// A step into a JSON value.
#[derive(Clone, Debug)]
enum Key {
    Member(String),
    Item(usize),
}

type Path = Vec<Key>;

/// The path without indexes, as `verificationMaterial.tlogEntries.logIndex`.
fn name(path: &Path) -> String {
    let members = path.iter().filter_map(|key| match key {
        Key::Member(name) => Some(name.as_str()),
        Key::Item(_) => None,
    });
    members.collect::<Vec<_>>().join(".")
}

fn paths(value: &Value, at: &Path, found: &mut Vec<Path>) {
    if !at.is_empty() {
        found.push(at.clone());
    }
    let below = |key: Key| [at.as_slice(), &[key]].concat();
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                paths(value, &below(Key::Member(member.clone())), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                paths(value, &below(Key::Item(index)), found);
            }
        }
        _ => {}
    }
}

fn get<'a>(value: &'a Value, path: &[Key]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| match key {
        Key::Member(name) => value.get(name),
        Key::Item(index) => value.get(index),
    })
}

fn replace(value: &Value, path: &[Key], by: Value) -> Value {
    let mut changed = value.clone();
    let mut place = &mut changed;
    for key in path {
        place = match key {
            Key::Member(name) => &mut place[name],
            Key::Item(index) => &mut place[index],
        };
    }
    *place = by;
    changed
}

fn delete(value: &Value, path: &[Key]) -> Value {
    let (last, above) = path.split_last().unwrap();
    let mut parent = get(value, above).unwrap().clone();
    match last {
        Key::Member(name) => drop(parent.as_object_mut().unwrap().remove(name)),
        Key::Item(index) => drop(parent.as_array_mut().unwrap().remove(*index)),
    }
    if above.is_empty() { parent } else { replace(value, above, parent) }
}

/// The same kind of value with another content: bits flipped, digits changed.
fn changed(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => match STANDARD.decode(text) {
            Ok(bytes) if bytes.len() > 2 => spots(bytes.len())
                .map(|spot| {
                    let mut bytes = bytes.clone();
                    bytes[spot] ^= 1;
                    Value::String(STANDARD.encode(bytes))
                })
                .collect(),
            _ => match text.parse::<i64>() {
                Ok(number) => vec![
                    json!((number + 1).to_string()),
                    json!((number - 1).to_string()),
                    json!("-1"),
                ],
                Err(_) => spots(text.chars().count())
                    .map(|spot| {
                        let flip = |(index, c): (usize, char)| match c {
                            c if index != spot => c,
                            'a' => 'b',
                            _ => 'a',
                        };
                        Value::String(text.chars().enumerate().map(flip).collect())
                    })
                    .collect(),
            },
        },
        Value::Number(number) => vec![json!(number.as_i64().unwrap_or(0) + 1)],
        _ => vec![],
    }
}

/// First, last, and some between.
fn spots(length: usize) -> impl Iterator<Item = usize> {
    let step = (length / 3).max(1);
    (0..length).step_by(step).chain(length.checked_sub(1))
}

/// Values of other types and empty ones.
fn retyped(value: &Value) -> Vec<Value> {
    [json!(null), json!(""), json!("0"), json!(0), json!(true), json!([]), json!({}), json!("AAAA")]
        .into_iter()
        .filter(|other| other != value)
        .collect()
}

/// Lists in which an item stands twice.
fn doubled(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) if !items.is_empty() => {
            vec![json!([items.as_slice(), &items[..1]].concat())]
        }
        _ => vec![],
    }
}

/// All mutants of a bundle, with the path and the manner.
fn mutants(bundle: &Value, others: &[Value]) -> Vec<(String, &'static str, Value)> {
    let mut found = Vec::new();
    paths(bundle, &Vec::new(), &mut found);
    let mut mutants = Vec::new();
    for path in &found {
        let value = get(bundle, path).unwrap();
        let mut add = |how: &'static str, mutant: Value| mutants.push((name(path), how, mutant));
        add("deleted", delete(bundle, path));
        for by in changed(value) {
            add("changed", replace(bundle, path, by));
        }
        for by in retyped(value) {
            add("retyped", replace(bundle, path, by));
        }
        for by in doubled(value) {
            add("doubled", replace(bundle, path, by));
        }
        for by in others.iter().filter_map(|other| get(other, path)).filter(|other| *other != value)
        {
            add("swapped", replace(bundle, path, by.clone()));
        }
    }
    mutants
}

fn passing() -> Vec<Case> {
    let all = suites().into_iter().flat_map(|suite| cases(&suite));
    let mut unique: BTreeMap<String, Case> = BTreeMap::new();
    for case in all.filter(|case| !case.name.ends_with("_fail")) {
        unique.insert(case.name.clone(), case);
    }
    // Six cases differ from `rekor2-happy-path` in their checkpoint alone; two of them will do.
    let more = ["rekor2-checkpoint-multiple-cosigs", "rekor2-checkpoint-two-sigs-from-origin"];
    unique.retain(|name, _| !name.contains("-checkpoint-") || more.contains(&name.as_str()));
    unique.into_values().collect()
}

fn signature_of(bundle: &Value) -> Vec<u8> {
    let bundle = lite_bundle::Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    bundle.content.signature().to_vec()
}

#[test]
fn a_mutant_is_refused_or_on_the_list() {
    let cases = passing();
    let bundles: Vec<Value> =
        cases.iter().map(|case| serde_json::from_slice(&case.bundle).unwrap()).collect();
    let mut survivors: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    let mut tried = 0;
    for (case, bundle) in cases.iter().zip(&bundles) {
        let verifier = case.verifier();
        let policy = case.policy().unwrap();
        let artifact = Artifact::of_bytes(&case.artifact);
        let same = |json: &[u8]| lite_bundle::Bundle::parse(json).ok();
        let original = same(&case.bundle).unwrap();
        // Bundles of the same signature may lend each other their evidence: it is about both.
        let signature = original.content.signature();
        let mut signatures = vec![signature.to_vec()];
        let mut others: Vec<Value> = Vec::new();
        for other in &bundles {
            let signature = signature_of(other);
            if !signatures.contains(&signature) {
                signatures.push(signature);
                others.push(other.clone());
            }
        }
        for (path, how, mutant) in mutants(bundle, &others) {
            tried += 1;
            let json = mutant.to_string();
            let accepted = verifier.verify_json(json.as_bytes(), &artifact, &policy).is_accepted();
            // Another spelling of the same bundle (`null` for an absent member) is no mutant.
            if accepted && same(json.as_bytes()).as_ref() != Some(&original) {
                survivors.entry((path, how)).or_default().push(case.name.clone());
            }
        }
    }
    println!("{tried} mutants of {} bundles", cases.len());
    let unlisted: Vec<_> = survivors
        .iter()
        .filter(|((path, how), _)| {
            !UNAUTHENTICATED.iter().any(|(listed, ways, _)| path == listed && ways.contains(how))
        })
        .collect();
    assert!(unlisted.is_empty(), "{unlisted:#?}");
    println!("survivors, all listed: {}", survivors.len());
}

#[test]
fn every_part_of_a_v2_bundle_counts() {
    let all = passing();
    let case = all.iter().find(|case| case.name == "rekor2-happy-path").unwrap();
    let bundle: Value = serde_json::from_slice(&case.bundle).unwrap();
    let (verifier, policy) = (case.verifier(), case.policy().unwrap());
    let artifact = Artifact::of_bytes(&case.artifact);
    let mut found = Vec::new();
    paths(&bundle, &Vec::new(), &mut found);
    let (mut tried, mut survivors) = (0, Vec::new());
    for path in &found {
        let Some(Value::String(text)) = get(&bundle, path) else { continue };
        // Long values are sampled; a stride of 5 meets every field of the DER inside.
        let stride = if text.len() > 200 { 5 } else { 1 };
        for spot in (0..text.len()).step_by(stride).filter(|spot| text.is_char_boundary(*spot)) {
            let flip = |(index, c): (usize, char)| match c {
                c if index != spot => c,
                'A' => 'B',
                _ => 'A',
            };
            let mutant: String = text.char_indices().map(flip).collect();
            if mutant == *text {
                continue;
            }
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
        &["changed", "retyped"],
        "DSSE calls it a hint; we look the key up nowhere",
    ),
    (
        "mediaType",
        &["swapped"],
        "no version of the format is signed; what another version demands is checked as it says",
    ),
    (
        "messageSignature.messageDigest",
        &["deleted", "retyped"],
        "optional (retyped: null); where it stands it must agree with the signature",
    ),
    ("verificationMaterial.publicKey", &["retyped"], "an empty hint"),
    (
        "verificationMaterial.publicKey.hint",
        &["changed", "deleted", "retyped"],
        "a hint; the policy brings the key",
    ),
    (
        "verificationMaterial.timestampVerificationData",
        &["deleted", "retyped"],
        "evidence beyond the thresholds: another time is left, or a key needs none",
    ),
    (
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps",
        &["deleted", "retyped"],
        "the same",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionPromise",
        &["deleted", "retyped"],
        "optional from v0.2 on; without it the integrated time does not count",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionProof",
        &["deleted", "retyped"],
        "optional in v0.1, where the SET is required",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionProof.checkpoint",
        &["deleted", "retyped"],
        "the same",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionProof.checkpoint.envelope",
        &["deleted", "retyped", "changed"],
        "the same; changed: lines of others' signatures, whose keys no trusted root holds",
    ),
];
