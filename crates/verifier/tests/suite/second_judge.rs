//! The crate `sigstore-verify` on the same bundles: its verdict is ours, or the difference is
//! written down.

use std::collections::BTreeMap;

use lite_verifier::Artifact;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

use crate::cases::{Case, cases, suites};

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
