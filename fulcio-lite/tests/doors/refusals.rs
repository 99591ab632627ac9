//! One test per refusal: status and words as upstream's, and nothing of it in the CT log or the journal.

use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use http::Method;
use jsonwebtoken::{EncodingKey, Header};
use lite_issuer::ports::CtLogError;
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use serde_json::{Value, json};

use crate::support::{
    ADA, Answer, Idp, Log, NOW, World, claims, key_request, p256, world, world_with,
};

const TOKEN: &str = "There was an error processing the identity token";
const KEY: &str = "The public key supplied in the request could not be parsed";
const WEAK: &str = "The public key supplied in the request is insecure";
const PROOF: &str = "The signature supplied in the request could not be verified";
const CSR: &str = "The certificate signing request could not be parsed";

#[track_caller]
fn is(answer: &Answer, http: u16, code: i64, message: &str) {
    let expected = json!({"code": code, "message": message, "details": []});
    assert_eq!((answer.status.as_u16(), answer.json()), (http, expected));
    assert_eq!(answer.content_type, "application/json");
}

#[track_caller]
fn nothing_happened(world: &World) {
    assert_eq!(world.submissions(), 0, "nothing refused reaches the log");
    assert!(world.journal().is_empty(), "nothing refused is journalled");
}

async fn refuse_token(world: &World, token: &str) {
    is(&world.post(token, &key_request(&p256(), ADA)).await, 400, 3, TOKEN);
    nothing_happened(world);
}

async fn refuse_body(world: &World, body: &Value, message: &str) {
    is(&world.post(&world.idp.token(), body).await, 400, 3, message);
    nothing_happened(world);
}

#[tokio::test]
async fn a_token_without_a_signature_or_with_a_shared_secret() {
    let world = world();
    let part = |value: &Value| B64.encode(value.to_string());
    for alg in ["none", "None", "HS256"] {
        let unsigned =
            format!("{}.{}.", part(&json!({"alg": alg, "kid": "embedded"})), part(&claims()));
        refuse_token(&world, &unsigned).await;
    }
    // HMAC with the public key in each of the forms in which it is public.
    let der = world.idp.pair.public_key().as_ref().to_vec();
    let jwk = world.idp.jwk().to_string().into_bytes();
    for secret in [der, jwk] {
        let header =
            Header { kid: Some("embedded".into()), ..Header::new(jsonwebtoken::Algorithm::HS256) };
        let token =
            jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
        refuse_token(&world, &token).await;
    }
}

#[tokio::test]
async fn a_token_for_another_audience_or_of_another_issuer_or_time_or_key() {
    let world = world();
    for (name, value) in [
        ("aud", json!("other")),
        ("aud", json!([])),
        ("iss", json!("https://stranger.example")),
        ("iss", json!("http://localhost:7070/oidc/")),
        ("exp", json!(NOW - 1)),
        ("nbf", json!(NOW + 301)),
        ("email_verified", json!(false)),
        ("email_verified", json!(null)),
        ("email", json!("ada@localhost")),
        ("email", json!(["ada@example.com"])),
    ] {
        let mut claims = claims();
        claims[name] = value;
        refuse_token(&world, &world.idp.sign(&claims)).await;
    }
    refuse_token(&world, &Idp::new("embedded").token()).await;
    refuse_token(&world, &Idp::new("unknown").token()).await;
    for token in ["", "x", "a.b.c", &"A".repeat(70_000)] {
        refuse_token(&world, token).await;
    }
}

#[tokio::test]
async fn two_authorization_headers_are_none() {
    use tower::ServiceExt as _;
    let world = world();
    let request = http::Request::post("/api/v2/signingCert")
        .header("authorization", format!("Bearer {}", world.idp.token()))
        .header("authorization", "Bearer other")
        .body(axum::body::Body::from(key_request(&p256(), ADA).to_string()))
        .unwrap();
    assert_eq!(world.server.router().oneshot(request).await.unwrap().status(), 400);
    nothing_happened(&world);
}

