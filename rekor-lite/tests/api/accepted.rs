//! What is accepted, and what the answer proves.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lite_bundle::TransparencyLogEntry;
use lite_bundle::body::{EntryVerifier, HashedRekord002};
use lite_keys::{KeyKind, PublicKey};
use lite_tlog::{Checkpoint, NoteVerifier, leaf_hash, verify_inclusion};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Stack, b64, from_b64, valid_request};

/// Verifies an answer as a client does, from nothing but the log's fragment of the trusted root.
#[track_caller]
fn verify(stack: &Stack, answer: &Answer) -> TransparencyLogEntry {
    assert_eq!(answer.status, 201, "{}", answer.text());
    let entry = TransparencyLogEntry::parse(&answer.body).unwrap();
    let log = &stack.server.fragment().tlogs[0].log;
    let key = PublicKey::from_spki_der(&log.public_key.raw_bytes).unwrap();
    let verifier = NoteVerifier::new("rekor.example", key).unwrap();
    assert_eq!(entry.log_id, log.log_id.key_id);
    assert_eq!(entry.log_id, verifier.log_id().0);
    let proof = entry.inclusion_proof.as_ref().unwrap();
    assert_eq!(proof.log_index, entry.log_index);
    let note = proof.checkpoint.as_ref().unwrap();
    let checkpoint = Checkpoint::open(note.as_bytes(), &verifier).unwrap();
    assert_eq!(checkpoint.size, proof.tree_size);
    assert_eq!(checkpoint.root.as_slice(), proof.root_hash);
    let hashes: Vec<_> =
        proof.hashes.iter().map(|hash| hash.as_slice().try_into().unwrap()).collect();
    let leaf = leaf_hash(&entry.canonicalized_body);
    verify_inclusion(&leaf, entry.log_index, checkpoint.size, &hashes, &checkpoint.root).unwrap();
    entry
}

#[tokio::test]
async fn an_answer_proves_its_entry() {
    for key in [rekor_lite::LogKey::Ed25519, rekor_lite::LogKey::EcdsaP256] {
        let stack = Stack::with(|config| config.key = key);
        for index in 1..=20 {
            let answer = stack.post(valid_request(b"artifact").to_string()).await;
            let entry = verify(&stack, &answer);
            assert_eq!(entry.log_index, index);
        }
    }
}

#[tokio::test]
async fn an_answer_has_upstreams_members_and_no_other() {
    let stack = Stack::new();
    let request = valid_request(b"artifact");
    let answer = stack.post(request.to_string()).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let json = answer.json();
    let tree = stack.server.log().checkpoint();
    let expected = json!({
        "logIndex": "1",
        "logId": { "keyId": json["logId"]["keyId"] },
        "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
        "integratedTime": "0",
        "inclusionPromise": null,
        "inclusionProof": {
            "logIndex": "1",
            "rootHash": b64(&tree.root),
            "treeSize": "2",
            "hashes": json["inclusionProof"]["hashes"],
            "checkpoint": { "envelope": &*tree.checkpoint },
        },
        "canonicalizedBody": json["canonicalizedBody"],
    });
    assert_eq!(json, expected);
    assert_eq!(json["inclusionProof"]["hashes"].as_array().unwrap().len(), 1);
    assert_eq!(from_b64(&json["logId"]["keyId"]).len(), 32);
}

#[tokio::test]
async fn index_0_is_a_genuine_entry_of_the_logs_own() {
    let stack = Stack::new();
    assert_eq!(stack.size(), 1);
    let seed = HashedRekord002::parse(&stack.server.log().leaf(0).unwrap().bytes).unwrap();
    let EntryVerifier::PublicKey(spki) = &seed.verifier else { panic!("{seed:?}") };
    let key = PublicKey::from_spki_der(spki).unwrap();
    key.verify_digest(seed.hash(), &seed.digest, &seed.signature).unwrap();
    // No two logs share their first entry.
    let other = Stack::new().server.log().leaf(0).unwrap().bytes.clone();
    assert_ne!(other, stack.server.log().leaf(0).unwrap().bytes);
}

