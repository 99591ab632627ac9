//! Tokens that nobody should believe, and keys that nobody has shown to be theirs.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use lite_tests::{ALICE, Stack};
use serde_json::{Value, json};

use super::{LEGACY, SIGNING_CERT, WEAK, Wire, unharmed};

const TOKEN: &str = "There was an error processing the identity token";
const POSSESSION: &str = "The signature supplied in the request could not be verified";
const UNPARSEABLE: &str = "The public key supplied in the request could not be parsed";
const INSECURE: &str = "The public key supplied in the request is insecure";
const CSR: &str = "The certificate signing request could not be parsed";

/// The identity provider's own key, taken from its folder: what it signs is genuine but for what
/// it says.
fn provider_key(stack: &Stack) -> SigningKey {
    let file = std::fs::read(stack.data().join("oidc/signing-keys.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    SigningKey::from_pkcs8_pem(file["keys"][0]["private_key"].as_str().unwrap()).unwrap()
}

/// Header and claims of a genuine token.
fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

fn jwt(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let sha256 = |bytes: &[u8]| HashAlgorithm::Sha256.digest(bytes);
    let mut block = if key.len() > 64 { sha256(key) } else { key.to_vec() };
    block.resize(64, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = sha256(&[padded(0x36), message.to_vec()].concat());
    sha256(&[padded(0x5c), inner].concat())
}

/// Tokens that must not be believed, each with one thing wrong.
fn tokens(stack: &Stack) -> Vec<(&'static str, String)> {
    let genuine = stack.token();
    let (header, claims) = parts(&genuine);
    let provider = provider_key(stack);
    let rs256 = |signed: &[u8]| provider.sign(HashAlgorithm::Sha256, signed).unwrap();
    let forged = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        jwt(&header, &claims, rs256)
    };
    let with_header = |name: &str, value: &str| {
        let mut header = header.clone();
        header[name] = value.into();
        header
    };
    let public = provider.public();
    let hs256 = with_header("alg", "HS256");
    let (signed, signature) = genuine.rsplit_once('.').unwrap();
    let tail = if signature.starts_with('A') { 'B' } else { 'A' };
    let now = claims["iat"].as_i64().unwrap();
    vec![
        ("no token", String::new()),
        ("not a token", "not.a.token".to_owned()),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{genuine}.x")),
        ("another signature", format!("{signed}.{tail}{}", &signature[1..])),
        ("alg none", jwt(&with_header("alg", "none"), &claims, |_| Vec::new())),
        ("alg none with a signature", jwt(&with_header("alg", "none"), &claims, rs256)),
        ("alg in another case", jwt(&with_header("alg", "rs256"), &claims, rs256)),
        ("HS256 with the PEM", jwt(&hs256, &claims, |m| hmac(public.to_pem().as_bytes(), m))),
        ("HS256 with the DER", jwt(&hs256, &claims, |m| hmac(public.spki_der(), m))),
        ("HS256 with nothing", jwt(&hs256, &claims, |m| hmac(b"", m))),
        ("another key", {
            let key = SigningKey::generate(KeyKind::Rsa(2048));
            jwt(&header, &claims, |m| key.sign(HashAlgorithm::Sha256, m).unwrap())
        }),
        ("an unknown key id", jwt(&with_header("kid", "nobody"), &claims, rs256)),
        ("another audience", forged("aud", json!("elsewhere"))),
        ("no audience", forged("aud", json!([]))),
        ("expired", forged("exp", json!(now - 3600))),
        ("without an end", forged("exp", Value::Null)),
        ("from the future", forged("nbf", json!(now + 3600))),
        ("another issuer", forged("iss", json!("http://localhost:1/oidc"))),
        ("the issuer with a slash", forged("iss", json!(format!("{}/", stack.issuer())))),
        ("an issuer of the metadata service", forged("iss", json!("http://169.254.169.254/"))),
        ("no issuer", forged("iss", Value::Null)),
        ("an address nobody verified", forged("email_verified", json!(false))),
        ("no address", forged("email", Value::Null)),
        ("two addresses", forged("email", json!("a@example.org,b@example.org"))),
    ]
}

fn possession(key: &SigningKey, of: &str) -> String {
    let hash = HashAlgorithm::Sha256;
    STANDARD.encode(key.sign(hash, of.as_bytes()).unwrap())
}

fn ask_for_certificate(token: &str, key: &str, proof: &str) -> String {
    json!({
        "credentials": { "oidcIdentityToken": token },
        "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": key },
            "proofOfPossession": proof,
        },
    })
    .to_string()
}

