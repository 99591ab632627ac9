//! What we read and write, against the types generated from the protocol buffers.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, which say what they skip"
)]

use std::path::{Path, PathBuf};

use lite_bundle::body::Body;
use lite_bundle::statement::StatementError;
use lite_bundle::trust::{ClientTrustConfig, TrustedRoot};
use lite_bundle::{Bundle, BundleError, Statement, TransparencyLogEntry};
use sigstore_protobuf_specs::dev::sigstore::bundle::v1 as proto_bundle;
use sigstore_protobuf_specs::dev::sigstore::rekor::v1 as proto_rekor;
use sigstore_protobuf_specs::dev::sigstore::trustroot::v1 as proto_trust;

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

/// Files of that name, one per case.
fn files(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in folders() {
        for case in std::fs::read_dir(folder).unwrap() {
            let path = case.unwrap().path().join(name);
            if let Ok(bytes) = std::fs::read(&path) {
                found.push((path.display().to_string(), bytes));
            }
        }
    }
    assert!(found.len() >= 4, "our own vectors are there");
    found
}

#[test]
fn a_bundle_reads_back_as_the_generated_types_read_it() {
    for (name, json) in files("bundle.sigstore.json") {
        let Ok(bundle) = Bundle::parse(&json) else {
            assert!(name.contains("_fail"), "{name} does not parse");
            continue;
        };
        let written = bundle.to_json();
        assert_eq!(Bundle::parse(written.as_bytes()).as_ref(), Ok(&bundle), "{name}");
        // Some of the suite's bundles carry what the generated types refuse, and we read: an
        // explicit null.
        let Ok(theirs) = serde_json::from_slice::<proto_bundle::Bundle>(&json) else {
            continue;
        };
        let ours: proto_bundle::Bundle = serde_json::from_str(&written).unwrap();
        let mut expected = theirs;
        forget_empty_timestamps(&mut expected);
        assert_eq!(ours, expected, "{name}");
    }
}

/// We leave out a timestamp list without timestamps.
fn forget_empty_timestamps(bundle: &mut proto_bundle::Bundle) {
    if let Some(material) = &mut bundle.verification_material
        && material
            .timestamp_verification_data
            .as_ref()
            .is_some_and(|data| data.rfc3161_timestamps.is_empty())
    {
        material.timestamp_verification_data = None;
    }
}

#[test]
fn writes_a_bundle_byte_for_byte_as_the_generated_types_do() {
    let mut same = 0;
    for (name, json) in files("bundle.sigstore.json") {
        let Ok(bundle) = Bundle::parse(&json) else {
            continue;
        };
        let written: serde_json::Value = serde_json::from_str(&bundle.to_json()).unwrap();
        let proto: proto_bundle::Bundle = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&proto).unwrap(), written, "{name}");
        same += 1;
    }
    assert!(same >= 6);
}

#[test]
fn an_answer_reads_back_and_has_every_member() {
    for (name, json) in files("bundle.sigstore.json") {
        let Ok(bundle) = Bundle::parse(&json) else {
            continue;
        };
        for entry in &bundle.entries {
            let answer = entry.to_answer_json();
            assert_eq!(
                TransparencyLogEntry::parse(answer.as_bytes()).as_ref(),
                Ok(entry),
                "{name}"
            );
            assert_eq!(TransparencyLogEntry::parse(entry.to_json().as_bytes()).as_ref(), Ok(entry));
            let value: serde_json::Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(value.as_object().unwrap().len(), 7, "{answer}");
            let _: proto_rekor::TransparencyLogEntry = serde_json::from_str(&answer).unwrap();
        }
    }
}

#[test]
fn every_body_of_the_suite_reads() {
    let mut read = 0;
    for (name, json) in files("bundle.sigstore.json") {
        let Ok(bundle) = Bundle::parse(&json) else {
            continue;
        };
        for entry in &bundle.entries {
            let leaf = &entry.canonicalized_body;
            let body = Body::parse(&entry.kind, &entry.version, leaf)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            let rebuilt = match &body {
                Body::HashedRekord001(entry) => entry.canonical(),
                Body::HashedRekord002(entry) => entry.canonical(),
                _ => continue,
            };
            assert!(rebuilt == *leaf, "{name}: {}", String::from_utf8_lossy(&rebuilt));
            read += 1;
        }
    }
    assert!(read >= 4);
}

#[test]
fn a_trusted_root_reads_back_as_the_generated_types_read_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verifier/tests/vectors");
    let mut files = files("trusted_root.json");
    files.push((
        "public good".into(),
        std::fs::read(root.join("public-good-trusted_root.json")).unwrap(),
    ));
    for (name, json) in files {
        let root = TrustedRoot::parse(&json).unwrap_or_else(|e| panic!("{name}: {e}"));
        let written = root.to_json();
        assert_eq!(TrustedRoot::parse(written.as_bytes()).as_ref(), Ok(&root), "{name}");
        let ours: proto_trust::TrustedRoot = serde_json::from_str(&written).unwrap();
        if let Ok(theirs) = serde_json::from_slice::<proto_trust::TrustedRoot>(&json) {
            assert_eq!(ours, theirs, "{name}");
        }
        let config = ClientTrustConfig::new(root, lite_bundle::trust::SigningConfig::new());
        assert_eq!(ClientTrustConfig::parse(config.to_json().as_bytes()), Ok(config));
    }
}

