//! The order of a certificate's life, and what stops it.

use std::sync::Arc;

use crate::support::{ISSUER, Keys, Mood, NOW, World, evidence, world, world_of};
use lite_identity::{KeySet, TokenError};
use lite_issuer::ports::{IssuerKeys, KeySourceError};
use lite_issuer::steps::LogError;
use lite_issuer::{Evidence, IssueError, PossessionError, Request, TokenRefusal};
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use lite_pki::{Purpose, SctList, verify_chain};
use lite_time::Clock as _;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";

fn section() -> Value {
    json!({"client-id": "sigstore", "type": "email"})
}

fn claims() -> Value {
    json!({"email": ADA, "email_verified": true, "sub": "7"})
}

fn config() -> Value {
    json!({"oidc-issuers": {ISSUER: section()}})
}

#[track_caller]
fn refuse_possession(world: &World, evidence: Evidence, why: PossessionError) {
    match world.issue_with(&claims(), evidence) {
        Err(IssueError::Possession(said)) => assert_eq!(said, why),
        other => panic!("{other:?}"),
    }
    assert!(world.order().is_empty(), "what is refused is neither journalled nor logged");
}

#[test]
fn a_certificate_is_recorded_logged_recorded_issued_recorded() {
    let world = world(&section());
    let issued = world.issue(&claims(), ADA).unwrap();
    let intent = format!("intend {ISSUER} {ADA}");
    assert_eq!(world.order(), [intent.as_str(), "submit", "promised", "issued"]);

    let chain = issued.full_chain();
    assert_eq!(chain.len(), 3, "leaf, issuing CA and root");
    verify_chain(&chain[0], &chain[1..2], &chain[2..], world.clock.now(), Purpose::CodeSigning)
        .unwrap();
    assert_eq!(SctList::of_certificate(&issued.certificate).unwrap().0.len(), 1);
    let submitted = world.log.submitted.lock().unwrap();
    assert_eq!(submitted[0][1..], chain[1..], "the log sees the same chain, root included");
    assert_eq!(submitted[0][0].serial(), issued.certificate.serial());
}

#[test]
fn every_kind_of_key_can_prove_itself() {
    let world = world(&section());
    for kind in [
        KeyKind::EcdsaP256,
        KeyKind::EcdsaP384,
        KeyKind::EcdsaP521,
        KeyKind::Ed25519,
        KeyKind::Rsa(2048),
    ] {
        let key = SigningKey::generate(kind);
        let issued = world.issue_with(&claims(), evidence(&key, ADA)).unwrap();
        assert_eq!(issued.certificate.spki_der(), key.public().spki_der(), "{kind}");
        let der = Evidence::PublicKey {
            key: key.public().spki_der().to_vec(),
            proof: key.sign(kind.default_hash(), ADA.as_bytes()).unwrap(),
        };
        assert!(world.issue_with(&claims(), der).is_ok(), "{kind} in DER");
    }
}

#[test]
fn a_proof_over_anything_else_proves_nothing() {
    let world = world(&section());
    let (key, other) =
        (SigningKey::generate(KeyKind::EcdsaP256), SigningKey::generate(KeyKind::EcdsaP256));
    for name in ["", "7", "Ada@example.com", "ada@example.com\n"] {
        refuse_possession(&world, evidence(&key, name), PossessionError::Signature);
    }
    let Evidence::PublicKey { proof, .. } = evidence(&other, ADA) else { unreachable!() };
    let pem = key.public().to_pem().into_bytes();
    refuse_possession(
        &world,
        Evidence::PublicKey { key: pem.clone(), proof },
        PossessionError::Signature,
    );
    let large = SigningKey::generate(KeyKind::Rsa(2048));
    let wrong_hash = Evidence::PublicKey {
        key: large.public().to_pem().into_bytes(),
        proof: large.sign(HashAlgorithm::Sha512, ADA.as_bytes()).unwrap(),
    };
    refuse_possession(&world, wrong_hash, PossessionError::Signature);
    refuse_possession(
        &world,
        Evidence::PublicKey { key: pem, proof: vec![] },
        PossessionError::Signature,
    );
}

