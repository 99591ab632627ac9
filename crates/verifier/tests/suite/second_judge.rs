//! The crate `sigstore-verify` on the same bundles: its verdict is ours, or the difference is
//! written down.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use lite_bundle::Bundle as OurBundle;
use lite_keys::KeyKind;
use lite_verifier::{Artifact, Policy};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

use crate::cases::{Case, cases, made, suites};
use crate::mutants::{lenders, passing, read};
use crate::mutate::{Mutant, mutants};
use crate::stack::{ARTIFACT, Hand, ISSUER, SIGNER, Stack, me};

/// Their verdict; `None` where they cannot read what the case hands them.
fn theirs(case: &Case, bundle: &[u8]) -> Option<bool> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let root = TrustedRoot::from_json(&text(&case.root)?).ok()?;
    let bundle = Bundle::from_json(&text(bundle)?).ok()?;
    let verifier = Verifier::new(&root).ok()?;
    let artifact = case.artifact.as_slice();
    let verdict = if let Some(pem) = &case.key {
        let key = DerPublicKey::from_pem(pem).ok()?;
        verifier.verify(artifact, &bundle, &PublicKeyVerificationPolicy::new(key))
    } else {
        let policy = VerificationPolicy::new(case.identity.as_str(), case.issuer.as_str());
        verifier.verify(artifact, &bundle, &policy)
    };
    Some(verdict.is_ok())
}

#[test]
fn another_implementation_agrees() {
    let (mut agree, mut unread) = (0, 0);
    let mut differ = BTreeMap::new();
    for case in suites().iter().flat_map(|suite| cases(suite)).chain(made()) {
        let (word, _) = case.verify(&Artifact::of_bytes(&case.artifact));
        match theirs(&case, &case.bundle) {
            Some(verdict) if verdict == word.is_none() => agree += 1,
            None if word.is_some() => unread += 1,
            Some(_) | None => drop(differ.insert(case.name.clone(), word)),
        }
    }
    println!("{agree} verdicts agree, {unread} cases they cannot read and we refuse");
    differ.retain(|name, _| !CASES.iter().any(|(listed, _)| name == listed));
    assert!(differ.is_empty(), "{differ:#?}");
}

/// One mutant in so many. Which ones depends on their bytes alone, so that each run meets the same.
const STRIDE: u32 = 11;

fn is_of_the_sample(mutant: &Mutant) -> bool {
    mutant.json.bytes().map(u32::from).sum::<u32>().is_multiple_of(STRIDE)
}

