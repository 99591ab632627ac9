//! Every kind is recognised by its looks, and what is nothing is refused with a reason.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_inspect::{Kind, Unknown, recognise};
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use lite_pki::pem;
use lite_pki::timestamp::TimestampRequest;
use lite_tlog::entry_bundle;
use lite_tuf::{Metadata, RoleKey, RoleName, RoleThreshold, Root, Signed};

use crate::pieces::{at, certificate, checkpoint, part, timestamp};
use crate::support::{bundle, now, tree, value, vector};

#[track_caller]
fn check(bytes: &[u8], wanted: Kind) {
    assert_eq!(recognise(bytes), Ok(wanted), "{}", String::from_utf8_lossy(bytes));
    let tree = tree(bytes);
    assert_eq!(tree.kind, Some(wanted));
    // Base64 of it is the same, where it is no wrapping already.
    let encoded = STANDARD.encode(bytes);
    assert_eq!(recognise(encoded.as_bytes()), Ok(wanted), "in base64");
}

fn body() -> Vec<u8> {
    at("rekor2-happy-path", "/verificationMaterial/tlogEntries/0/canonicalizedBody")
}

fn uuid() -> String {
    "ab".repeat(40)
}

#[test]
fn documents_of_binary_forms() {
    check(&certificate(), Kind::Certificate);
    check(&timestamp(), Kind::TimestampResponse);
    let request = TimestampRequest::of_message(HashAlgorithm::Sha256, b"x").to_der();
    check(&request, Kind::TimestampRequest);
    check(&entry_bundle::encode([body(), body()]).unwrap(), Kind::EntryBundle);
    let key = lite_pki::Certificate::from_der(&certificate()).unwrap();
    check(key.spki_der(), Kind::PublicKey);
}

#[test]
fn documents_of_text() {
    check(pem::encode("CERTIFICATE", &certificate()).as_bytes(), Kind::Certificate);
    let chain = pem::encode("CERTIFICATE", &certificate()).repeat(2);
    check(chain.as_bytes(), Kind::PemFile);
    check(&vector("keys/tests/vectors/cosign.pub"), Kind::PublicKey);
    check(&vector("keys/tests/vectors/cosign.key"), Kind::SealedKey);
    check(&vector("keys/tests/vectors/pbkdf2-p384.key"), Kind::SealedKey);
    check(&vector("keys/tests/vectors/ed25519.key"), Kind::PrivateKey);
    check(&vector("keys/tests/vectors/sec1-p384.key"), Kind::PrivateKey);
    check(&vector("keys/tests/vectors/pkcs1-rsa2048.key"), Kind::PrivateKey);
    check(&checkpoint(), Kind::Checkpoint);
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    check(key.as_bytes(), Kind::VerifierKey);
    let note = format!("just a text\n\n{}", signature_lines());
    check(note.as_bytes(), Kind::Note);
}

fn signature_lines() -> String {
    let text = String::from_utf8(checkpoint()).unwrap();
    text.rsplit_once("\n\n").unwrap().1.to_owned()
}

