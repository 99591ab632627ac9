//! Ten broken set-ups that people bring to issue trackers. The message alone must be enough: each
//! test reads what siglite says, does that, and sees it help.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use lite_tests::{ALICE, Ran, Stack, run, skip};
use serde_json::{Value, json};

/// A stack with a signed file.
struct Site {
    stack: Stack,
    file: String,
}

impl Site {
    #[track_caller]
    fn new() -> Self {
        let stack = Stack::start();
        let file = stack.file("file.txt", "as it was signed\n");
        let site = Self { file: file.display().to_string(), stack };
        let token = site.stack.token();
        let _ = site.siglite(&["sign-blob", &site.file, "--yes", "--identity-token", &token]).ok();
        site
    }

    fn bundle(&self) -> String {
        format!("{}.sigstore.json", self.file)
    }

    #[track_caller]
    fn siglite(&self, arguments: &[&str]) -> Ran {
        run(self.stack.siglite().args(arguments))
    }

    /// `verify-blob` with the right identity and these arguments.
    #[track_caller]
    fn verify(&self, arguments: &[&str]) -> Ran {
        let mut command = self.stack.siglite();
        command.args(["verify-blob", &self.file, "--certificate-identity", ALICE]);
        command.args(["--certificate-oidc-issuer", &self.stack.issuer()]);
        run(command.args(arguments))
    }

    /// siglite with the clock moved, where that can be done.
    fn at(&self, offset: &str, arguments: &[&str]) -> Option<Ran> {
        let siglite = self.stack.siglite();
        let mut command = Command::new("faketime");
        command.args(["-f", offset]).arg(siglite.get_program()).args(arguments);
        for (name, value) in siglite.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if Command::new("faketime").arg("--version").output().is_ok() {
            return Some(run(&mut command));
        }
        skip("a clock that is off", "no faketime");
        None
    }

    /// The bundle, changed, as a file of another name.
    fn changed(&self, name: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut json = read(Path::new(&self.bundle()));
        change(&mut json);
        self.stack.file(name, &json.to_string()).display().to_string()
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Refused with this exit code, in these words.
#[track_caller]
fn says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran}");
    for word in words {
        assert!(ran.stderr.contains(word), "it should say {word:?}: {ran}");
    }
}

/// What stands after a word of the hint, up to the next space.
#[track_caller]
fn hinted(ran: &Ran, flag: &str) -> String {
    let hint = ran.stderr.split_once("hint:").map(|(_, hint)| hint);
    let value = hint.and_then(|hint| hint.split_once(flag)).map(|(_, after)| after);
    let value = value.and_then(|after| after.split_whitespace().next());
    value.unwrap_or_else(|| panic!("the hint should name {flag}: {ran}")).to_owned()
}

/// sigstore/cosign#2588, sigstore/cosign#1716: "signed by unknown authority" where the machine was
/// never told about the private instance.
#[test]
fn the_root_of_another_instance() {
    let (site, other) = (Site::new(), Stack::start());
    let root = other.client("trusted_root.json").display().to_string();
    let ran = site.verify(&["--trusted-root", &root]);
    says(&ran, 1, &["trusted root", other.url(), "siglite use", "--trusted-root"]);
    let right = site.stack.client("trusted_root.json").display().to_string();
    let _ = site.verify(&["--trusted-root", &right]).ok();
}

/// sigstore/cosign#1293, sigstore/cosign#2763: expired TUF metadata ended in a panic, or in a file
/// name nobody knows.
#[test]
fn expired_trust_material() {
    let site = Site::new();
    let root = site.stack.client("root.json").display().to_string();
    let words = ["has expired", "is the clock of this machine right?", "siglite up"];
    let arguments = ["use", site.stack.url(), "--root", &root];
    let Some(ran) = site.at("+20y", &arguments) else { return };
    says(&ran, 4, &words);
    let mirror = format!("{}/tuf", site.stack.url());
    let arguments = ["initialize", "--mirror", &mirror, "--root", &root];
    says(&site.at("+20y", &arguments).unwrap(), 4, &words);
    let _ = site.siglite(&arguments).ok();
}