#[tokio::test]
async fn a_key_that_is_missing_or_cannot_be_read() {
    let world = world();
    let with = |content: Value| json!({"publicKeyRequest": {"publicKey": {"content": content}}});
    refuse_body(&world, &json!({}), KEY).await;
    refuse_body(&world, &json!({"publicKeyRequest": {}}), KEY).await;
    refuse_body(&world, &json!({"publicKeyRequest": {"publicKey": null}}), KEY).await;
    for content in [
        "",
        "x",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n*\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        refuse_body(&world, &with(json!(content)), KEY).await;
    }
    // A point that is not on its curve: the last coordinate's last byte is changed.
    let mut der = p256().public().spki_der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    let pem =
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
    refuse_body(&world, &with(json!(pem)), KEY).await;
}

/// An RSA `SubjectPublicKeyInfo` with a modulus of so many bits and this exponent.
fn rsa_pem(bits: usize, exponent: &[u8]) -> String {
    let tlv = |tag: u8, value: &[u8]| {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, value].concat()
    };
    let short = |tag: u8, value: &[u8]| {
        let length = value.len();
        if length < 128 {
            [&[tag, u8::try_from(length).unwrap()][..], value].concat()
        } else if length < 256 {
            [&[tag, 0x81, u8::try_from(length).unwrap()][..], value].concat()
        } else {
            tlv(tag, value)
        }
    };
    let mut modulus = vec![0xb5; bits / 8];
    modulus.insert(0, 0);
    let key = short(0x30, &[short(2, &modulus), short(2, exponent)].concat());
    let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
    let der = short(0x30, &[&algorithm[..], &short(3, &[&[0][..], &key].concat())].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

#[tokio::test]
async fn a_weak_key() {
    let world = world();
    for pem in [
        rsa_pem(1024, &[1, 0, 1]),
        rsa_pem(2304, &[1, 0, 1]),
        rsa_pem(8192, &[1, 0, 1]),
        rsa_pem(2048, &[3]),
    ] {
        let body = json!({"publicKeyRequest": {"publicKey": {"content": pem}, "proofOfPossession": "AA=="}});
        refuse_body(&world, &body, WEAK).await;
    }
}

#[tokio::test]
async fn a_proof_of_another_key_or_over_another_name_or_hash() {
    let world = world();
    let (key, other) = (p256(), p256());
    refuse_body(&world, &key_request(&key, "7"), PROOF).await;
    refuse_body(&world, &key_request(&key, ""), PROOF).await;
    let mut body = key_request(&key, ADA);
    for proof in [
        json!(STANDARD.encode(other.sign(HashAlgorithm::Sha256, ADA.as_bytes()).unwrap())),
        json!(""),
        json!(null),
        json!("AAAA"),
    ] {
        body["publicKeyRequest"]["proofOfPossession"] = proof;
        refuse_body(&world, &body, PROOF).await;
    }
    let rsa = SigningKey::generate(KeyKind::Rsa(2048));
    let mut body = key_request(&rsa, ADA);
    let proof = rsa.sign(HashAlgorithm::Sha512, ADA.as_bytes()).unwrap();
    body["publicKeyRequest"]["proofOfPossession"] = json!(STANDARD.encode(proof));
    refuse_body(&world, &body, PROOF).await;
}

#[tokio::test]
async fn an_algorithm_that_is_not_on_the_list() {
    let world = world_with(Log::new(), |config| {
        config.client_signing_algorithms = vec!["ecdsa-sha2-256-nistp256".into()];
    });
    let body = key_request(&SigningKey::generate(KeyKind::EcdsaP384), ADA);
    refuse_body(&world, &body, "signing algorithm not permitted: *ecdsa.PublicKey, SHA-384").await;
    let body = key_request(&SigningKey::generate(KeyKind::Ed25519), ADA);
    refuse_body(&world, &body, "signing algorithm not permitted: ed25519.PublicKey, SHA-512").await;
}

#[tokio::test]
async fn a_signing_request_that_cannot_be_read() {
    let world = world();
    for pem in [
        "x",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
        "-----BEGIN CERTIFICATE REQUEST-----\n*\n-----END CERTIFICATE REQUEST-----",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----",
    ] {
        refuse_body(&world, &json!({"certificateSigningRequest": STANDARD.encode(pem)}), CSR).await;
    }
    let both = json!({"certificateSigningRequest": "AAAA", "publicKeyRequest": {}});
    refuse_body(&world, &both, "oneof key is already set").await;
}

#[tokio::test]
async fn malformed_json_and_base64() {
    let world = world();
    for path in ["/api/v2/signingCert", "/api/v1/signingCert"] {
        for body in [
            "{",
            "[]",
            "x",
            "{}{}",
            r#"{"publicKeyRequest":7}"#,
            r#"{"publicKeyRequest":{"proofOfPossession":"*"}}"#,
            r#"{"signedEmailAddress":"*","publicKeyRequest":[7]}"#,
            r#"{"certificateSigningRequest":"a"}"#,
            r#"{"certificateSigningRequest":"","certificate_signing_request":""}"#,
        ] {
            let answer = world.ask(Method::POST, path, &world.idp.token(), body).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["code"]),
                (400, &json!(3)),
                "{path} {body}"
            );
        }
        // What a request says, as a list: another reader would not see the same in it.
        let list = json!([null, key_request(&p256(), ADA)["publicKeyRequest"], null]).to_string();
        let answer = world.ask(Method::POST, path, &world.idp.token(), list).await;
        assert_eq!(answer.json()["message"], "invalid JSON: not an object", "{path}");
        let deep = "[".repeat(100_000);
        let answer = world.ask(Method::POST, path, &world.idp.token(), deep).await;
        assert_eq!(answer.status, 400);
    }
    nothing_happened(&world);
}