/// One passing bundle of v0.3 with a certificate, an entry and a timestamp.
fn happy() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../verifier/tests/vectors/bundle-verify/rekor2-happy-path/bundle.sigstore.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[track_caller]
fn refuse(change: impl FnOnce(&mut serde_json::Value), expected: &BundleError) {
    let mut bundle = happy();
    change(&mut bundle);
    assert_eq!(Bundle::parse(bundle.to_string().as_bytes()).as_ref(), Err(expected));
}

#[track_caller]
fn refuse_shape(change: impl FnOnce(&mut serde_json::Value)) {
    let mut bundle = happy();
    change(&mut bundle);
    let refusal = Bundle::parse(bundle.to_string().as_bytes());
    assert!(matches!(&refusal, Err(BundleError::Json(error)) if error.is_json), "{refusal:?}");
}

#[test]
fn refuses_by_name() {
    use serde_json::json;
    refuse(|b| b["mediaType"] = json!("application/json"), &BundleError::UnknownVersion);
    refuse(
        |b| b["verificationMaterial"] = json!(null),
        &BundleError::Missing("verificationMaterial"),
    );
    refuse(
        |b| b["verificationMaterial"]["publicKey"] = json!({"hint": "x"}),
        &BundleError::Ambiguous("verificationMaterial"),
    );
    refuse(
        |b| b["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.2"),
        &BundleError::NotInThisVersion("certificate"),
    );
    refuse(
        |b| {
            b["dsseEnvelope"] =
                json!({"payload": "AA==", "payloadType": "t", "signatures": [{"sig": "AA=="}]});
        },
        &BundleError::Ambiguous("content"),
    );
    refuse(|b| b["messageSignature"]["signature"] = json!(""), &BundleError::Missing("signature"));
    refuse(
        |b| b["messageSignature"]["signature"] = json!("%%%="),
        &BundleError::NotBase64("signature"),
    );
    refuse(
        |b| b["messageSignature"]["messageDigest"]["algorithm"] = json!("MD5"),
        &BundleError::UnknownDigest,
    );
    refuse(
        |b| b["messageSignature"]["messageDigest"]["algorithm"] = json!("SHA2_512"),
        &BundleError::UnknownDigest,
    );
    let entry = |b: &mut serde_json::Value, member: &str, value| {
        b["verificationMaterial"]["tlogEntries"][0][member] = value;
    };
    refuse(|b| entry(b, "logIndex", json!("-1")), &BundleError::Negative("logIndex"));
    refuse(
        |b| entry(b, "canonicalizedBody", json!("")),
        &BundleError::Missing("canonicalizedBody"),
    );
    refuse(|b| entry(b, "logId", json!(null)), &BundleError::Missing("logId"));
}

#[test]
fn counts_before_it_decodes() {
    use serde_json::json;
    let timestamp = json!({"signedTimestamp": "not base64, and nobody looks"});
    refuse(
        |b| {
            b["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] =
                json!(vec![timestamp; 33]);
        },
        &BundleError::TooMany("rfc3161Timestamps"),
    );
    refuse(
        |b| {
            let entry = b["verificationMaterial"]["tlogEntries"][0].clone();
            b["verificationMaterial"]["tlogEntries"] = json!(vec![entry; 33]);
        },
        &BundleError::TooMany("tlogEntries"),
    );
    refuse(
        |b| {
            b["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["hashes"] =
                json!(vec!["AA=="; 65]);
        },
        &BundleError::TooMany("inclusionProof.hashes"),
    );
}

#[test]
fn refuses_members_it_does_not_know_and_other_types() {
    use serde_json::json;
    refuse_shape(|b| b["extra"] = json!(1));
    refuse_shape(|b| b["verificationMaterial"]["tlogEntries"][0]["logIndex"] = json!(1.5));
    refuse_shape(|b| b["verificationMaterial"]["tlogEntries"] = json!({}));
    refuse_shape(|b| b["mediaType"] = json!(3));
    refuse_shape(|b| b["messageSignature"]["signature"] = json!(["AA=="]));
    refuse_shape(|b| {
        b["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"] = json!(null);
    });
}

/// serde can read an object from the list of its members; readers of other languages cannot.
#[test]
fn refuses_a_list_where_an_object_belongs() {
    use serde_json::json;
    let whole = |b: &serde_json::Value| {
        json!([b["mediaType"], b["verificationMaterial"], b["messageSignature"]])
    };
    refuse_shape(|b| *b = whole(b));
    let material = ["timestampVerificationData", "certificate"];
    let entry = ["logId", "kindVersion", "inclusionProof"];
    for member in material {
        refuse_shape(|b| b["verificationMaterial"][member] = json!([]));
    }
    for member in entry {
        refuse_shape(|b| b["verificationMaterial"]["tlogEntries"][0][member] = json!([]));
    }
    refuse_shape(|b| b["verificationMaterial"]["tlogEntries"][0] = json!([]));
    let timestamps = "rfc3161Timestamps";
    refuse_shape(|b| {
        let data = &mut b["verificationMaterial"]["timestampVerificationData"][timestamps];
        *data = json!([[data[0]["signedTimestamp"]]]);
    });
    refuse_shape(|b| {
        let message = &b["messageSignature"];
        b["messageSignature"] = json!([message["messageDigest"], message["signature"]]);
    });
    let statement = br#"["https://in-toto.io/Statement/v1",[["a",{"sha256":"00"}]],"t"]"#;
    assert!(matches!(Statement::parse(statement), Err(StatementError::Json(_))));
}

#[test]
fn refuses_a_member_that_is_there_twice() {
    let text = happy().to_string();
    let twice =
        text.replacen('{', "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",", 1);
    assert!(matches!(Bundle::parse(twice.as_bytes()), Err(BundleError::Json(_))));
}