#[test]
fn another_implementation_agrees_on_mutants() {
    let all = passing();
    let bundles: Vec<_> = all.iter().map(read).collect();
    // Bundles of the test stack have other keys, and so other mutants, in each run.
    let cases: Vec<&Case> = all.iter().filter(|case| !case.name.starts_with("made ")).collect();
    let (agree, next) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let differ = Mutex::new(BTreeMap::<_, Vec<String>>::new());
    let work = || {
        loop {
            let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
            let (verifier, policy) = (case.verifier(), case.policy().unwrap());
            let artifact = Artifact::of_bytes(&case.artifact);
            let (original, json) = read(case);
            let mutants = mutants(&json, &lenders(&original, &bundles));
            for mutant in mutants.iter().filter(|mutant| is_of_the_sample(mutant)) {
                let bundle = mutant.json.as_bytes();
                let ours = verifier.verify_json(bundle, &artifact, &policy).is_accepted();
                if ours == theirs(case, bundle).unwrap_or(false) {
                    agree.fetch_add(1, Ordering::Relaxed);
                } else {
                    let mut differ = differ.lock().unwrap_or_else(PoisonError::into_inner);
                    let key = (ours, mutant.member.clone(), mutant.how);
                    differ.entry(key).or_default().push(case.name.clone());
                }
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    let mut differ = differ.into_inner().unwrap();
    let count: usize = differ.values().map(Vec::len).sum();
    println!("{} verdicts on mutants agree, {count} differ", agree.into_inner());
    differ.retain(|(ours, member, how), _| {
        let table = if *ours { LENIENT } else { STRICT };
        !table.iter().any(|(listed, ways, _)| member == listed && ways.contains(how))
    });
    assert!(differ.is_empty(), "(we accept, member, manner): {differ:#?}");
}

/// Cases on which it says something else, and why.
const CASES: &[(&str, &str)] = &[
    ("made message P-384", "of v2 entries it reads P-256 alone"),
    ("made message Ed25519ph", "the same"),
];

const ANY: &[&str] =
    &["changed", "deleted", "doubled", "emptied", "named twice", "retyped", "swapped"];

const TWICE: &[&str] = &["emptied", "named twice", "retyped"];

/// Mutants that we refuse and it accepts: member, manner, why. docs/verdicts.md says more.
const STRICT: &[(&str, &[&str], &str)] = &[
    ("dsseEnvelope", TWICE, JSON),
    ("dsseEnvelope.signatures", TWICE, JSON),
    ("mediaType", ANY, "it asks no version for its members"),
    ("messageSignature", TWICE, JSON),
    ("messageSignature.messageDigest", TWICE, JSON),
    ("verificationMaterial.certificate", TWICE, JSON),
    ("verificationMaterial.publicKey", TWICE, JSON),
    ("verificationMaterial.timestampVerificationData", &["emptied", "retyped"], JSON),
    (
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps",
        &["retyped", "doubled"],
        "reading, and it counts a timestamp twice",
    ),
    (
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps.signedTimestamp",
        &["changed"],
        "it does not read all of a timestamp's DER",
    ),
    ("verificationMaterial.tlogEntries", &["doubled"], "it counts an entry twice"),
    ("verificationMaterial.tlogEntries.inclusionPromise", TWICE, JSON),
    ("verificationMaterial.tlogEntries.inclusionProof", &["named twice", "retyped"], JSON),
    ("verificationMaterial.tlogEntries.inclusionProof.checkpoint", TWICE, JSON),
    ("verificationMaterial.tlogEntries.kindVersion", TWICE, JSON),
    ("verificationMaterial.tlogEntries.inclusionProof.logIndex", ANY, PROOF),
    ("verificationMaterial.tlogEntries.inclusionProof.rootHash", ANY, PROOF),
    ("verificationMaterial.tlogEntries.inclusionProof.treeSize", ANY, PROOF),
    ("verificationMaterial.tlogEntries.logId", ANY, "it finds a v2 log by its checkpoint"),
    ("verificationMaterial.tlogEntries.logId.keyId", ANY, "the same"),
    ("verificationMaterial.x509CertificateChain", &["named twice", "retyped"], JSON),
    ("verificationMaterial.x509CertificateChain.certificates", &["doubled"], CHAIN),
    ("verificationMaterial.x509CertificateChain.certificates.rawBytes", ANY, CHAIN),
];
const JSON: &str = "it reads lists as objects, and the last of two members of one name";
const PROOF: &str =
    "of a v2 entry it takes index from the entry, size and root from the checkpoint";
const CHAIN: &str = "it does not read a chain beyond what it needs";

/// Mutants that we accept and it refuses.
const LENIENT: &[(&str, &[&str], &str)] = &[
    (
        "messageSignature.messageDigest",
        &["swapped"],
        "another hash of the same artifact; it knows SHA-256 alone",
    ),
    (
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps",
        &["emptied"],
        "proto-JSON writes `null` for a list without members; it cannot read that",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionProof.checkpoint",
        &["deleted", "emptied"],
        "as below",
    ),
    (
        "verificationMaterial.tlogEntries.inclusionProof.checkpoint.envelope",
        &["deleted", "emptied"],
        "v0.1 may have a proof without a checkpoint; the SET stands for it",
    ),
];

/// Their verdict on what our own servers would make.
fn theirs_on(stack: &Stack, bundle: &OurBundle, key: Option<&Hand>) -> Result<(), String> {
    let root = TrustedRoot::from_json(&stack.root().to_json()).map_err(|e| e.to_string())?;
    let bundle = Bundle::from_json(&bundle.to_json()).map_err(|e| e.to_string())?;
    let verifier = Verifier::new(&root).map_err(|e| e.to_string())?;
    let verdict = match key {
        Some(hand) => {
            let key = DerPublicKey::from_pem(&hand.key.public().to_pem()).unwrap();
            verifier.verify(ARTIFACT, &bundle, &PublicKeyVerificationPolicy::new(key))
        }
        None => verifier.verify(ARTIFACT, &bundle, &VerificationPolicy::new(SIGNER, ISSUER)),
    };
    verdict.map(drop).map_err(|e| e.to_string())
}

/// Of v2 entries it reads P-256 alone.
#[test]
fn another_implementation_accepts_what_we_write() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    assert_eq!(theirs_on(&stack, &stack.message(&hand), None), Ok(()));
    assert_eq!(theirs_on(&stack, &stack.attestation(&hand), None), Ok(()));
    let mut older = stack.message(&hand);
    older.entries = vec![stack.v1_entry(&hand, &older.content)];
    assert_eq!(theirs_on(&stack, &older, None), Ok(()));
    let hand = Hand::managed(KeyKind::EcdsaP256);
    assert_eq!(theirs_on(&stack, &stack.message(&hand), Some(&hand)), Ok(()));
}

/// The differences that we know of, each on purpose.
#[test]
fn we_are_stricter_by_design() {
    let stack = Stack::new();
    let good = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let refuses = |bundle: &OurBundle| {
        let artifact = Artifact::of_bytes(ARTIFACT);
        !stack.verifier().verify(bundle, &artifact, &Policy::identity(me())).is_accepted()
    };
    // The log ID of a v2 entry: theirs finds the key by the checkpoint's hint alone.
    let mut bundle = good.clone();
    bundle.entries[0].log_id = vec![0; 32];
    assert_eq!((refuses(&bundle), theirs_on(&stack, &bundle, None)), (true, Ok(())));
    // The same entry twice.
    let mut bundle = good.clone();
    bundle.entries.push(good.entries[0].clone());
    assert_eq!((refuses(&bundle), theirs_on(&stack, &bundle, None)), (true, Ok(())));
}
