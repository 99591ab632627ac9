//! Entries that are signed here, for what no vector can hold: lengths, counts, rules.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::body::{EntryVerifier, HashedRekord002};
use lite_bundle::dsse::{IN_TOTO_PAYLOAD_TYPE, pae};
use lite_entries::{MAX_BESIDE, Refusal, Rules, SearchKey, accept, key_of_pem, search_keys};
use lite_keys::{HashAlgorithm, KeyDetails, KeyKind, SigningKey};
use serde_json::{Value, json};

pub(crate) fn envelope(key: &SigningKey, payload_type: &str, payload: &[u8]) -> Value {
    let sig = key.sign(HashAlgorithm::Sha256, &pae(payload_type, payload)).unwrap();
    json!({"payload": STANDARD.encode(payload), "payloadType": payload_type,
           "signatures": [{"sig": STANDARD.encode(sig)}]})
}

pub(crate) fn dsse(envelope: &Value, keys: &[&SigningKey]) -> Vec<u8> {
    let pem = |key: &&SigningKey| STANDARD.encode(key.public().to_pem());
    let verifiers: Vec<String> = keys.iter().map(pem).collect();
    let content = json!({"envelope": envelope.to_string(), "verifiers": verifiers});
    let entry =
        json!({"kind": "dsse", "apiVersion": "0.0.1", "spec": {"proposedContent": content}});
    entry.to_string().into_bytes()
}

fn hashedrekord(key: &SigningKey, hash: HashAlgorithm) -> Vec<u8> {
    let digest = hash.digest(b"artifact");
    let signature = STANDARD.encode(key.sign_digest(hash, &digest).unwrap());
    let pem = STANDARD.encode(key.public().to_pem());
    let hash = json!({"algorithm": hash.short_name(), "value": hex::encode(&digest)});
    let signature = json!({"content": signature, "publicKey": {"content": pem}});
    let spec = json!({"signature": signature, "data": {"hash": hash}});
    json!({"kind": "hashedrekord", "apiVersion": "0.0.1", "spec": spec}).to_string().into_bytes()
}

#[test]
fn the_rules_say_which_keys_may_sign_with_which_hash() {
    let check = |kind: KeyKind, algorithms: &[KeyDetails], allowed: bool| {
        let proposed = hashedrekord(&SigningKey::generate(kind), kind.default_hash());
        let verdict = accept(&proposed, &Rules { algorithms: algorithms.to_vec() });
        assert_eq!(verdict.err(), (!allowed).then_some(Refusal::AlgorithmNotAllowed), "{kind}");
    };
    check(KeyKind::EcdsaP256, &KeyDetails::ALL, true);
    check(KeyKind::EcdsaP256, &[KeyDetails::EcdsaP256Sha256], true);
    check(KeyKind::EcdsaP256, &[KeyDetails::EcdsaP384Sha384], false);
    check(KeyKind::EcdsaP384, &[KeyDetails::EcdsaP384Sha384], true);
    check(KeyKind::EcdsaP256, &[], false);
    check(KeyKind::Ed25519, &[KeyDetails::Ed25519Ph], true);
    check(KeyKind::Ed25519, &[KeyDetails::Ed25519], false);
    check(KeyKind::Rsa(2048), &[KeyDetails::RsaPkcs1v15_3072Sha256], false);
}

#[test]
fn a_key_with_another_hash_than_its_own_is_not_allowed_and_not_unsigned() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let digest = HashAlgorithm::Sha256.digest(b"artifact");
    let ours = String::from_utf8(hashedrekord(&key, HashAlgorithm::Sha256)).unwrap();
    let other = ours.replace(&hex::encode(digest), &"00".repeat(32));
    let verdict = accept(other.as_bytes(), &Rules::default());
    assert_eq!(verdict.err(), Some(Refusal::Signature(KeyKind::EcdsaP256)));
}

#[test]
fn the_rules_are_for_hashedrekord_alone() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let proposed = dsse(&envelope(&key, "text/plain", b"x"), &[&key]);
    assert!(accept(&proposed, &Rules { algorithms: Vec::new() }).is_ok());
}

#[test]
fn ten_signatures_are_taken_and_eleven_are_not() {
    let keys: Vec<SigningKey> = (0..11).map(|_| SigningKey::generate(KeyKind::EcdsaP256)).collect();
    let verdict = |signers: &[SigningKey], verifiers: &[SigningKey]| {
        let mut all = envelope(&signers[0], "text/plain", b"x");
        for key in &signers[1..] {
            let more = envelope(key, "text/plain", b"x")["signatures"][0].clone();
            all["signatures"].as_array_mut().unwrap().push(more);
        }
        let verifiers: Vec<&SigningKey> = verifiers.iter().collect();
        accept(&dsse(&all, &verifiers), &Rules::default()).map(|_| ())
    };
    assert_eq!(verdict(&keys[..10], &keys[..10]), Ok(()));
    assert_eq!(verdict(&keys, &keys[..10]), Err(Refusal::TooManySignatures));
    assert_eq!(verdict(&keys[..1], &keys), Err(Refusal::TooManySignatures));
}