#[tokio::test]
async fn an_empty_body_is_an_empty_message() {
    let world = world();
    is(&world.ask(Method::POST, "/api/v2/signingCert", "", "").await, 400, 3, TOKEN);
    let token = world.idp.token();
    is(&world.ask(Method::POST, "/api/v2/signingCert", &token, " \n").await, 400, 3, KEY);
    nothing_happened(&world);
}

#[tokio::test]
async fn a_body_over_four_mebibytes() {
    let world = world();
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(4 << 20));
    for path in ["/api/v2/signingCert", "/api/v1/signingCert"] {
        let answer = world.ask(Method::POST, path, &world.idp.token(), large.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!(3)), "{path}");
    }
    nothing_happened(&world);
}

#[tokio::test]
async fn a_known_path_with_a_wrong_method() {
    let world = world();
    for (path, method) in [
        ("/api/v2/signingCert", Method::GET),
        ("/api/v2/signingCert", Method::PUT),
        ("/api/v2/trustBundle", Method::POST),
        ("/api/v2/configuration", Method::DELETE),
        ("/api/v1/signingCert", Method::GET),
        ("/api/v1/rootCert", Method::POST),
    ] {
        is(&world.ask(method, path, "", "").await, 501, 12, "Method Not Allowed");
    }
}

#[tokio::test]
async fn a_log_that_gives_no_promise_is_our_failure_and_no_certificate() {
    for why in [CtLogError::Unavailable, CtLogError::Refused, CtLogError::Malformed] {
        let world = world_with(Log { broken: Some(why), ..Log::new() }, |_| {});
        let answer = world.post(&world.idp.token(), &key_request(&p256(), ADA)).await;
        is(&answer, 500, 13, "Error entering certificate in CTL");
    }
}

#[tokio::test]
async fn when_as_many_as_allowed_are_being_issued_the_next_waits_elsewhere() {
    let world = world_with(Log::new(), |config| config.max_concurrent = 0);
    let answer = world.post(&world.idp.token(), &key_request(&p256(), ADA)).await;
    is(&answer, 503, 14, "too many certificates are being issued");
    nothing_happened(&world);
}