#[test]
fn the_forger_of_these_tests_could_be_believed() {
    // Else every token above might be refused for what is wrong with all of them.
    let stack = Stack::start();
    let (header, claims) = parts(&stack.token());
    let provider = provider_key(&stack);
    let token = jwt(&header, &claims, |m| provider.sign(HashAlgorithm::Sha256, m).unwrap());
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let body = ask_for_certificate(&token, &key.public().to_pem(), &possession(&key, ALICE));
    Wire(&stack).says("genuine", ("POST", SIGNING_CERT, "", body.as_bytes()), 200);
}

#[test]
fn no_bad_token_gets_a_certificate() {
    let stack = Stack::start();
    unharmed(&stack, |wire| {
        let key = SigningKey::generate(KeyKind::EcdsaP256);
        let (pem, proof) = (key.public().to_pem(), possession(&key, ALICE));
        for (name, token) in tokens(&stack) {
            let body = ask_for_certificate(&token, &pem, &proof);
            wire.refuses(name, ("POST", SIGNING_CERT, body.as_bytes()), (400, 3, TOKEN));
            let legacy = json!({
                "publicKey": { "content": STANDARD.encode(&pem), "algorithm": "ecdsa" },
                "signedEmailAddress": proof,
            });
            let bearer = format!("authorization: Bearer {token}\r\n");
            let asked = ("POST", LEGACY, bearer.as_str(), legacy.to_string().into_bytes());
            wire.says(name, (asked.0, asked.1, asked.2, &asked.3), 400);
        }
    });
}

#[test]
fn no_bad_key_gets_a_certificate() {
    let stack = Stack::start();
    unharmed(&stack, |wire| {
        let token = stack.token();
        let (key, other) =
            (SigningKey::generate(KeyKind::EcdsaP256), SigningKey::generate(KeyKind::EcdsaP256));
        let (pem, proof) = (key.public().to_pem(), possession(&key, ALICE));
        let cut = pem.replace("-----END", "AAAA\n-----END");
        let sha384 = &HashAlgorithm::Sha384.digest(ALICE.as_bytes())[..32];
        let sha384 = STANDARD.encode(key.sign_digest(HashAlgorithm::Sha256, sha384).unwrap());
        for (name, key, proof, message) in [
            ("another's signature", &*pem, possession(&other, ALICE), POSSESSION),
            ("of another address", &pem, possession(&key, "mallory@example.org"), POSSESSION),
            ("of the token", &pem, possession(&key, &token), POSSESSION),
            ("another hash", &pem, sha384, POSSESSION),
            ("no signature", &pem, String::new(), POSSESSION),
            ("a signature of noise", &pem, STANDARD.encode([7; 70]), POSSESSION),
            ("no key", "", proof.clone(), UNPARSEABLE),
            ("a key of noise", "noise", proof.clone(), UNPARSEABLE),
            ("a key with a tail", &cut, proof.clone(), UNPARSEABLE),
            ("a private key", &key.to_pkcs8_pem(), proof.clone(), UNPARSEABLE),
            ("a short key", WEAK, proof.clone(), INSECURE),
        ] {
            let body = ask_for_certificate(&token, key, &proof);
            wire.refuses(name, ("POST", SIGNING_CERT, body.as_bytes()), (400, 3, message));
        }
        for (name, csr) in [("noise", "noise"), ("a key", &*pem)] {
            let body = json!({
                "credentials": { "oidcIdentityToken": token },
                "certificateSigningRequest": STANDARD.encode(csr),
            });
            let body = body.to_string();
            wire.refuses(name, ("POST", SIGNING_CERT, body.as_bytes()), (400, 3, CSR));
        }
    });
}
