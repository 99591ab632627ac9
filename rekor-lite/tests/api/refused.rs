//! One refusal after the other; nothing of them reaches the tree.

use http::Method;
use lite_keys::{KeyKind, SigningKey};
use rekor_lite::Dsse;
use serde_json::{Value, json};

use crate::support::{Client, ENTRIES, Stack, b64, from_b64, send, valid_request};

/// The member at a JSON pointer below the request's.
const SIGNATURE: &str = "/hashedRekordRequestV002/signature";

/// A valid request with one change at a JSON pointer.
fn changed(pointer: &str, value: Value) -> Value {
    let mut request = valid_request(b"artifact");
    *request.pointer_mut(pointer).unwrap() = value;
    request
}

/// A valid request, of which `change` gets the object at a JSON pointer.
fn edited(pointer: &str, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Value {
    let mut request = valid_request(b"artifact");
    change(request.pointer_mut(pointer).unwrap().as_object_mut().unwrap());
    request
}

async fn refuse(stack: &Stack, body: impl Into<axum::body::Body>, reason: &str) {
    let answer = stack.post(body).await;
    answer.assert_status(400, 3, reason);
    assert_eq!(stack.size(), 1, "{reason}");
}

async fn refuse_entry(stack: &Stack, body: &Value, reason: &str) {
    refuse(stack, body.to_string(), &format!("invalid hashedrekord request: {reason}")).await;
}

#[tokio::test]
async fn a_body_that_is_not_proto_json_is_malformed() {
    let stack = Stack::new();
    let valid = valid_request(b"artifact").to_string();
    for body in [
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "7".to_owned(),
        "nonsense".to_owned(),
        format!("{valid}{{}}"),
        format!("{valid},"),
        format!("\u{feff}{valid}"),
        // A list where an object belongs.
        format!("[{valid}]"),
        r#"{"hashedRekordRequestV002":[]}"#.to_owned(),
        r#"{"hashedRekordRequestV002":7}"#.to_owned(),
        // Unknown members, at every depth.
        valid.replacen('{', r#"{"x":1,"#, 1),
        valid.replace(r#""digest""#, r#""x":null,"digest""#),
        valid.replace(r#""rawBytes""#, r#""x":1,"rawBytes""#),
        valid.replace("digest", "Digest"),
        // A member twice, also under its two names.
        valid.replace(r#""digest""#, r#""digest":null,"digest""#),
        valid.replace(r#""rawBytes""#, r#""raw_bytes":null,"rawBytes""#),
        // Two members of a `oneof`.
        valid.replacen('{', r#"{"dsseRequestV002":{},"#, 1),
        // What is not Base64, and what is not text.
        valid.replace(r#""digest":""#, r#""digest":"*"#),
        valid.replace(r#""content":""#, r#""content":" "#),
        changed("/hashedRekordRequestV002/digest", json!(7)).to_string(),
        changed(&format!("{SIGNATURE}/verifier/keyDetails"), json!({})).to_string(),
    ] {
        let answer = stack.post(body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        let status = answer.json();
        assert_eq!((&status["code"], &status["details"]), (&json!(3), &json!([])));
        assert!(status["message"].as_str().unwrap().starts_with("proto: "), "{status}");
    }
    let not_utf8 = stack.post(&b"{\"\xff\":1}"[..]).await;
    assert_eq!(not_utf8.status, 400);
    assert_eq!(stack.size(), 1);
}

#[tokio::test]
async fn deep_nesting_is_malformed() {
    let stack = Stack::new();
    let body = format!("{}{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(stack.post(body).await.status, 400);
    assert_eq!(stack.post("[".repeat(1_000_000)).await.status, 400);
}

#[tokio::test]
async fn a_long_word_is_not_sent_back_whole() {
    let stack = Stack::new();
    let answer = stack.post(format!(r#"{{"{}":1}}"#, "é".repeat(100_000))).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.len() < 1000);
}

#[tokio::test]
async fn a_request_without_a_hashedrekord_is_of_no_type() {
    let stack = Stack::new();
    for body in ["", "{}", r#"{"hashedRekordRequestV002":null}"#] {
        refuse(&stack, body, "invalid type, must be hashedrekord").await;
    }
}

#[tokio::test]
async fn an_envelope_is_of_no_type_where_it_is_not_translated() {
    let stack = Stack::with(|config| config.dsse = Dsse::Reject);
    let request = Client::new(KeyKind::EcdsaP256).dsse_request(b"payload");
    refuse(&stack, request.to_string(), "invalid type, must be hashedrekord").await;
}

#[tokio::test]
async fn what_is_missing_is_named_in_upstreams_order() {
    let stack = Stack::new();
    let empty = json!({ "hashedRekordRequestV002": {} });
    refuse_entry(&stack, &empty, "the signature is missing").await;
    for value in [json!(""), json!(null)] {
        let request = changed(&format!("{SIGNATURE}/content"), value.clone());
        refuse_entry(&stack, &request, "the signature is missing").await;
        let request = changed("/hashedRekordRequestV002/digest", value.clone());
        refuse_entry(&stack, &request, "the digest is missing").await;
        let request = changed(&format!("{SIGNATURE}/verifier/publicKey/rawBytes"), value);
        let neither = "the verifier has neither a key nor a certificate";
        refuse_entry(&stack, &request, neither).await;
    }
    let request = changed(&format!("{SIGNATURE}/verifier"), json!(null));
    refuse_entry(&stack, &request, "the verifier is missing").await;
    let request = changed(&format!("{SIGNATURE}/verifier/publicKey"), json!(null));
    refuse_entry(&stack, &request, "the verifier has neither a key nor a certificate").await;
    let request = changed(&format!("{SIGNATURE}/verifier/keyDetails"), json!(null));
    refuse_entry(&stack, &request, "keyDetails is missing or unknown").await;
}

#[tokio::test]
async fn a_key_and_a_certificate_are_one_too_many() {
    let stack = Stack::new();
    let request = edited(&format!("{SIGNATURE}/verifier"), |verifier| {
        verifier.insert("x509Certificate".to_owned(), json!({ "rawBytes": "AAAA" }));
    });
    refuse_entry(&stack, &request, "oneof verifier is already set").await;
}

#[tokio::test]
async fn a_verifier_that_is_no_key_or_certificate_is_refused() {
    let stack = Stack::new();
    let pointer = format!("{SIGNATURE}/verifier/publicKey/rawBytes");
    let request = changed(&pointer, json!(b64(b"not a key")));
    refuse_entry(&stack, &request, "the key is not a DER SubjectPublicKeyInfo").await;
    let mut trailing = Client::new(KeyKind::EcdsaP256).key.public().spki_der().to_vec();
    trailing.push(0);
    let request = changed(&pointer, json!(b64(&trailing)));
    refuse_entry(&stack, &request, "the key is not a DER SubjectPublicKeyInfo").await;
    let request = edited(&format!("{SIGNATURE}/verifier"), |verifier| {
        let key = verifier.remove("publicKey").unwrap();
        verifier.insert("x509Certificate".to_owned(), key);
    });
    refuse_entry(&stack, &request, "the certificate is not one DER certificate").await;
}

#[tokio::test]
async fn key_details_must_be_those_of_the_key() {
    let stack = Stack::new();
    let details = |name: Value| changed(&format!("{SIGNATURE}/verifier/keyDetails"), name);
    for unknown in [json!("PKIX_RSA_PSS"), json!("nonsense"), json!(0), json!(4711), json!(-1)] {
        refuse_entry(&stack, &details(unknown), "keyDetails is missing or unknown").await;
    }
    let mismatch = "keyDetails must be PKIX_ECDSA_P256_SHA_256 for this key";
    for other in ["PKIX_RSA_PKCS1V15_2048_SHA256", "PKIX_ECDSA_P384_SHA_384", "PKIX_ED25519_PH"] {
        refuse_entry(&stack, &details(json!(other)), mismatch).await;
    }
    let client = Client::new(KeyKind::Ed25519);
    let mut request = client.request(b"artifact");
    *request.pointer_mut(&format!("{SIGNATURE}/verifier/keyDetails")).unwrap() =
        json!("PKIX_ED25519");
    refuse_entry(&stack, &request, "keyDetails must be PKIX_ED25519_PH for this key").await;
}

#[tokio::test]
async fn an_algorithm_that_is_not_allowed_is_refused() {
    let allowed = r#"["PKIX_ECDSA_P384_SHA_384"]"#;
    let stack = Stack::with(|config| config.algorithms = serde_json::from_str(allowed).unwrap());
    let request = valid_request(b"artifact");
    refuse_entry(&stack, &request, "the algorithm is not allowed by this log").await;
    let request = Client::new(KeyKind::EcdsaP384).request(b"artifact");
    assert_eq!(stack.post(request.to_string()).await.index(), 1);
}

#[tokio::test]
async fn rsa_of_another_size_is_refused() {
    // openssl genrsa 2056 | openssl rsa -pubout -outform DER | base64 -w0
    let spki = include_str!("../vectors/rsa2056.spki.b64").trim();
    let stack = Stack::new();
    let request = edited(&format!("{SIGNATURE}/verifier"), |verifier| {
        verifier.insert("publicKey".to_owned(), json!({ "rawBytes": spki }));
        verifier.insert("keyDetails".to_owned(), json!("PKIX_RSA_PKCS1V15_2048_SHA256"));
    });
    refuse_entry(&stack, &request, "the algorithm is not allowed by this log").await;
}

#[tokio::test]
async fn a_digest_of_another_length_is_refused() {
    let stack = Stack::new();
    for length in [1, 31, 33, 48, 64] {
        let request = changed("/hashedRekordRequestV002/digest", json!(b64(&vec![7; length])));
        refuse_entry(&stack, &request, "the digest has another length than its algorithm's").await;
    }
}

#[tokio::test]
async fn a_signature_that_does_not_verify_is_refused() {
    let stack = Stack::new();
    let mismatch = "the signature does not verify";
    let request = changed("/hashedRekordRequestV002/digest", json!(b64(&[7; 32])));
    refuse_entry(&stack, &request, mismatch).await;
    let request = changed(&format!("{SIGNATURE}/content"), json!(b64(&[7; 70])));
    refuse_entry(&stack, &request, mismatch).await;
    let other = SigningKey::generate(KeyKind::EcdsaP256);
    let spki = json!(b64(other.public().spki_der()));
    let request = changed(&format!("{SIGNATURE}/verifier/publicKey/rawBytes"), spki);
    refuse_entry(&stack, &request, mismatch).await;
    // Pure Ed25519 over the digest is not Ed25519ph.
    let client = Client::new(KeyKind::Ed25519);
    let mut request = client.request(b"artifact");
    let digest = from_b64(&request["hashedRekordRequestV002"]["digest"]);
    let pure = client.key.sign(client.hash(), &digest).unwrap();
    *request.pointer_mut(&format!("{SIGNATURE}/content")).unwrap() = json!(b64(&pure));
    refuse_entry(&stack, &request, mismatch).await;
}

#[tokio::test]
async fn an_entry_that_fits_no_entry_bundle_is_refused() {
    let stack = Stack::new();
    let long = "the entry is longer than 65535 bytes";
    for bytes in [65_536, 1 << 20] {
        let request = changed(
            &format!("{SIGNATURE}/verifier/publicKey/rawBytes"),
            json!(b64(&vec![0; bytes])),
        );
        refuse_entry(&stack, &request, long).await;
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_with_400() {
    let stack = Stack::new();
    let answer = stack.post(" ".repeat((4 << 20) + 1)).await;
    answer.assert_status(400, 3, "http: request body too large");
    // At the limit it is read, and is an empty request for all we know.
    let answer = stack.post(" ".repeat(4 << 20)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["message"].as_str().unwrap().starts_with("proto: "));
}

#[tokio::test]
async fn envelopes_are_held_to_the_same_rules() {
    let stack = Stack::new();
    let client = Client::new(KeyKind::EcdsaP256);
    let with = |pointer: &str, value: Value| {
        let mut request = client.dsse_request(b"payload");
        *request.pointer_mut(&format!("/dsseRequestV002{pointer}")).unwrap() = value;
        request
    };
    let one = json!({ "sig": "AAAA" });
    let verifiers = json!(vec![client.verifier(); 11]);
    for (pointer, value, reason) in [
        ("/envelope", json!(null), "the envelope has no payload"),
        ("/envelope/payload", json!(""), "the envelope has no payload"),
        ("/envelope/signatures", json!([]), "the envelope must have exactly one signature"),
        ("/envelope/signatures", json!([one, one]), "the envelope must have exactly one signature"),
        ("/envelope/signatures/0/sig", json!(""), "the signature is missing"),
        ("/envelope/signatures/0/sig", json!("AAAA"), "the signature does not verify"),
        ("/envelope/payload", json!(b64(b"other")), "the signature does not verify"),
        ("/envelope/payloadType", json!("other"), "the signature does not verify"),
        ("/verifiers", json!([]), "the envelope must have one to ten verifiers"),
        ("/verifiers", verifiers, "the envelope must have one to ten verifiers"),
        (
            "/verifiers/0/keyDetails",
            json!(9),
            "keyDetails must be PKIX_ECDSA_P256_SHA_256 for this key",
        ),
    ] {
        refuse_entry(&stack, &with(pointer, value), reason).await;
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_is_not_implemented() {
    let stack = Stack::new();
    for (method, path) in [
        (Method::GET, ENTRIES),
        (Method::PUT, ENTRIES),
        (Method::DELETE, ENTRIES),
        (Method::POST, "/checkpoint"),
        (Method::POST, "/api/v2/checkpoint"),
        (Method::POST, "/tile/0/000.p/1"),
        (Method::PUT, "/api/v2/tile/entries/000.p/1"),
    ] {
        let answer = send(stack.server.router(), method, path, axum::body::Body::empty()).await;
        answer.assert_status(501, 12, "Method Not Allowed");
    }
}

#[tokio::test]
async fn a_duplicate_is_a_conflict_in_strict_mode() {
    let stack = Stack::with(|config| config.strict_duplicates = true);
    let request = valid_request(b"artifact").to_string();
    assert_eq!(stack.post(request.clone()).await.index(), 1);
    let answer = stack.post(request).await;
    let message = "an equivalent entry already exists in the transparency log with index 1";
    answer.assert_status(409, 6, message);
    assert_eq!(answer.headers["x-log-index"], "1");
    assert_eq!(stack.size(), 2);
}

#[tokio::test]
async fn a_log_with_no_room_pushes_back() {
    let stack = Stack::with(|config| config.max_waiting = 0);
    let answer = stack.post(valid_request(b"artifact").to_string()).await;
    answer.assert_status(503, 14, "reached max pushback; retry");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(stack.size(), 1);
}

#[tokio::test]
async fn a_frozen_log_says_so_in_plain_text() {
    let stack = Stack::with(|config| config.read_only = true);
    let answer = stack.post(valid_request(b"artifact").to_string()).await;
    assert_eq!(answer.status, 405);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let words = "This log has been frozen, please switch to the latest log.\n";
    assert_eq!(answer.text(), words);
    assert_eq!(stack.get("/checkpoint").await.status, 200);
    assert_eq!(stack.size(), 1);
}
