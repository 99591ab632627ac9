//! What the stack makes, judged by OpenSSL and by python-tuf.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_tests::{Ran, Stack, Tool, http, run};
use serde_json::Value;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Writes certificates, each in the Base64 of its DER, into one PEM file.
fn pem(stack: &Stack, name: &str, certificates: &[&str]) -> PathBuf {
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in certificate.as_bytes().chunks(64) {
            text.push_str(std::str::from_utf8(line).unwrap());
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    stack.file(name, &text)
}

/// The chain of the first authority of this kind in the trusted root, the root certificate last.
fn chain(root: &Value, authorities: &str) -> Vec<String> {
    let certificates = root[authorities][0]["certChain"]["certificates"].as_array().unwrap();
    let der = |certificate: &Value| certificate["rawBytes"].as_str().unwrap().to_owned();
    certificates.iter().map(der).collect()
}

/// `openssl verify`, as strict as it can be.
#[track_caller]
fn verify(stack: &Stack, arguments: &[&str], chain: &[String], leaf: &str) -> Option<Ran> {
    let mut command = Tool::OpenSsl.command(stack.home())?;
    let (root, between) = chain.split_last().unwrap();
    let between: Vec<&str> = between.iter().map(String::as_str).collect();
    command.args(["verify", "-x509_strict", "-check_ss_sig", "-policy_check"]).args(arguments);
    command.arg("-CAfile").arg(pem(stack, "root.pem", &[root]));
    if !between.is_empty() {
        command.arg("-untrusted").arg(pem(stack, "between.pem", &between));
    }
    Some(run(command.arg(pem(stack, "leaf.pem", &[leaf]))))
}

#[test]
fn openssl_verifies_certificates_and_both_chains() {
    let stack = Stack::start();
    let bundle = json(&stack.sign(&stack.file("artifact.txt", "certified\n")));
    let leaf = bundle["verificationMaterial"]["certificate"]["rawBytes"].as_str().unwrap();
    let root = json(&stack.client("trusted_root.json"));
    let authority = chain(&root, "certificateAuthorities");
    // It is valid for ten minutes from its signature, which was just now.
    let Some(ran) = verify(&stack, &["-purpose", "any"], &authority, leaf) else { return };
    let _ = ran.ok();
    // 2100: after the certificate, and after its authority.
    let late = verify(&stack, &["-purpose", "any", "-attime", "4102444800"], &authority, leaf);
    assert!(late.unwrap().refused().contains("certificate has expired"));

    let (issuer, above) = authority.split_first().unwrap();
    assert!(!above.is_empty(), "an intermediate and a root");
    let _ = verify(&stack, &["-purpose", "any"], above, issuer).unwrap().ok();

    let authority = chain(&root, "timestampAuthorities");
    let (stamper, above) = authority.split_first().unwrap();
    let _ = verify(&stack, &["-purpose", "timestampsign"], above, stamper).unwrap().ok();
}

#[test]
fn openssl_verifies_timestamps() {
    let stack = Stack::start();
    if Tool::OpenSsl.find().is_none() {
        return;
    }
    let openssl = || {
        let mut command = Tool::OpenSsl.command(stack.home()).unwrap();
        command.arg("ts");
        command
    };
    let endpoint = format!("{}/api/v1/timestamp", stack.url());
    let served = http().get(format!("{endpoint}/certchain")).send().unwrap().text().unwrap();
    let chain = stack.file("tsa.pem", &served);
    let file = stack.file("artifact.txt", "of this moment\n");
    let other = stack.file("other.txt", "of another\n");
    for options in [&["-sha256", "-cert"][..], &["-sha384"], &["-sha512", "-cert", "-no_nonce"]] {
        let query = stack.home().join("request.tsq");
        let mut ask = openssl();
        ask.arg("-query").args(options).arg("-data").arg(&file).arg("-out").arg(&query);
        let _ = run(&mut ask).ok();
        let answer = http()
            .post(&endpoint)
            .header("content-type", "application/timestamp-query")
            .body(std::fs::read(&query).unwrap())
            .send()
            .unwrap();
        assert_eq!(answer.headers()["content-type"], "application/timestamp-reply");
        let reply = stack.home().join("reply.tsr");
        write(&reply, &answer.bytes().unwrap());
        let verify = |what: &str, it: &Path| {
            let mut verify = openssl();
            verify.arg("-verify").arg("-in").arg(&reply).arg(what).arg(it);
            run(verify.arg("-CAfile").arg(&chain).arg("-untrusted").arg(&chain))
        };
        let _ = verify("-queryfile", &query).ok();
        let _ = verify("-data", &file).ok();
        let _ = verify("-data", &other).refused();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own file need not survive a crash")]
fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

/// Prints each target with its SHA-256, after python-tuf has verified it.
const UPDATE: &str = "
import hashlib, json, pathlib, sys
from tuf.ngclient import Updater
url, root, home = sys.argv[1:]
for name in ('metadata', 'targets'):
    pathlib.Path(home, name).mkdir()
updater = Updater(f'{home}/metadata', f'{url}/tuf/', f'{home}/targets', f'{url}/tuf/targets/',
                  bootstrap=pathlib.Path(root).read_bytes())
updater.refresh()
listed = json.loads(pathlib.Path(home, 'metadata', 'targets.json').read_bytes())
for name in listed['signed']['targets']:
    path = updater.download_target(updater.get_targetinfo(name))
    print(name, hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest())
";

/// python-tuf, beginning with the root metadata of `of`.
fn update(stack: &Stack, of: &Stack, folder: &str) -> Option<Ran> {
    let home = stack.home().join(folder);
    std::fs::create_dir(&home).unwrap();
    let mut command = Tool::Python.command(stack.home())?;
    command.arg("-c").arg(UPDATE).arg(stack.url()).arg(of.client("root.json")).arg(home);
    Some(run(&mut command))
}

#[test]
fn python_tuf_downloads_every_target_and_no_stranger_s() {
    let stack = Stack::start();
    let Some(ran) = update(&stack, &stack, "client") else { return };
    let said = ran.ok();
    let downloaded: Vec<_> = said.lines().filter_map(|line| line.split_once(' ')).collect();
    let digest_of = |path: &Path| {
        use sha2::{Digest as _, Sha256};
        hex::encode(Sha256::digest(std::fs::read(path).unwrap()))
    };
    let names: Vec<_> = downloaded.iter().map(|(name, _)| *name).collect();
    // The documents of today, and the files that cosign before version 3 asks for.
    for (name, file) in [
        ("trusted_root.json", "trusted_root.json"),
        ("signing_config.v0.2.json", "signing_config.json"),
    ] {
        let (_, digest) = downloaded.iter().find(|(it, _)| *it == name).unwrap();
        assert_eq!(*digest, digest_of(&stack.client(file)), "{name} of {names:?}");
    }
    assert!(names.len() >= 6, "{names:?}");

    let stranger = Stack::start();
    let refused = update(&stack, &stranger, "stranger").unwrap().refused();
    assert!(refused.contains("tuf.api.exceptions"), "{refused}");
}

#[test]
fn timestamps_in_bundles_are_ones_openssl_verifies() {
    let stack = Stack::start();
    let file = stack.file("artifact.txt", "signed, then stamped\n");
    let bundle = json(&stack.sign(&file));
    let stamps = &bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
    let stamp = STANDARD.decode(stamps[0]["signedTimestamp"].as_str().unwrap()).unwrap();
    let signature = bundle["messageSignature"]["signature"].as_str().unwrap();
    let (reply, signed) = (stack.home().join("reply.tsr"), stack.home().join("signature"));
    write(&reply, &stamp);
    write(&signed, &STANDARD.decode(signature).unwrap());
    let served = http().get(format!("{}/api/v1/timestamp/certchain", stack.url())).send().unwrap();
    let chain = stack.file("tsa.pem", &served.text().unwrap());
    let Some(mut verify) = Tool::OpenSsl.command(stack.home()) else { return };
    verify.args(["ts", "-verify", "-in"]).arg(&reply).arg("-data").arg(&signed);
    let _ = run(verify.arg("-CAfile").arg(&chain).arg("-untrusted").arg(&chain)).ok();
}