#[tokio::test]
async fn every_allowed_algorithm_is_accepted_under_its_name() {
    let stack = Stack::new();
    for (kind, details) in [
        (KeyKind::EcdsaP256, "PKIX_ECDSA_P256_SHA_256"),
        (KeyKind::EcdsaP384, "PKIX_ECDSA_P384_SHA_384"),
        (KeyKind::EcdsaP521, "PKIX_ECDSA_P521_SHA_512"),
        (KeyKind::Rsa(2048), "PKIX_RSA_PKCS1V15_2048_SHA256"),
        (KeyKind::Rsa(3072), "PKIX_RSA_PKCS1V15_3072_SHA256"),
        (KeyKind::Rsa(4096), "PKIX_RSA_PKCS1V15_4096_SHA256"),
        (KeyKind::Ed25519, "PKIX_ED25519_PH"),
    ] {
        let client = Client::new(kind);
        let answer = stack.post(client.request(b"artifact").to_string()).await;
        let entry = verify(&stack, &answer);
        let body = HashedRekord002::parse(&entry.canonicalized_body).unwrap();
        assert_eq!(body.key_details.name(), details);
    }
    assert_eq!(stack.size(), 8);
}

#[tokio::test]
async fn a_certificate_is_nothing_but_the_carrier_of_its_key() {
    // Signed by itself, expired, and about nobody: whether to trust it is the verifier's question.
    let stack = Stack::new();
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        let client = Client::new(kind);
        let certificate = client.certificate(100);
        let request = client.certificate_request(b"artifact", &certificate);
        let entry = verify(&stack, &stack.post(request.to_string()).await);
        let body = HashedRekord002::parse(&entry.canonicalized_body).unwrap();
        assert_eq!(body.verifier, EntryVerifier::Certificate(certificate));
    }
}

#[tokio::test]
async fn the_largest_leaf_is_accepted_and_the_next_refused() {
    let stack = Stack::new();
    let client = Client::new(KeyKind::Ed25519);
    let frame = client.certificate(40_000).len() - 40_000;
    let mut sizes = Vec::new();
    for bytes in 48_000..48_900 {
        let certificate = vec![0; bytes + frame];
        let entry = HashedRekord002 {
            digest: vec![0; 64],
            signature: vec![0; 64],
            key_details: lite_keys::KeyDetails::Ed25519Ph,
            verifier: EntryVerifier::Certificate(certificate),
        };
        sizes.push((entry.canonical().len(), bytes));
    }
    let last = sizes.iter().filter(|size| size.0 <= 65_535).max().unwrap().1;
    let request = |bytes| client.certificate_request(b"artifact", &client.certificate(bytes));
    let accepted = stack.post(request(last).to_string()).await;
    // Base64 grows by four characters at a time.
    assert!(verify(&stack, &accepted).canonicalized_body.len() > 65_535 - 4);
    let refused = stack.post(request(last + 1).to_string()).await;
    refused.assert_status(
        400,
        3,
        "invalid hashedrekord request: the entry is longer than 65535 bytes",
    );
    assert_eq!(stack.size(), 2);
}

/// The vectors of sigstore-conformance: see tests/vectors/README.md.
fn vector(name: &str) -> Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn leaves_are_those_of_sigstores_own_log() {
    let stack = Stack::new();
    for name in ["rekor2-happy-path", "rekor2-dsse-happy-path"] {
        let vector = vector(name);
        let answer = stack.post(vector["request"].to_string()).await;
        let entry = verify(&stack, &answer);
        assert_eq!(b64(&entry.canonicalized_body), vector["canonicalizedBody"]);
        let hash = hex::encode(leaf_hash(&entry.canonicalized_body));
        assert_eq!(hash, vector["leafHash"].as_str().unwrap());
    }
}

