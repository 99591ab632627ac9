//! Leaves of public bundles, made again from the parts of the bundle.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::body::{Body, V1Signature};
use lite_bundle::{Bundle, Content, Envelope, TransparencyLogEntry};
use lite_entries::{Rules, accept, search_keys};
use lite_pki::pem;
use serde_json::{Value, json};

/// Folders of cases: always our own vectors, and the whole suite where it is at hand.
fn folders() -> Vec<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let suite = std::env::var_os("SIGLITE_CONFORMANCE_DIR")
        .map_or_else(|| manifest.join("../../../shared/conformance"), PathBuf::from);
    let mut folders = vec![manifest.join("../verifier/tests/vectors/bundle-verify")];
    if suite.join("bundle-verify").is_dir() {
        folders.push(suite.join("bundle-verify"));
    } else {
        println!("skipped: the conformance suite is not at {}", suite.display());
    }
    folders
}

#[test]
fn the_leaf_of_a_bundle_is_made_again_from_its_parts() {
    let mut made = 0;
    for folder in folders() {
        for case in std::fs::read_dir(folder).unwrap() {
            let path = case.unwrap().path();
            let Ok(json) = std::fs::read(path.join("bundle.sigstore.json")) else { continue };
            let Ok(bundle) = Bundle::parse(&json) else { continue };
            for entry in &bundle.entries {
                assert!(!search_keys(&entry.canonicalized_body).is_empty(), "{}", path.display());
                if !path.to_string_lossy().ends_with("_fail") && is_made_again(&bundle, entry) {
                    made += 1;
                }
            }
        }
    }
    println!("{made} leaves made again");
    assert!(made >= 1, "our own vectors hold one");
}

/// Whether the entry is of the first generation; its leaf is compared.
fn is_made_again(bundle: &Bundle, entry: &TransparencyLogEntry) -> bool {
    let leaf = &entry.canonicalized_body;
    let body = Body::parse(&entry.kind, &entry.version, leaf).unwrap();
    let (proposed, logged) = match (body, &bundle.content) {
        (Body::HashedRekord001(logged), _) => {
            let signature = STANDARD.encode(bundle.content.signature());
            let key = STANDARD.encode(verifier(bundle, &logged.signature));
            let hash = json!({"algorithm": logged.hash.short_name(), "value": hex::encode(&logged.digest)});
            let spec = json!({"signature": {"content": signature, "publicKey": {"content": key}}, "data": {"hash": hash}});
            (proposed("hashedrekord", "0.0.1", &spec), leaf.clone())
        }
        (Body::Dsse001(logged), Content::Dsse(envelope)) => {
            let key = STANDARD.encode(verifier(bundle, logged.signatures.first().unwrap()));
            let text = envelope.to_json();
            let spec = json!({"proposedContent": {"envelope": text, "verifiers": [key]}});
            // The envelope as it was sent is not in the bundle.
            let ours = hex::encode(lite_keys::HashAlgorithm::Sha256.digest(text.as_bytes()));
            let theirs = hex::encode(&logged.envelope_hash.1);
            let leaf = String::from_utf8(leaf.clone()).unwrap().replace(&theirs, &ours);
            (proposed("dsse", "0.0.1", &spec), leaf.into_bytes())
        }
        // A stand-in for a log wrote these, and kept what upstream drops.
        (Body::Intoto002(logged), _) if logged.payload.is_some() => return false,
        (Body::Intoto002(logged), Content::Dsse(envelope)) => {
            let key = verifier(bundle, logged.signatures.first().unwrap());
            let hash =
                json!({"algorithm": "sha256", "value": hex::encode(&logged.envelope_hash.1)});
            let content = json!({"envelope": twice(envelope, &key), "hash": hash});
            (proposed("intoto", "0.0.2", &json!({"content": content})), leaf.clone())
        }
        _ => return false,
    };
    let accepted = accept(&proposed, &Rules::default()).unwrap();
    assert_eq!(String::from_utf8(accepted.leaf).unwrap(), String::from_utf8(logged).unwrap());
    true
}

fn verifier(bundle: &Bundle, logged: &V1Signature) -> String {
    match bundle.signer.leaf() {
        Some(der) => pem::encode("CERTIFICATE", der),
        // The bundle has only a hint of the key.
        None => logged.verifier_pem.clone(),
    }
}

fn twice(envelope: &Envelope, key: &str) -> Value {
    let twice = |bytes: &[u8]| STANDARD.encode(STANDARD.encode(bytes));
    let signature =
        json!({"sig": twice(&envelope.signature.sig), "publicKey": STANDARD.encode(key)});
    json!({"payload": twice(&envelope.payload), "payloadType": envelope.payload_type, "signatures": [signature]})
}

fn proposed(kind: &str, version: &str, spec: &Value) -> Vec<u8> {
    serde_json::to_vec(&json!({"kind": kind, "apiVersion": version, "spec": spec})).unwrap()
}
