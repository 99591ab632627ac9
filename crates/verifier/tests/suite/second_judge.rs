//! The crate `sigstore-verify` on the same bundles: its verdict is ours, or the difference is
//! written down.

use std::collections::BTreeMap;

use lite_bundle::Bundle as OurBundle;
use lite_keys::KeyKind;
use lite_verifier::{Artifact, Policy};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

use crate::cases::{Case, cases, suites};
use crate::stack::{ARTIFACT, Hand, ISSUER, SIGNER, Stack, me};

/// Their verdict; `None` where they cannot read what the case hands them.
fn theirs(case: &Case) -> Option<bool> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let root = TrustedRoot::from_json(&text(&case.root)?).ok()?;
    let bundle = Bundle::from_json(&text(&case.bundle)?).ok()?;
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
    for case in suites().iter().flat_map(|suite| cases(suite)) {
        let (word, _) = case.verify(&Artifact::of_bytes(&case.artifact));
        match theirs(&case) {
            Some(verdict) if verdict == word.is_none() => agree += 1,
            Some(_) => drop(differ.insert(case.name.clone(), word)),
            None => {
                assert!(word.is_some(), "{}: we accept what they cannot read", case.name);
                unread += 1;
            }
        }
    }
    println!("{agree} verdicts agree, {unread} cases they cannot read");
    assert!(differ.is_empty(), "{differ:#?}");
}

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