/// theupdateframework/python-tuf#12: clients whose clock is off. Signing says so; verifying does
/// not depend on a clock at all.
#[test]
fn a_clock_that_is_off() {
    let site = Site::new();
    let token = site.stack.token();
    let arguments = ["sign-blob", &site.file, "--yes", "--identity-token", &token];
    let Some(ran) = site.at("+2h", &arguments) else { return };
    says(&ran, 5, &["expired", "this machine says", "clock of this machine"]);
    let _ = site.siglite(&arguments).ok();
    for offset in ["-10y", "+10y"] {
        let issuer = site.stack.issuer();
        let mut arguments = vec!["verify-blob", &site.file, "--certificate-identity", ALICE];
        arguments.extend(["--certificate-oidc-issuer", &issuer]);
        let _ = site.at(offset, &arguments).unwrap().ok();
    }
}

/// camunda/camunda-platform-helm#4024, smallstep/cli#1070: an identity in nearly the right form.
#[test]
fn an_identity_in_another_form() {
    let site = Site::new();
    let issuer = site.stack.issuer();
    let verify = |identity: &str, issuer: &str| {
        site.siglite(&[
            "verify-blob",
            &site.file,
            "--certificate-identity",
            identity,
            "--certificate-oidc-issuer",
            issuer,
        ])
    };
    for wrong in ["Alice@example.org", "mailto:alice@example.org", "alice"] {
        let ran = verify(wrong, &issuer);
        says(&ran, 1, &["identity-mismatch", wrong, ALICE]);
        let _ = verify(&hinted(&ran, "--certificate-identity"), &issuer).ok();
    }
    let ran = verify(ALICE, &format!("{issuer}/"));
    says(&ran, 1, &["issuer-mismatch", &issuer]);
    let _ = verify(ALICE, &hinted(&ran, "--certificate-oidc-issuer")).ok();
}

/// sigstore/cosign#542, sigstore/cosign#2047: the tag names something else since it was signed.
#[test]
fn a_tag_that_moved() {
    let site = Site::new();
    let image = format!("{}/app:v1", site.stack.url().trim_start_matches("http://"));
    let issuer = site.stack.issuer();
    let verify = |name: &str| {
        let who = ["--certificate-identity", ALICE, "--certificate-oidc-issuer", &issuer];
        site.siglite(&[&["verify", name], &who[..]].concat())
    };
    let _ = site.siglite(&["image", "make", &image, "--message", "one"]).ok();
    let token = site.stack.token();
    let _ = site.siglite(&["sign", &image, "--yes", "--identity-token", &token]).ok();
    let _ = verify(&image).ok();
    let _ = site.siglite(&["image", "make", &image, "--message", "two"]).ok();
    let ran = verify(&image);
    says(&ran, 10, &["the tag was moved after it was signed", "by digest"]);
    let (_, signed) = ran.stderr.split_once("signed is:").expect("which digest is signed");
    let digest = signed.trim_start().split(": ").next().unwrap();
    let (repository, _) = image.rsplit_once(':').unwrap();
    let _ = verify(&format!("{repository}@{digest}")).ok();
}

/// sigstore/sigstore-python#1421: "not enough timestamps", where the root names no such authority.
#[test]
fn a_root_without_the_timestamp_authority() {
    let site = Site::new();
    let whole = site.stack.client("trusted_root.json");
    let mut root = read(&whole);
    root["timestampAuthorities"] = json!([]);
    let root = site.stack.file("without.json", &root.to_string()).display().to_string();
    let ran = site.verify(&["--trusted-root", &root]);
    says(&ran, 1, &["timestamp-authority-unknown", "timestamp authorit", "--trusted-root"]);
    let _ = site.verify(&["--trusted-root", &whole.display().to_string()]).ok();
    // And a bundle that brings no time at all.
    let bundle = site.changed("timeless.json", |bundle| {
        bundle["verificationMaterial"]["timestampVerificationData"] = json!({});
    });
    says(&site.verify(&["--bundle", &bundle]), 1, &["time-missing", "sign", "timestamp"]);
}

/// slsa-framework/slsa-verifier#49, sigstore/sigstore-python#1364: the tree head of another log.
#[test]
fn the_checkpoint_of_another_log() {
    let (site, other) = (Site::new(), Site::new());
    let theirs = read(Path::new(&other.bundle()));
    let proof = "/verificationMaterial/tlogEntries/0/inclusionProof";
    let theirs = theirs.pointer(proof).unwrap()["checkpoint"].clone();
    let bundle = site.changed("crossed.json", |bundle| {
        bundle.pointer_mut(proof).unwrap()["checkpoint"] = theirs;
    });
    let ran = site.verify(&["--bundle", &bundle]);
    says(&ran, 1, &["step 4 (inclusion)", "checkpoint", "expected", "found", "hint:"]);
    let _ = site.verify(&[]).ok();
}