#[test]
fn documents_of_json() {
    check(&bundle("happy-path-v0.1"), Kind::Bundle);
    check(&part("rekor2-happy-path", "/verificationMaterial/tlogEntries/0"), Kind::LogEntry);
    check(&body(), Kind::EntryBody);
    check(&part("rekor2-dsse-happy-path", "/dsseEnvelope"), Kind::Envelope);
    check(&at("rekor2-dsse-happy-path", "/dsseEnvelope/payload"), Kind::Statement);
    let answer = format!(r#"{{"{}": {{"body": "{}"}}}}"#, uuid(), STANDARD.encode(body()));
    check(answer.as_bytes(), Kind::RekorAnswer);
    check(format!("[{answer},{answer}]").as_bytes(), Kind::RekorAnswer);
    for (text, kind) in [
        (r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v9+json"}"#, Kind::Bundle),
        (r#"{"trustedRoot":{},"signingConfig":{}}"#, Kind::ClientTrustConfig),
        (r#"{"caUrl":"https://a","oidcUrl":"https://b"}"#, Kind::SigningConfig),
        (r#"{"caUrls":[{"url":"https://a","majorApiVersion":1}]}"#, Kind::SigningConfig),
        (r#"{"signed":{"_type":"root"},"signatures":[]}"#, Kind::TufRoot),
        (r#"{"signed":{"_type":"targets"},"signatures":[]}"#, Kind::TufTargets),
        (r#"{"signed":{"_type":"snapshot"},"signatures":[]}"#, Kind::TufSnapshot),
        (r#"{"signed":{"_type":"timestamp"},"signatures":[]}"#, Kind::TufTimestamp),
        (r#"{"critical":{"type":"cosign container image signature"}}"#, Kind::SimpleSigning),
        (r#"{"base64Signature":"AA==","cert":"","rekorBundle":{}}"#, Kind::CosignBundle),
        (r#"{"SignedEntryTimestamp":"AA==","Payload":{}}"#, Kind::CosignBundle),
        (r#"{"schemaVersion":2,"manifests":[]}"#, Kind::ImageIndex),
        (r#"{"schemaVersion":2,"config":{},"layers":[]}"#, Kind::ImageManifest),
        (r#"{"sct_version":0,"id":"","timestamp":1,"signature":""}"#, Kind::SctAnswer),
    ] {
        check(text.as_bytes(), kind);
    }
}

#[test]
fn several_documents_are_shown_one_by_one() {
    let envelope = part("rekor2-dsse-happy-path", "/dsseEnvelope");
    let lines = [envelope.as_slice(), b"\n", &envelope].concat();
    let tree = tree(&lines);
    assert_eq!(tree.kind, Some(Kind::Several));
    assert_eq!(tree.children.len(), 2);
    assert_eq!(value(&tree, "payload type"), "application/vnd.in-toto+json");
}

#[test]
fn tuf_root_metadata_says_which_keys_sign_for_what() {
    let key = RoleKey::new(SigningKey::generate(KeyKind::EcdsaP256)).unwrap();
    let ids = vec![key.id().clone()];
    let root = Root {
        consistent_snapshot: true,
        keys: BTreeMap::from([(key.id().clone(), key.key().clone())]),
        roles: BTreeMap::from([(RoleName::Root, RoleThreshold { keyids: ids, threshold: 2 })]),
    };
    let expires = now().plus(std::time::Duration::from_secs(7 * 86_400));
    let file = Signed::new(Metadata::new(3, expires, root), &[&key]).unwrap().to_file().unwrap();
    let tree = tree(&file);
    assert_eq!(tree.kind, Some(Kind::TufRoot));
    assert_eq!(value(&tree, "version"), "3");
    assert_eq!(tree.find("expires").unwrap().note.as_deref(), Some("in 7 days"));
    let role = tree.find("roles").unwrap();
    assert_eq!(value(role, "root"), "2 of 1 keys");
    assert_eq!(role.children[0].note.as_deref(), Some("more than there are"));
    // The ID is the hash of the key, so there is nothing to say about it.
    let listed = tree.find("keys").unwrap();
    assert_eq!(value(listed, "key ID"), key.id().as_str());
    assert_eq!(listed.find("key ID").unwrap().note, None);
    let signature = tree.find("signatures").unwrap();
    assert_eq!(signature.find("key ID").unwrap().note.as_deref(), Some("a key of root"));
    assert!(listed.find("public key").unwrap().kind == Some(Kind::PublicKey));
}

#[test]
fn what_is_nothing_is_refused_with_what_was_tried() {
    let refused = |text: &str| recognise(text.as_bytes()).unwrap_err();
    assert_eq!(refused(" \n"), Unknown::Empty);
    assert_eq!(refused("hello"), Unknown::Nothing);
    assert!(refused("{\n \"a\": }").to_string().contains("line 2, column 7"));
    let lacks = refused(r#"{"payloadType": "x", "signatures": []}"#).to_string();
    assert!(lacks.contains("nearest to a DSSE envelope, and lacks payload"), "{lacks}");
    let fields = refused(r#"{"hello": 1}"#).to_string();
    assert!(fields.contains("its fields are hello"), "{fields}");
    let media = refused(r#"{"mediaType": "text/\u001b[2J"}"#).to_string();
    assert!(media.contains("text/\\u{1b}[2J is not known"), "{media}");
    assert!(matches!(refused("-----BEGIN CERTIFICATE-----\nAAAA"), Unknown::Pem(_)));
    let der = recognise(&[0x30, 0x03, 0x02, 0x01, 0x00]).unwrap_err().to_string();
    assert!(der.contains("this is 0x02"), "{der}");
    let cut = recognise(&certificate()[..200]).unwrap_err().to_string();
    assert!(cut.contains("at byte 0"), "{cut}");
    assert_eq!(recognise(&vec![b'x'; lite_inspect::MAX_BYTES + 1]), Err(Unknown::TooLarge));
    for kind in Kind::ALL {
        assert!(Unknown::known().contains(kind.name()));
    }
}

#[test]
fn a_damaged_certificate_is_shown_up_to_the_damage() {
    let mut der = certificate();
    // The tag of the validity: behind the serial, the algorithm and the issuer.
    let validity = tree(&der).find("validity").unwrap().span.unwrap().offset;
    der[validity] = 0x31;
    let damaged = tree(&der);
    assert!(damaged.find("issuer").is_some() && damaged.find("subject").is_none());
    let note = damaged.find("the rest").unwrap().note.clone().unwrap();
    assert_eq!(note, format!("unreadable: at byte {validity}: validity expected, found tag 0x31"));
}
