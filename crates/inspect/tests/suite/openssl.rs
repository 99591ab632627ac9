//! `openssl` as a judge of what certificates, requests and timestamps say.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_inspect::Tree;

use crate::pieces::{at, certificate, timestamp};
use crate::support::{tree, value, vector};

/// What `openssl` says of a file; `None`, said aloud, where there is none.
#[expect(clippy::disallowed_methods, reason = "a file of a test need not be durable")]
fn ask(words: &str, file: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in"), file).unwrap();
    let output =
        Command::new("openssl").args(words.split_whitespace()).current_dir(folder.path()).output();
    let Ok(output) = output else {
        println!("skipped: there is no openssl on this machine");
        return None;
    };
    assert!(
        output.status.success(),
        "openssl {words}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The line behind a word.
#[track_caller]
fn line<'a>(said: &'a str, before: &str) -> &'a str {
    let (_, rest) = said.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {said}"));
    rest.lines().next().unwrap_or_default().trim()
}

/// `2025-06-12T12:02:16Z` as OpenSSL's `Jun 12 12:02:16 2025 GMT`.
fn openssl_date(text: &str) -> String {
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let number = |range: std::ops::Range<usize>| text[range].parse::<usize>().unwrap();
    let (month, day) = (months[number(5..7) - 1], number(8..10));
    format!("{month} {day:>2} {} {} GMT", &text[11..19], &text[..4])
}

fn compact(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect::<String>().to_lowercase()
}

fn check_certificate(der: &[u8]) {
    let words =
        "x509 -inform DER -in in -noout -serial -startdate -enddate -fingerprint -sha256 -text";
    let Some(said) = ask(words, der) else { return };
    let tree = tree(der);
    let trimmed = value(&tree, "serial number");
    let serial = trimmed.strip_prefix("00").unwrap_or(&trimmed);
    assert_eq!(compact(line(&said, "serial=")), serial);
    assert_eq!(line(&said, "notBefore="), openssl_date(&value(&tree, "not before")));
    assert_eq!(line(&said, "notAfter="), openssl_date(&value(&tree, "not after")));
    assert_eq!(
        compact(line(&said, "Fingerprint=")),
        value(&tree, "SHA-256 fingerprint"),
        "fingerprint"
    );
    let issuer = line(&said, "Issuer:").replace(" = ", "=");
    assert_eq!(issuer, value(&tree, "issuer"));
    if let Some(names) = tree.find("subject alternative names") {
        for name in &names.children {
            let text = name.value.as_ref().unwrap().shown(true);
            assert!(said.contains(&text), "{text} is not in {said}");
        }
        let (_, behind) = said.split_once("Subject Alternative Name").unwrap();
        let listed = behind.lines().nth(1).unwrap().split(", ").count();
        assert_eq!(names.children.len(), listed);
    }
    if let Some(id) = tree.find("subject key identifier") {
        let (_, behind) = said.split_once("Subject Key Identifier").unwrap();
        let digits = compact(behind.lines().nth(1).unwrap());
        assert_eq!(id.value.as_ref().unwrap().shown(true), digits);
    }
    let bits = value(tree.find("public key").unwrap(), "key bits");
    let (_, behind) = said.split_once("pub:").or(said.split_once("Modulus:")).unwrap();
    let digits: String = behind.lines().skip(1).take(3).map(compact).collect();
    assert!(bits.contains(&digits), "{bits} has no {digits}");
    let scts = tree.find("signed certificate timestamps").map_or(0, |list| list.children.len());
    assert_eq!(said.matches("Signed Certificate Timestamp:").count(), scts);
    if scts > 0 {
        let id = value(tree.find("signed certificate timestamps").unwrap(), "log ID");
        let (_, behind) = said.split_once("Log ID    :").unwrap();
        let digits: String = behind.lines().take(2).map(compact).collect();
        assert_eq!(digits, id);
    }
}

#[test]
fn certificates_say_what_openssl_says() {
    check_certificate(&certificate());
    let v1 = "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes";
    check_certificate(&at("happy-path-v0.1", v1));
    let root = vector("verifier/tests/vectors/bundle-verify/rekor2-happy-path/trusted_root.json");
    let root: serde_json::Value = serde_json::from_slice(&root).unwrap();
    let mut seen = 0;
    for authorities in ["certificateAuthorities", "timestampAuthorities"] {
        for authority in root[authorities].as_array().unwrap() {
            for one in authority["certChain"]["certificates"].as_array().unwrap() {
                let text = one["rawBytes"].as_str().unwrap();
                let der = STANDARD.decode(text).unwrap();
                check_certificate(&der);
                seen += 1;
            }
        }
    }
    assert!(seen > 2);
}

#[test]
fn timestamps_say_what_openssl_says() {
    let der = timestamp();
    let Some(said) = ask("ts -reply -in in -text", &der) else { return };
    let shown = tree(&der);
    assert_eq!(line(&said, "Status:"), "Granted.");
    assert_eq!(value(&shown, "status"), "granted");
    let stamped = shown.find("timestamp").unwrap();
    let serial = line(&said, "Serial number:").trim_start_matches("0x").to_lowercase();
    assert_eq!(
        value(stamped, "serial number").trim_start_matches('0'),
        serial.trim_start_matches('0')
    );
    assert_eq!(line(&said, "Time stamp:"), openssl_date(&value(stamped, "time")));
    let policy = line(&said, "Policy OID:");
    assert!(value(stamped, "policy").contains(policy), "{policy}");
    assert!(compact(line(&said, "Hash Algorithm:")).contains("sha256"));
    assert!(value(stamped, "algorithm").starts_with("SHA-256"));
    assert_eq!(hex_dump(&said, "Message data:"), value(stamped, "hash"));
    assert_eq!(line(&said, "Version:"), value(stamped, "version"));
}

/// The bytes of a hex dump below a word.
fn hex_dump(said: &str, before: &str) -> String {
    let (_, rest) = said.split_once(before).unwrap();
    let rows = rest.lines().skip(1).take_while(|row| row.starts_with("    "));
    rows.map(|row| {
        let (_, digits) = row.split_once(" - ").unwrap();
        digits[..47].replace([' ', '-'], "")
    })
    .collect()
}

#[test]
fn requests_say_what_openssl_made() {
    let words = "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null \
                 -subj /O=example/CN=test -addext subjectAltName=email:a@example.org -outform DER";
    let folder = tempfile::tempdir().unwrap();
    let made =
        Command::new("openssl").args(words.split_whitespace()).current_dir(folder.path()).output();
    let Ok(made) = made else { return println!("skipped: there is no openssl on this machine") };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let shown: Tree = tree(&made.stdout);
    assert_eq!(shown.kind, Some(lite_inspect::Kind::CertificateRequest));
    assert_eq!(value(&shown, "subject"), "O=example, CN=test");
    assert_eq!(value(&shown, "e-mail"), "a@example.org");
    assert!(value(&shown, "public key").contains("P-256"));
}