#[test]
fn keys_that_cannot_be_read_or_are_weak_are_refused() {
    let world = world(&section());
    let with = |key: &[u8]| Evidence::PublicKey { key: key.to_vec(), proof: vec![] };
    for key in
        [&b""[..], b"x", b"-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----", b"\x30\x00"]
    {
        refuse_possession(&world, with(key), PossessionError::KeyUnparseable);
    }
    // openssl genrsa 1024 | openssl rsa -pubout
    let weak = "-----BEGIN PUBLIC KEY-----\n\
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDAYZrXkSVCRGuw5KKVfBb8ImMc\n\
        Y7JXy1bcqKP0Y1ckmPkZeKZ9AcFXxPWCWzvI/9Z5xzRoTh4R7SVeSCr4yH2Snz0B\n\
        1A7v2mVyqYNGYsNS2JN8mm+cq8pV5qN0gHj0kyA7b0ZC7w0iVwzrAM0lVHbL1z6R\n\
        PZPgcmS6SVqDMuWf8wIDAQAB\n-----END PUBLIC KEY-----\n";
    refuse_possession(&world, with(weak.as_bytes()), PossessionError::KeyInsecure);
}

#[test]
fn a_request_that_cannot_be_read_is_refused() {
    let world = world(&section());
    for pem in
        ["", "x", "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----"]
    {
        let evidence = Evidence::SigningRequest(pem.as_bytes().to_vec());
        refuse_possession(&world, evidence, PossessionError::RequestUnparseable);
    }
}

#[test]
fn tokens_that_do_not_hold_are_refused() {
    let mut world = world(&section());
    let refuse = |world: &World, claims: Value, why: TokenRefusal| {
        match world.issue(&claims, ADA) {
            Err(IssueError::Token(said)) => assert_eq!(said, why, "{claims}"),
            other => panic!("{claims}: {other:?}"),
        }
        assert!(world.order().is_empty());
    };
    refuse(&world, json!({"iss": "https://other.example"}), TokenRefusal::IssuerUnknown);
    refuse(&world, json!({"aud": "other"}), TokenRefusal::Token(TokenError::AudienceMismatch));
    refuse(&world, json!({"exp": NOW - 1}), TokenRefusal::Token(TokenError::Expired));

    let none = IssuerKeys { keys: Arc::new(KeySet::default()), algorithms: Arc::new([]) };
    world.authority.keys = Box::new(Keys(Ok(none)));
    refuse(&world, claims(), TokenRefusal::Token(TokenError::AlgorithmNotAllowed));
    world.authority.keys = Box::new(Keys(Err(KeySourceError::Unavailable)));
    refuse(&world, claims(), TokenRefusal::Keys(KeySourceError::Unavailable));

    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let request = Request { token: "x.y.z".into(), evidence: evidence(&key, ADA) };
    assert!(matches!(
        world.authority.issue(&request),
        Err(IssueError::Token(TokenRefusal::Token(TokenError::Base64)))
    ));
}

#[test]
fn without_a_promise_that_verifies_there_is_no_certificate() {
    let silent = world_of(&config(), Mood::Silent, usize::MAX);
    let issued = silent.issue(&claims(), ADA);
    assert!(matches!(issued, Err(IssueError::NotLogged(LogError::Log(_)))), "{issued:?}");
    assert_eq!(silent.order()[1..], ["submit", "abandoned not_logged"]);

    let forging = world_of(&config(), Mood::Forging, usize::MAX);
    let issued = forging.issue(&claims(), ADA);
    assert!(matches!(issued, Err(IssueError::NotLogged(LogError::Sct(_)))), "{issued:?}");
    assert_eq!(forging.order()[1..], ["submit", "abandoned not_logged"]);
}

#[test]
fn nothing_goes_on_when_the_journal_cannot_be_written() {
    for (writes, expected) in [(0, vec![]), (1, vec!["submit"]), (2, vec!["submit", "promised"])] {
        let world = world_of(&config(), Mood::Honest, writes);
        let issued = world.issue(&claims(), ADA);
        assert!(matches!(issued, Err(IssueError::Journal(_))), "{issued:?}");
        let order = world.order();
        assert_eq!(order.iter().skip(1).collect::<Vec<_>>(), expected, "after {writes} writes");
        assert_eq!(world.log.submitted.lock().unwrap().len(), usize::from(writes > 0));
    }
}