/// sigstore/model-transparency#405: signed at staging, verified with production's root.
#[test]
fn a_bundle_of_the_staging_instance() {
    let site = Site::new();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/verifier/tests/vectors");
    let case = vectors.join("bundle-verify/rekor2-happy-path");
    let verify = |root: &Path| {
        let mut command = site.stack.siglite();
        command.arg("verify-blob").arg(vectors.join("a.txt"));
        command.arg("--bundle").arg(case.join("bundle.sigstore.json"));
        command.arg("--trusted-root").arg(root);
        command.args(["--certificate-identity-regexp", ".*"]);
        run(command.args(["--certificate-oidc-issuer-regexp", ".*"]))
    };
    let ran = verify(&vectors.join("public-good-trusted_root.json"));
    says(&ran, 1, &["sigstage.dev", "sigstore.dev", "--trusted-root"]);
    let _ = verify(&case.join("trusted_root.json")).ok();
}

/// rogerbinns/apsw#549, sigstore/cosign#3139: a bundle of the format before bundles.
#[test]
fn a_bundle_of_the_old_format() {
    let site = Site::new();
    let v1 = site.stack.home().join("v1.json").display().to_string();
    let token = site.stack.token();
    let mut sign = vec!["sign-blob", &site.file, "--yes", "--identity-token", &token];
    sign.extend(["--rekor-version", "1", "--bundle", &v1]);
    let _ = site.siglite(&sign).ok();
    let old = old_format(&read(Path::new(&v1)));
    let old = site.stack.file("old.bundle", &old.to_string()).display().to_string();
    let ran = site.verify(&["--bundle", &old]);
    says(&ran, 1, &["old format", "siglite bundle create"]);
    // The hint, but for the log's address, which only its owner knows.
    let (_, command) = ran.stderr.split_once("hint: siglite ").unwrap();
    let command = command.split(" makes a bundle").next().unwrap();
    let command = command.replace("--rekor-url LOG", &format!("--rekor-url {}", site.stack.url()));
    let _ = site.siglite(&command.split_whitespace().collect::<Vec<_>>()).ok();
    let _ = site.verify(&["--bundle", &hinted(&ran, "--out")]).ok();
}

/// What cosign 2 would have written of it.
fn old_format(bundle: &Value) -> Value {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let material = &bundle["verificationMaterial"];
    let der = material["certificate"]["rawBytes"].as_str().unwrap();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n");
    let entry = &material["tlogEntries"][0];
    let number = |name: &str| entry[name].as_str().unwrap().parse::<i64>().unwrap();
    let log_id = engine.decode(entry["logId"]["keyId"].as_str().unwrap()).unwrap();
    json!({
        "base64Signature": bundle["messageSignature"]["signature"],
        "cert": engine.encode(pem),
        "rekorBundle": {
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": entry["canonicalizedBody"],
                "integratedTime": number("integratedTime"),
                "logIndex": number("logIndex"),
                "logID": hex::encode(log_id),
            },
        },
    })
}

/// sigstore/cosign#4463, sourcegraph/sourcegraph-public-snapshot#2360: "invalid character '<'",
/// where a proxy answered with a page.
#[test]
fn the_page_of_a_proxy_instead_of_json() {
    let site = Site::new();
    let root = site.stack.client("root.json").display().to_string();
    let proxy = Proxy::start();
    let words = ["a web page", "ACME proxy: access denied", "proxy or a login page"];
    let ran = site.siglite(&["use", &proxy.url, "--root", &root]);
    says(&ran, 3, &words);
    let token = site.stack.token();
    let mut sign = vec!["sign-blob", &site.file, "--yes", "--identity-token", &token];
    sign.extend(["--rekor-url", &proxy.url]);
    says(&site.siglite(&sign), 3, &words);
    let page = site.stack.file("page.json", Proxy::PAGE).display().to_string();
    says(&site.verify(&["--bundle", &page]), 1, &words);
    says(&site.verify(&["--trusted-root", &page]), 4, &words);
    let _ = site.siglite(&["use", site.stack.url(), "--root", &root]).ok();
}

/// Answers everything with a page, and ends with the test.
struct Proxy {
    url: String,
}

impl Proxy {
    const PAGE: &str =
        "<!DOCTYPE html>\n<html><head><title>ACME proxy: access denied</title></head></html>\n";

    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 16 * 1024];
                let _ = stream.read(&mut request);
                let page = Self::PAGE;
                let length = page.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\
                     connection: close\r\n\r\n{page}"
                );
            }
        });
        Self { url }
    }
}
