//! Tokens as an issuer makes them (signed by `jsonwebtoken`, an implementation that is not ours)
//! and as an attacker makes them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jsonwebtoken::Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
use jsonwebtoken::{EncodingKey, Header};
use lite_identity::json::JsonError;
use lite_identity::{
    Algorithm, Expected, IdToken, KeySet, MAX_TOKEN_BYTES, TokenError, UnverifiedToken,
};
use lite_time::Time;
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example";
const NOW: i64 = 1_800_000_000;

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "sigstore", "sub": "ada", "exp": NOW + 60, "iat": NOW})
}

struct Rsa {
    pair: RsaKeyPair,
    signer: EncodingKey,
}

impl Rsa {
    fn new() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        // `from_rsa_der` wants PKCS#1, which is the octet string at the end of PKCS#8.
        let signer = EncodingKey::from_rsa_der(&der.as_ref()[26..]);
        Self { pair, signer }
    }

    fn keys(&self, kid: &str) -> KeySet {
        let public = self.pair.public_key();
        let n = B64.encode(public.modulus().big_endian_without_leading_zero());
        let e = B64.encode(public.exponent().big_endian_without_leading_zero());
        parse_keys(&json!({"kty": "RSA", "kid": kid, "n": n, "e": e, "use": "sig"}))
    }

    fn token(
        &self,
        algorithm: jsonwebtoken::Algorithm,
        kid: Option<&str>,
        claims: &Value,
    ) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, claims, &self.signer).unwrap()
    }
}

fn parse_keys(key: &Value) -> KeySet {
    KeySet::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap()
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()))
}

fn verify_at(token: &str, keys: &KeySet, now: i64) -> Result<IdToken, TokenError> {
    let expected = Expected { issuer: ISSUER, audience: "sigstore", algorithms: &Algorithm::ALL };
    UnverifiedToken::parse(token)?.verify(keys, expected, Time::from_secs(now))
}

fn verify(token: &str, keys: &KeySet) -> Result<IdToken, TokenError> {
    verify_at(token, keys, NOW)
}

#[test]
fn believes_every_rsa_algorithm_as_another_implementation_signs_it() {
    let rsa = Rsa::new();
    for algorithm in [RS256, RS384, RS512, PS256, PS384, PS512] {
        let token = rsa.token(algorithm, Some("k"), &claims());
        assert_eq!(
            verify(&token, &rsa.keys("k")).unwrap().claims().subject(),
            "ada",
            "{algorithm:?}"
        );
    }
}