#[tokio::test]
async fn an_envelope_becomes_a_hashedrekord() {
    let stack = Stack::new();
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519] {
        let client = Client::new(kind);
        let answer = stack.post(client.dsse_request(b"payload").to_string()).await;
        let entry = verify(&stack, &answer);
        let body = HashedRekord002::parse(&entry.canonicalized_body).unwrap();
        let pae = lite_bundle::dsse::pae("text/plain", b"payload");
        assert_eq!(body.digest, client.hash().digest(&pae));
    }
}

#[tokio::test]
async fn any_verifier_of_an_envelope_may_be_the_one() {
    let stack = Stack::new();
    let client = Client::new(KeyKind::EcdsaP256);
    let other = Client::new(KeyKind::EcdsaP256);
    let mut request = client.dsse_request(b"payload");
    request["dsseRequestV002"]["verifiers"] = json!([other.verifier(), client.verifier()]);
    let entry = verify(&stack, &stack.post(request.to_string()).await);
    let body = HashedRekord002::parse(&entry.canonicalized_body).unwrap();
    assert_eq!(body.verifier.raw_bytes(), client.key.public().spki_der());
}

/// Replaces every value under a member of that name.
fn replace(json: &mut Value, member: &str, with: &dyn Fn(&Value) -> Value) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                if name == member {
                    *value = with(value);
                } else {
                    replace(value, member, with);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, member, with)),
        _ => {}
    }
}

#[tokio::test]
async fn every_spelling_of_proto_json_is_the_same_entry() {
    let stack = Stack::new();
    let request = valid_request(b"artifact");
    let text = request.to_string();
    let first = stack.post(text.clone()).await.index();
    let snake = text
        .replace("hashedRekordRequestV002", "hashed_rekord_request_v002")
        .replace("publicKey", "public_key")
        .replace("rawBytes", "raw_bytes")
        .replace("keyDetails", "key_details");
    let mut url_safe = request.clone();
    for member in ["digest", "content", "rawBytes"] {
        replace(&mut url_safe, member, &|value| URL_SAFE_NO_PAD.encode(from_b64(value)).into());
    }
    let unpadded = text.replace('=', "");
    let by_number = text.replace(r#""PKIX_ECDSA_P256_SHA_256""#, "5");
    let nulls = text
        .replace(
            r#"{"hashedRekordRequestV002""#,
            r#"{"dsseRequestV002":null,"hashedRekordRequestV002""#,
        )
        .replace(r#""publicKey""#, r#""x509Certificate":null,"publicKey""#);
    let escaped = text.replace("digest", "di\\u0067est");
    let spaced = format!("\r\n\t {} \n", serde_json::to_string_pretty(&request).unwrap());
    for spelling in [text, snake, url_safe.to_string(), unpadded, by_number, nulls, escaped, spaced]
    {
        assert_eq!(stack.post(spelling.clone()).await.index(), first, "{spelling}");
    }
    assert_eq!(stack.size(), 2);
}

#[tokio::test]
async fn a_duplicate_is_answered_with_the_entry_and_a_fresh_proof() {
    let stack = Stack::new();
    let request = valid_request(b"artifact").to_string();
    let first = verify(&stack, &stack.post(request.clone()).await);
    for _ in 0..5 {
        stack.post(valid_request(b"another").to_string()).await.index();
    }
    let again = verify(&stack, &stack.post(request).await);
    assert_eq!(again.log_index, first.log_index);
    assert_eq!(again.canonicalized_body, first.canonicalized_body);
    assert_eq!(again.inclusion_proof.unwrap().tree_size, 7);
    assert_eq!(stack.size(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_at_once_get_an_index_each() {
    let stack = std::sync::Arc::new(Stack::new());
    let tasks: Vec<_> = (0..200_u32)
        .map(|n| {
            let stack = stack.clone();
            tokio::spawn(async move {
                let answer = stack.post(valid_request(&n.to_be_bytes()).to_string()).await;
                verify(&stack, &answer).log_index
            })
        })
        .collect();
    let mut indexes = Vec::new();
    for task in tasks {
        indexes.push(task.await.unwrap());
    }
    indexes.sort_unstable();
    assert!(indexes.into_iter().eq(1..=200));
}
