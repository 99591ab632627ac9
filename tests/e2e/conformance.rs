//! The public conformance suite's cases and its protocol, asked of the binary.
//!
//! `crates/verifier` holds every refusal to its word; here counts what a shell sees.

use std::path::{Path, PathBuf};
use std::process::Command;

use lite_tests::{ALICE, Ran, Stack, Tool, binary, clean, run};
use sha2::{Digest as _, Sha256};

use crate::clients::{Client, Policy};

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const BEACON_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// How many cases the whole suite has, and how many of them must be refused.
const WHOLE: (usize, usize) = (70, 49);

/// One folder of the suite.
pub(crate) struct Case {
    pub(crate) name: String,
    folder: PathBuf,
    suite: PathBuf,
}

impl Case {
    /// Its own file of this name, or the suite's.
    fn file(&self, own: &str, shared: &str) -> PathBuf {
        let own = self.folder.join(own);
        if own.exists() { own } else { self.suite.join(shared) }
    }

    fn text(&self, name: &str, default: &str) -> String {
        let own = std::fs::read_to_string(self.folder.join(name));
        own.map_or_else(|_| default.to_owned(), |text| text.trim().to_owned())
    }

    pub(crate) fn must_fail(&self) -> bool {
        self.name.ends_with("_fail")
    }

    /// The artifact as the suite names it: a path and a digest.
    pub(crate) fn artifacts(&self) -> [String; 2] {
        let path = self.file("artifact", "a.txt");
        let digest = Sha256::digest(std::fs::read(&path).unwrap());
        [path.display().to_string(), format!("sha256:{}", hex::encode(digest))]
    }

    /// What the suite would type: the options in its order, a trusted root only where the case
    /// has one of its own.
    pub(crate) fn arguments(&self, artifact: &str) -> Vec<String> {
        let mut line = vec!["verify-bundle".to_owned(), "--bundle".to_owned()];
        line.push(self.folder.join("bundle.sigstore.json").display().to_string());
        let key = self.folder.join("key.pub");
        if key.exists() {
            line.extend(["--key".to_owned(), key.display().to_string()]);
        } else {
            line.extend(["--certificate-identity".to_owned(), self.text("identity", BEACON)]);
            line.push("--certificate-oidc-issuer".to_owned());
            line.push(self.text("issuer", BEACON_ISSUER));
        }
        let root = self.folder.join("trusted_root.json");
        if root.exists() {
            line.extend(["--trusted-root".to_owned(), root.display().to_string()]);
        }
        line.push(artifact.to_owned());
        line
    }

    /// The environment that names the public-good root.
    pub(crate) fn environment(&self) -> (&'static str, PathBuf) {
        ("SIGLITE_PUBLIC_GOOD_ROOT", self.suite.join("public-good-trusted_root.json"))
    }
}

