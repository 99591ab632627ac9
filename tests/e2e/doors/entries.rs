//! Entries that must not be logged, and names that are no tile's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{KeyKind, PublicKey, SigningKey};
use lite_tests::Stack;
use serde_json::{Value, json};

use super::{ENTRIES, NOT_FOUND, WEAK, sizes, unharmed};

const ENTRY: &str = "invalid hashedrekord request";

/// A genuine entry, to be spoilt.
fn entry(key: &SigningKey) -> Value {
    serde_json::from_str(&crate::crash::request(key, "never logged")).unwrap()
}

#[test]
fn no_bad_entry_is_logged() {
    let stack = Stack::start();
    unharmed(&stack, |wire| {
        let (key, other) =
            (SigningKey::generate(KeyKind::EcdsaP256), SigningKey::generate(KeyKind::EcdsaP256));
        let good = entry(&key);
        let spki = |key: &PublicKey| json!(STANDARD.encode(key.spki_der()));
        let weak: String = WEAK.lines().filter(|line| !line.starts_with('-')).collect();
        let digest = "/hashedRekordRequestV002/digest";
        let content = "/hashedRekordRequestV002/signature/content";
        let details = "/hashedRekordRequestV002/signature/verifier/keyDetails";
        let raw = "/hashedRekordRequestV002/signature/verifier/publicKey/rawBytes";
        let noise = |length: usize| json!(STANDARD.encode(vec![7; length]));
        for (name, at, value, message) in [
            ("another digest", digest, noise(32), ENTRY),
            ("a short digest", digest, noise(31), ENTRY),
            ("a long digest", digest, noise(48), ENTRY),
            ("no digest", digest, json!(""), ENTRY),
            ("a digest in hex", digest, json!("not base64!"), "proto:"),
            ("a number for a digest", digest, json!(7), "proto:"),
            ("another signature", content, noise(70), ENTRY),
            ("no signature", content, Value::Null, ENTRY),
            ("another's key", raw, spki(other.public()), ENTRY),
            ("a key of noise", raw, noise(91), ENTRY),
            ("a short key", raw, json!(weak), ENTRY),
            ("details of another key", details, json!("PKIX_RSA_PKCS1V15_2048_SHA256"), ENTRY),
            ("details of another curve", details, json!("PKIX_ECDSA_P384_SHA_384"), ENTRY),
            ("no details", details, json!("PUBLIC_KEY_DETAILS_UNSPECIFIED"), ENTRY),
        ] {
            let mut body = good.clone();
            *body.pointer_mut(at).unwrap() = value;
            let body = body.to_string();
            wire.refuses(name, ("POST", ENTRIES, body.as_bytes()), (400, 3, message));
        }
        let mut certificate = good.clone();
        let verifier = certificate.pointer_mut("/hashedRekordRequestV002/signature/verifier");
        *verifier.unwrap() = json!({
            "x509Certificate": { "rawBytes": STANDARD.encode([0x30, 0x03, 1, 1, 0]) },
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        });
        let certificate = certificate.to_string();
        let asked = ("POST", ENTRIES, certificate.as_bytes());
        wire.refuses("a certificate of noise", asked, (400, 3, ENTRY));

        let text = good.to_string();
        let twice = text.replacen("{\"digest\"", "{\"digest\":\"AAAA\",\"digest\"", 1);
        let unknown = text.replacen("\"digest\"", "\"disgest\"", 1);
        let none = "invalid type, must be hashedrekord";
        for (name, body, message) in [
            ("nothing", String::new(), ""),
            ("half an object", "{".to_owned(), "proto:"),
            ("a list", "[]".to_owned(), "proto:"),
            ("not JSON", "\u{fffd}".to_owned(), "proto:"),
            ("an empty object", "{}".to_owned(), none),
            ("a member twice", twice, "proto:"),
            ("an unknown member", unknown, "proto:"),
            ("two objects", format!("{text}{{}}"), "proto:"),
        ] {
            wire.refuses(name, ("POST", ENTRIES, body.as_bytes()), (400, 3, message));
        }
    });
}

#[test]
fn a_tile_has_one_name() {
    let stack = Stack::start();
    unharmed(&stack, |wire| {
        let [size, _] = sizes(&stack);
        for path in [
            "/tile/0/000",
            "/tile/0/000.p/0",
            "/tile/0/000.p/256",
            "/tile/0/000.p/255",
            "/tile/0/000.p/01",
            "/tile/0/000.p/-1",
            "/tile/0/000.p/",
            "/tile/0/0.p/1",
            "/tile/0/0000.p/1",
            "/tile/00/000.p/1",
            "/tile/01/000.p/1",
            "/tile/64/000.p/1",
            "/tile/-1/000.p/1",
            "/tile/0/x000/000.p/1",
            "/tile/0/x001/000.p/1",
            "/tile/0/001",
            "/tile/0/000%2Ep/1",
            "/tile/%30/000.p/1",
            "/tile/0/../0/000.p/1",
            "/tile/0/%2e%2e/0/000.p/1",
            "/tile/../checkpoint",
            "/tile/%2e%2e/%2e%2e/key.pem",
            "/tile/..%2f..%2fkey.pem",
            "/tile/0/000.p/1/",
            "/tile/entries/000.p/0",
            "/tile/entries/000.p/256",
            "/tile/entries/0000.p/1",
            "/tile/entries/x000/000.p/1",
            "/tile/entries/../../key.pem",
            "/tile/data/000.p/1",
        ] {
            for prefix in ["", "/api/v2"] {
                let target = format!("{prefix}{path}");
                wire.refuses(&target, ("GET", &target, b""), (404, 5, NOT_FOUND));
            }
            // The CT log has entries under another name, and they are its `data`.
            if !path.contains("/data/") {
                wire.says(path, ("GET", &format!("/ct{path}"), "", b""), 404);
            }
        }
        // Clients that end their base URL with a slash find what they look for.
        for path in ["tile/0", "tile/entries", "api/v2/tile/0", "ct/tile/0", "ct/tile/data"] {
            let target = format!("/{path}/000.p/{}", size.min(2));
            wire.says(&target, ("GET", &target, "", b""), 200);
            let doubled = target.replace('/', "//");
            wire.says(&doubled, ("GET", &doubled, "", b""), 200);
        }
        for path in ["/tuf/../root.json", "/tuf/%2e%2e/keys/root.pem", "/tuf/..%2fkeys%2froot.pem"]
        {
            wire.says(path, ("GET", path, "", b""), 404);
        }
    });
}