#[test]
fn believes_every_curve_and_no_algorithm_of_another_curve() {
    let curves: [(&'static EcdsaSigningAlgorithm, &str, &str); 3] = [
        (&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", "ES256"),
        (&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", "ES384"),
        (&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521", "ES512"),
    ];
    for (signing, curve, algorithm) in curves {
        let pair = EcdsaKeyPair::generate(signing).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(point.len() / 2);
        let jwk = json!({"kty": "EC", "crv": curve, "x": B64.encode(x), "y": B64.encode(y)});
        let sign = |name: &str| {
            let input = unsigned(&json!({"alg": name}), &claims());
            let signature = pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
            format!("{input}.{}", B64.encode(signature))
        };
        assert!(verify(&sign(algorithm), &parse_keys(&jwk)).is_ok(), "{algorithm}");
        for other in
            ["ES256", "ES384", "ES512", "RS256", "EdDSA"].iter().filter(|o| **o != algorithm)
        {
            assert_eq!(
                verify(&sign(other), &parse_keys(&jwk)),
                Err(TokenError::Signature),
                "{other}"
            );
        }
    }
}

#[test]
fn believes_ed25519() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": B64.encode(pair.public_key().as_ref())});
    let input = unsigned(&json!({"alg": "EdDSA"}), &claims());
    let token = format!("{input}.{}", B64.encode(pair.sign(input.as_bytes())));
    assert!(verify(&token, &parse_keys(&jwk)).is_ok());
}

#[test]
fn refuses_a_token_without_a_signature_or_with_a_shared_secret() {
    let rsa = Rsa::new();
    let keys = rsa.keys("k");
    for alg in ["none", "None", "NONE", "HS256", "HS384", "HS512", ""] {
        let input = unsigned(&json!({"alg": alg, "kid": "k"}), &claims());
        assert_eq!(
            verify(&format!("{input}."), &keys),
            Err(TokenError::AlgorithmNotAllowed),
            "{alg}"
        );
    }
    // The classic: HMAC with the RSA public key as its secret.
    let secret = rsa.pair.public_key().as_ref().to_vec();
    let header = Header { kid: Some("k".into()), ..Header::new(jsonwebtoken::Algorithm::HS256) };
    let token =
        jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
    assert_eq!(verify(&token, &keys), Err(TokenError::AlgorithmNotAllowed));
    // An allowed algorithm with nothing after the last dot.
    let input = unsigned(&json!({"alg": "RS256", "kid": "k"}), &claims());
    assert_eq!(verify(&format!("{input}."), &keys), Err(TokenError::Signature));
}

#[test]
fn never_takes_a_key_from_the_token_itself() {
    let (ours, theirs) = (Rsa::new(), Rsa::new());
    let public = theirs.pair.public_key();
    let jwk = json!({
        "kty": "RSA",
        "n": B64.encode(public.modulus().big_endian_without_leading_zero()),
        "e": "AQAB",
    });
    let header =
        json!({"alg": "RS256", "kid": "k", "jwk": jwk, "jku": "https://evil.example/keys"});
    let input = unsigned(&header, &claims());
    let mut signature = vec![0; theirs.pair.public_modulus_len()];
    theirs
        .pair
        .sign(
            &aws_lc_rs::signature::RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            input.as_bytes(),
            &mut signature,
        )
        .unwrap();
    let token = format!("{input}.{}", B64.encode(signature));
    assert_eq!(verify(&token, &ours.keys("k")), Err(TokenError::Signature));
    assert!(verify(&token, &theirs.keys("k")).is_ok());
}

#[test]
fn refuses_what_was_not_said_to_us_by_this_issuer_now() {
    let rsa = Rsa::new();
    let keys = rsa.keys("k");
    let check = |name: &str, value: Value, why: TokenError| {
        let mut claims = claims();
        claims[name] = value;
        let token = rsa.token(jsonwebtoken::Algorithm::RS256, Some("k"), &claims);
        assert_eq!(verify(&token, &keys), Err(why), "{claims}");
    };
    check("iss", json!("https://id.example/"), TokenError::IssuerMismatch);
    check("aud", json!("other"), TokenError::AudienceMismatch);
    check("aud", json!(["other", "Sigstore"]), TokenError::AudienceMismatch);
    check("exp", json!(NOW - 1), TokenError::Expired);
    check("nbf", json!(NOW + 301), TokenError::NotYetValid);

    let token = rsa.token(jsonwebtoken::Algorithm::RS256, Some("other"), &claims());
    assert_eq!(verify(&token, &keys), Err(TokenError::KeyUnknown));
    let token = rsa.token(jsonwebtoken::Algorithm::RS256, None, &claims());
    assert!(verify(&token, &keys).is_ok(), "a token without kid is tried with every key");
}

#[test]
fn holds_until_the_last_millisecond_of_its_expiry_and_allows_five_minutes_before() {
    let rsa = Rsa::new();
    let mut claims = claims();
    claims["nbf"] = json!(NOW + 300);
    let token = rsa.token(jsonwebtoken::Algorithm::RS256, Some("k"), &claims);
    assert!(verify_at(&token, &rsa.keys("k"), NOW).is_ok());
    assert!(verify_at(&token, &rsa.keys("k"), NOW + 60).is_ok());
    let late = UnverifiedToken::parse(&token).unwrap().verify(
        &rsa.keys("k"),
        Expected { issuer: ISSUER, audience: "sigstore", algorithms: &Algorithm::ALL },
        Time::from_millis((NOW + 60) * 1000 + 1),
    );
    assert_eq!(late, Err(TokenError::Expired));
}

#[test]
fn an_algorithm_the_issuer_does_not_use_is_refused() {
    let rsa = Rsa::new();
    let token = rsa.token(jsonwebtoken::Algorithm::PS256, Some("k"), &claims());
    let expected =
        Expected { issuer: ISSUER, audience: "sigstore", algorithms: &[Algorithm::Rs256] };
    let parsed = UnverifiedToken::parse(&token).unwrap();
    let verdict = parsed.verify(&rsa.keys("k"), expected, Time::from_secs(NOW));
    assert_eq!(verdict, Err(TokenError::AlgorithmNotAllowed));
}

#[test]
fn every_changed_byte_is_noticed() {
    let rsa = Rsa::new();
    let keys = rsa.keys("k");
    let token = rsa.token(jsonwebtoken::Algorithm::RS256, Some("k"), &claims());
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&changed, &keys).is_err(), "byte {at}");
    }
}

#[test]
fn refuses_second_spellings_and_sizes() {
    let parse = |text: &str| UnverifiedToken::parse(text).err();
    let good = unsigned(&json!({"alg": "RS256"}), &claims());
    for text in ["", ".", "a.b", "....", &format!("{good}.x.y")] {
        let why = parse(text).unwrap();
        assert!(matches!(why, TokenError::NotCompact), "{text}: {why:?}");
    }
    assert_eq!(parse(&format!("{good}.AA==")), Some(TokenError::Base64));
    assert_eq!(parse(&format!("{good}.AB")), Some(TokenError::Base64), "trailing bits");
    assert_eq!(parse(&format!("{good}.A\nA")), Some(TokenError::Base64));
    assert_eq!(
        parse(&format!("{good}.{}", "A".repeat(MAX_TOKEN_BYTES))),
        Some(TokenError::TooLarge)
    );

    let raw =
        |header: &str, payload: &str| format!("{}.{}.AA", B64.encode(header), B64.encode(payload));
    let twice = r#"{"iss":"a","iss":"b","aud":"sigstore","exp":1}"#;
    assert_eq!(
        parse(&raw(r#"{"alg":"RS256"}"#, twice)),
        Some(TokenError::Json(JsonError::DuplicateName))
    );
    assert_eq!(
        parse(&raw(r#"{"alg":"RS256","alg":"none"}"#, &claims().to_string())),
        Some(TokenError::Json(JsonError::DuplicateName))
    );
    assert_eq!(
        parse(&raw(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, &claims().to_string())),
        Some(TokenError::CriticalHeader)
    );
}