/// The cases of a suite, each in a folder, by name.
pub(crate) fn folders(suite: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(suite.join("bundle-verify"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// The whole suite where it is at hand, else the few cases that live with us. The verifier's own
/// tests say which it was.
pub(crate) fn cases() -> Vec<Case> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let whole = std::env::var_os("SIGLITE_CONFORMANCE_DIR")
        .map_or_else(|| manifest.join("../../shared/conformance"), PathBuf::from);
    let suite = if whole.join("bundle-verify").is_dir() {
        whole
    } else {
        manifest.join("../crates/verifier/tests/vectors")
    };
    let suite = suite.canonicalize().unwrap();
    folders(&suite)
        .into_iter()
        .map(|folder| Case {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            suite: suite.clone(),
            folder,
        })
        .collect()
}

/// What is wrong about how a case ended, if anything is.
pub(crate) fn wrong(case: &Case, ran: &Ran) -> Option<String> {
    let code = i32::from(case.must_fail());
    let panicked = ran.stderr.contains("panicked");
    (ran.code != Some(code) || panicked).then(|| format!("{}: {ran}", case.name))
}

/// Runs every case by path and by digest through `command`; how many held, and how many were
/// refused.
fn verdicts(command: impl Fn() -> Command) -> (usize, usize) {
    let (mut held, mut refused, mut mistakes) = (0, 0, Vec::new());
    for case in cases() {
        for artifact in case.artifacts() {
            let (variable, root) = case.environment();
            let ran = run(command().env(variable, root).args(case.arguments(&artifact)));
            match wrong(&case, &ran) {
                Some(mistake) => mistakes.push(mistake),
                None if case.must_fail() => refused += 1,
                None => held += 1,
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    (held, refused)
}

#[track_caller]
fn all_are_judged((held, refused): (usize, usize)) {
    let all = cases().len();
    if all == WHOLE.0 {
        assert_eq!((held, refused), (2 * (WHOLE.0 - WHOLE.1), 2 * WHOLE.1));
    }
    assert_eq!(held + refused, 2 * all);
}

#[test]
fn every_case_has_its_exit_code_by_path_and_by_digest() {
    let home = tempfile::tempdir().unwrap();
    all_are_judged(verdicts(|| clean(&binary("siglite"), home.path())));
}

#[test]
fn ten_years_on_every_case_has_the_same_exit_code() {
    let Some(faketime) = Tool::FakeTime.find() else { return };
    let home = tempfile::tempdir().unwrap();
    all_are_judged(verdicts(|| {
        let mut command = clean(&faketime, home.path());
        command.args(["-f", "+10y"]).arg(binary("siglite"));
        command
    }));
}

#[test]
fn what_cannot_be_judged_is_refused_with_one() {
    let home = tempfile::tempdir().unwrap();
    let case = cases().into_iter().find(|case| case.name == "rekor2-happy-path").unwrap();
    let [path, _] = case.artifacts();
    let bundle = case.folder.join("bundle.sigstore.json").display().to_string();
    let root = case.folder.join("trusted_root.json").display().to_string();
    let identity = ["--certificate-identity", BEACON, "--certificate-oidc-issuer", BEACON_ISSUER];
    let check = |line: &[&str], word: &str| {
        let mut command = clean(&binary("siglite"), home.path());
        let ran = run(command.arg("verify-bundle").args(line));
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.stderr.contains(word), "{ran}");
    };
    let with = |more: &[&'static str]| [more, &identity[..]].concat();
    let bundled = ["--bundle", &bundle];
    let line = |staging: &[&'static str], rest: &[&str]| {
        let mut line: Vec<String> = staging.iter().map(ToString::to_string).collect();
        line.extend(bundled.iter().chain(&with(&[])).chain(rest).map(ToString::to_string));
        line
    };
    let run_line = |line: Vec<String>, word: &str| {
        check(&line.iter().map(String::as_str).collect::<Vec<_>>(), word);
    };
    // Nobody said whom to believe.
    run_line(line(&[], &[&path]), "SIGLITE_PUBLIC_GOOD_ROOT");
    run_line(line(&["--staging"], &[&path]), "SIGLITE_STAGING_ROOT");
    // A prefix alone makes no digest, and no file has that name.
    run_line(line(&[], &["--trusted-root", &root, "sha256:00"]), "cannot read sha256:00");
    run_line(line(&[], &["--trusted-root", &root, "sha512:00"]), "cannot read sha512:00");
    // Neither root nor key is one.
    run_line(line(&[], &["--trusted-root", &bundle, &path]), "not a trusted root");
    check(&["--bundle", &bundle, "--key", &bundle, "--trusted-root", &root, &path], "key");
}

#[test]
fn what_is_signed_verifies_with_us_and_with_stock_clients() {
    let stack = Stack::start();
    let file = stack.file("a.txt", "signed as the suite asks\n");
    let bundle = stack.home().join("file.sigstore.json");
    let _ = run(sign(&stack, &bundle).arg(&file)).ok();
    let _ = run(verify(&stack, &bundle).arg(&file)).ok();
    for client in Client::WITH_FILES {
        if client.is_here() {
            let _ = client.verify(&stack, &file, &bundle, &Policy::of(&stack)).ok();
        }
    }
    // Another file is refused.
    let other = stack.file("b.txt", "another\n");
    assert_eq!(run(verify(&stack, &bundle).arg(&other)).code, Some(1));
}

#[test]
fn a_statement_is_signed_as_it_is() {
    let stack = Stack::start();
    let file = stack.file("a.txt", "what is said something about\n");
    let digest = hex::encode(Sha256::digest(std::fs::read(&file).unwrap()));
    // Spaces that no serializer would write, so that nothing but the bytes themselves will do.
    let text = format!(
        "{{ \"_type\":\"https://in-toto.io/Statement/v1\",  \"subject\":[{{\"name\":\"a.txt\",\
         \"digest\":{{\"sha256\":\"{digest}\"}}}}],\n \"predicateType\":\
         \"https://slsa.dev/provenance/v1\", \"predicate\":{{}} }}\n"
    );
    let statement = stack.file("statement.json", &text);
    let bundle = stack.home().join("statement.sigstore.json");
    let _ = run(sign(&stack, &bundle).arg("--in-toto").arg(&statement)).ok();
    let signed: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&bundle).unwrap()).unwrap();
    let payload = signed["dsseEnvelope"]["payload"].as_str().unwrap();
    let payload = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, payload).unwrap();
    assert_eq!(String::from_utf8(payload).unwrap(), text);
    let _ = run(verify(&stack, &bundle).arg(&file)).ok();
    let _ = run(verify(&stack, &bundle).arg(format!("sha256:{digest}"))).ok();
    if let Some(cosign) = Tool::Cosign.find() {
        let mut command = stack.command(&cosign);
        command.args(["verify-blob-attestation", "--type", "slsaprovenance1", "--bundle"]);
        command.arg(&bundle).args(["--certificate-identity", ALICE]);
        command.args(["--certificate-oidc-issuer", &stack.issuer(), "--trusted-root"]);
        let _ = run(command.arg(stack.client("trusted_root.json")).arg(&file)).ok();
    }
    // What is no statement is not signed as one.
    let _ = run(sign(&stack, &bundle).arg("--in-toto").arg(&file)).refused();
}

fn sign(stack: &Stack, bundle: &Path) -> Command {
    let mut command = stack.siglite();
    command.args(["sign-bundle", "--identity-token", &stack.token(), "--bundle"]).arg(bundle);
    command.arg("--trusted-root").arg(stack.client("trusted_root.json"));
    command.arg("--signing-config").arg(stack.client("signing_config.json"));
    command
}

fn verify(stack: &Stack, bundle: &Path) -> Command {
    let mut command = stack.siglite();
    command.arg("verify-bundle").arg("--bundle").arg(bundle);
    command.args(["--certificate-identity", ALICE]);
    command.args(["--certificate-oidc-issuer", &stack.issuer(), "--trusted-root"]);
    command.arg(stack.client("trusted_root.json"));
    command
}