/// Upstream lets a key stand for the first signature that it verifies, and for no other.
#[test]
fn a_key_stands_for_one_signature() {
    let (key, other) =
        (SigningKey::generate(KeyKind::EcdsaP256), SigningKey::generate(KeyKind::EcdsaP384));
    let mut twice = envelope(&key, "text/plain", b"x");
    let second = envelope(&key, "text/plain", b"x")["signatures"][0].clone();
    twice["signatures"].as_array_mut().unwrap().push(second);
    let verdict = accept(&dsse(&twice, &[&key, &key]), &Rules::default());
    assert_eq!(verdict.err(), Some(Refusal::Unverified));
    let verdict = accept(&dsse(&twice, &[&other]), &Rules::default());
    assert_eq!(verdict.err(), Some(Refusal::VerifiesNothing));
}

#[test]
fn a_signature_in_the_other_alphabet_of_base64_makes_no_leaf() {
    // A signature whose base64 differs between the alphabets: one in a few.
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let with_a_sign = || {
        let envelope = envelope(&key, "text/plain", b"x");
        let sig = envelope["signatures"][0]["sig"].as_str().unwrap().to_owned();
        sig.contains(['+', '/']).then_some((envelope, sig))
    };
    let (mut envelope, sig) = std::iter::repeat_with(with_a_sign).flatten().next().unwrap();
    envelope["signatures"][0]["sig"] = sig.replace('+', "-").replace('/', "_").into();
    let verdict = accept(&dsse(&envelope, &[&key]), &Rules::default());
    assert_eq!(verdict.err(), Some(Refusal::Base64("signature of the envelope")));
}

#[test]
fn a_leaf_fits_a_tiled_log() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let twice = |text: &Value| STANDARD.encode(text.as_str().unwrap());
    let proposed = |length: usize| {
        let payload_type = "t".repeat(length);
        let envelope = envelope(&key, &payload_type, b"x");
        let signature = json!({"sig": twice(&envelope["signatures"][0]["sig"]),
                               "publicKey": STANDARD.encode(key.public().to_pem())});
        let inner = json!({"payload": twice(&envelope["payload"]), "payloadType": payload_type,
                           "signatures": [signature]});
        let hash = json!({"algorithm": "sha256", "value": "00".repeat(32)});
        json!({"kind": "intoto", "apiVersion": "0.0.2",
               "spec": {"content": {"envelope": inner, "hash": hash}}})
        .to_string()
    };
    let leaf = accept(proposed(60_000).as_bytes(), &Rules::default()).unwrap().leaf;
    assert!((60_000..=65_535).contains(&leaf.len()), "{}", leaf.len());
    let verdict = accept(proposed(65_535).as_bytes(), &Rules::default());
    assert!(matches!(verdict, Err(Refusal::LeafTooLong(length)) if length > 65_535));
}

#[test]
fn what_stands_beside_a_leaf_is_counted_and_not_in_the_leaf() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let beside = |digests: &[String]| {
        let subject =
            |hex: &String| json!({"name": "a", "digest": {"sha256": hex, "gitCommit": "x"}});
        let statement = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": "p",
            "subject": digests.iter().map(subject).collect::<Vec<_>>(), "predicate": null});
        let envelope = envelope(&key, IN_TOTO_PAYLOAD_TYPE, statement.to_string().as_bytes());
        let accepted = accept(&dsse(&envelope, &[&key]), &Rules::default()).unwrap();
        let in_leaf = search_keys(&accepted.leaf);
        assert!(accepted.beside.iter().all(|key| !in_leaf.contains(key)));
        accepted.beside
    };
    let many: Vec<String> = (0..200).map(|n| format!("{n:064x}")).collect();
    assert_eq!(beside(&many).len(), MAX_BESIDE);
    let same = ["AB".repeat(32), "ab".repeat(32), "no hex".to_owned()];
    assert_eq!(beside(&same), [SearchKey::digest(HashAlgorithm::Sha256, &[0xab; 32])]);
    assert_eq!(beside(&[]), []);
}

#[test]
fn both_generations_are_found_by_the_same_key_and_digest() {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let leaf = accept(&hashedrekord(&key, HashAlgorithm::Sha256), &Rules::default()).unwrap().leaf;
    let digest = HashAlgorithm::Sha256.digest(b"artifact");
    let second = HashedRekord002 {
        signature: key.sign_digest(HashAlgorithm::Sha256, &digest).unwrap(),
        digest,
        key_details: KeyDetails::EcdsaP256Sha256,
        verifier: EntryVerifier::PublicKey(key.public().spki_der().to_vec()),
    };
    assert_eq!(search_keys(&leaf), search_keys(&second.canonical()));
    let found = search_keys(&leaf);
    assert_eq!(found.len(), 2);
    assert!(found.contains(&key_of_pem(key.public().to_pem().as_bytes()).unwrap()));
}
