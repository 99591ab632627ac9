//! OpenSSL's opinion of what we issue, and certificate signing requests as it writes them.

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use lite_pki::Certificate;
use serde_json::json;

use crate::support::{ADA, NOW, World, key_request, p256, world};

fn openssl(dir: &Path, arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).current_dir(dir).output().unwrap()
}

#[expect(clippy::print_stderr, reason = "a test says what it skipped")]
fn installed() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok();
    if !found {
        eprintln!("skipped: openssl is not installed");
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn write(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).unwrap();
}

#[tokio::test]
async fn openssl_verifies_an_issued_chain_strictly() {
    if !installed() {
        return;
    }
    for kind in [fulcio_lite::CaKey::P256, fulcio_lite::CaKey::P384] {
        let world =
            crate::support::world_with(crate::support::Log::new(), |config| config.ca_key = kind);
        let chain = world.post(&world.idp.token(), &key_request(&p256(), ADA)).await.chain();
        let dir = tempfile::tempdir().unwrap();
        for (name, certificate) in ["leaf.pem", "issuing.pem", "root.pem"].iter().zip(&chain) {
            write(dir.path(), name, &certificate.to_pem());
        }
        let at = (NOW + 1).to_string();
        let arguments = [
            "verify",
            "-x509_strict",
            "-attime",
            &at,
            "-CAfile",
            "root.pem",
            "-untrusted",
            "issuing.pem",
        ];
        let verified =
            openssl(dir.path(), &[&arguments[..], &["-purpose", "any", "leaf.pem"]].concat());
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        assert!(verified.status.success(), "{said}{}", String::from_utf8_lossy(&verified.stderr));
        assert_eq!(said, "leaf.pem: OK\n");
        // After ten minutes it is over.
        let late = (NOW + 601).to_string();
        let arguments = [
            "verify",
            "-attime",
            &late,
            "-CAfile",
            "root.pem",
            "-untrusted",
            "issuing.pem",
            "leaf.pem",
        ];
        assert!(!openssl(dir.path(), &arguments).status.success());
    }
}

/// Makes a key and a request with these further arguments, and asks for a certificate with it.
async fn ask_with_request(world: &World, key: &[&str], request: &[&str]) -> crate::support::Answer {
    let dir = tempfile::tempdir().unwrap();
    let made = openssl(dir.path(), &[&["genpkey", "-out", "key.pem"], key].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made = openssl(
        dir.path(),
        &[&["req", "-new", "-key", "key.pem", "-out", "csr.pem"], request].concat(),
    );
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let pem = std::fs::read_to_string(dir.path().join("csr.pem")).unwrap();
    let body = json!({"certificateSigningRequest": STANDARD.encode(pem)});
    world.post(&world.idp.token(), &body).await
}

const P256: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];

#[tokio::test]
async fn a_signing_request_is_proof_and_its_subject_is_ignored() {
    if !installed() {
        return;
    }
    let world = world();
    for (key, request) in [
        (&P256[..], &["-subj", "/", "-sha256"][..]),
        (&P256, &["-subj", "/emailAddress=eve@example.com", "-sha256"]),
        (&P384, &["-subj", "/", "-sha384"]),
        (&["-algorithm", "ED25519"], &["-subj", "/"]),
        (&["-algorithm", "RSA"], &["-subj", "/", "-sha256", "-newhdr"]),
    ] {
        let chain = ask_with_request(&world, key, request).await.chain();
        assert_eq!(chain[0].alt_names(), [lite_pki::AltName::Email(ADA.into())], "{request:?}");
    }
}

#[tokio::test]
async fn a_signing_request_with_another_hash_or_a_weak_key_or_a_changed_byte_is_refused() {
    if !installed() {
        return;
    }
    let world = world();
    let message = |answer: crate::support::Answer| {
        assert_eq!(answer.status, 400, "{}", answer.body);
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    let answer = ask_with_request(&world, &P384, &["-subj", "/", "-sha256"]).await;
    assert_eq!(message(answer), "signing algorithm not permitted: *ecdsa.PublicKey, SHA-256");
    let weak = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
    let answer = ask_with_request(&world, &weak, &["-subj", "/", "-sha256"]).await;
    assert_eq!(message(answer), "The public key supplied in the request is insecure");

    let dir = tempfile::tempdir().unwrap();
    openssl(dir.path(), &[&["genpkey", "-out", "key.pem"], &P256[..]].concat());
    openssl(
        dir.path(),
        &["req", "-new", "-key", "key.pem", "-subj", "/CN=a", "-outform", "DER", "-out", "csr.der"],
    );
    let mut der = std::fs::read(dir.path().join("csr.der")).unwrap();
    let at = der.iter().position(|byte| *byte == b'a').unwrap();
    der[at] = b'b';
    let pem = format!(
        "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
        STANDARD.encode(der)
    );
    let body = json!({"certificateSigningRequest": STANDARD.encode(pem)});
    let answer = world.post(&world.idp.token(), &body).await;
    assert_eq!(message(answer), "The signature supplied in the request could not be verified");
    assert_eq!(world.submissions(), 0);
}

#[tokio::test]
async fn the_legacy_api_takes_signing_requests_too() {
    if !installed() {
        return;
    }
    let world = world();
    let dir = tempfile::tempdir().unwrap();
    openssl(dir.path(), &[&["genpkey", "-out", "key.pem"], &P256[..]].concat());
    openssl(dir.path(), &["req", "-new", "-key", "key.pem", "-subj", "/", "-out", "csr.pem"]);
    let pem = std::fs::read_to_string(dir.path().join("csr.pem")).unwrap();
    let body = json!({"publicKey": {"content": null, "algorithm": ""}, "signedEmailAddress": null,
        "certificateSigningRequest": STANDARD.encode(pem)});
    let answer =
        world.ask(Method::POST, "/api/v1/signingCert", &world.idp.token(), body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(Certificate::chain_from_pem(&answer.body).unwrap().len(), 3);
}
