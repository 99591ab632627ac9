//! Every bundle of the conformance suite, good or bad, can be looked at.

use lite_inspect::{Kind, Tree, Unknown, inspect};

use crate::support::{bundle, cases, notes, now, tree, value, vector};

#[test]
fn every_bundle_of_the_suite_is_shown_and_the_refused_ones_say_why() {
    let mut seen = 0;
    for folder in cases() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(folder.join("bundle.sigstore.json")).unwrap();
        let told = inspect(&bytes, now());
        // The one that is not JSON is told with its place.
        if name == "bundle-malformed-json_fail" {
            assert!(matches!(told, Err(Unknown::Json { line: 1.., .. })), "{name}: {told:?}");
        } else {
            let tree = told.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(tree.kind, Some(Kind::Bundle), "{name}");
            assert!(tree.count() > 10, "{name}");
            // What the strict reader refuses is shown with its words, and nothing else is.
            let refused = lite_bundle::Bundle::parse(&bytes).is_err();
            let noted = tree.note.is_some_and(|note| note.contains("would refuse"));
            assert_eq!(noted, refused, "{name}");
        }
        for other in ["trusted_root.json", "key.pub"] {
            let Ok(bytes) = std::fs::read(folder.join(other)) else { continue };
            let told = inspect(&bytes, now());
            assert!(
                told.is_ok() || name == "managed-key-wrong-key_fail",
                "{name}/{other}: {told:?}"
            );
        }
        seen += 1;
    }
    println!("{seen} bundles");
    assert!(seen >= 6);
}

#[test]
fn a_bundle_shows_what_each_part_of_it_says() {
    let tree = tree(&bundle("rekor2-dsse-happy-path"));
    for (label, wanted) in [
        ("issuer-v2", "https://token.actions.githubusercontent.com"),
        ("issuer", "O=sigstore.dev, CN=sigstore-intermediate"),
        ("build-trigger", "workflow_dispatch"),
        ("lasts", "10 minutes"),
        ("kind", "hashedrekord 0.0.2"),
        ("payload type", "application/vnd.in-toto+json"),
    ] {
        assert_eq!(value(&tree, label), wanted, "{label}");
    }
    for label in
        ["checkpoint", "signed certificate timestamps", "timestamp", "leaf hash", "subjects"]
    {
        assert!(tree.find(label).is_some(), "{label}");
    }
    let issuer = tree.find("extensions").unwrap().find("issuer").unwrap();
    assert_eq!(
        issuer.note.as_deref(),
        Some("deprecated: issuer-v2 says it now; 1.3.6.1.4.1.57264.1.1")
    );
    let expired = tree.find("not after").unwrap().note.clone().unwrap();
    assert!(expired.starts_with("expired ") && expired.ends_with(" before now"), "{expired}");
}

#[test]
fn an_older_bundle_shows_its_promise_and_opens_what_was_logged() {
    let tree = tree(&bundle("happy-path-v0.1"));
    assert_eq!(value(&tree, "kind"), "hashedrekord 0.0.1");
    assert!(value(&tree, "integrated time").starts_with("20"));
    assert!(tree.find("signed entry timestamp").is_some());
    // The log has the certificate in PEM in base64, in JSON in base64.
    let logged = tree.find("body").unwrap().find("publicKey").unwrap();
    assert_eq!(logged.children[0].kind, Some(Kind::Certificate));
    assert_eq!(
        value(logged, "SHA-256 fingerprint"),
        value(tree.find("certificate chain").unwrap(), "SHA-256 fingerprint")
    );
}

#[test]
fn a_cosigned_checkpoint_shows_when_witnesses_saw_it() {
    let cosigned = cases().into_iter().find(|case| case.ends_with("rekor2-checkpoint-cosigned"));
    let Some(case) = cosigned else { return println!("skipped: the suite is not at hand") };
    let tree = tree(&std::fs::read(case.join("bundle.sigstore.json")).unwrap());
    let checkpoint = tree.find("checkpoint").unwrap();
    assert!(value(checkpoint, "cosigned").starts_with("20"));
}

#[test]
fn a_trusted_root_shows_logs_authorities_and_their_windows() {
    let tree =
        tree(&vector("verifier/tests/vectors/bundle-verify/rekor2-happy-path/trusted_root.json"));
    assert_eq!(tree.kind, Some(Kind::TrustedRoot));
    for label in ["transparency logs", "certificate authorities", "timestamp authorities"] {
        assert!(!tree.find(label).unwrap().children.is_empty(), "{label}");
    }
    assert!(notes(&tree).iter().any(|note| note == "no end: it counts until further notice"));
}

#[test]
fn the_places_of_der_are_those_of_the_document() {
    let tree = tree(&bundle("rekor2-happy-path"));
    let certificate = tree.find("certificate").unwrap();
    let der_length = certificate.span.unwrap().length;
    assert_eq!(certificate.span.unwrap().offset, 0);
    check_places(certificate, der_length);
}

fn check_places(node: &Tree, end: usize) {
    for child in &node.children {
        if let Some(span) = child.span {
            assert!(span.offset + span.length <= end, "{}", child.label);
        }
        check_places(child, end);
    }
}
