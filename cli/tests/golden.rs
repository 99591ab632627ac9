//! What the command line says, word for word: help, verdicts and errors.
//!
//! `INSTA_UPDATE=always cargo test -p siglite --test golden` writes the snapshots anew; the
//! difference is then for a person to read.

use std::path::{Path, PathBuf};
use std::process::Command;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/verifier/tests/vectors");

/// Who signed the vector.
const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// A home of its own, and an environment with nothing else in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the command; the answer is all it said and its exit code, the home's path left out.
    fn run<S: AsRef<str>>(&self, args: &[S]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_siglite"))
            .args(args.iter().map(AsRef::as_ref))
            .env_clear()
            .env("HOME", self.path())
            .current_dir(self.path())
            .stdin(std::process::Stdio::null())
            .output()
            .expect("siglite runs");
        let text = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes)
                .replace(&self.path().display().to_string(), "HOME")
                .replace(VECTORS, "VECTORS")
        };
        format!(
            "stdout:\n{}\nstderr:\n{}\nexit: {}",
            text(&output.stdout),
            text(&output.stderr),
            output.status.code().expect("an exit code")
        )
    }
}

fn vector(name: &str) -> String {
    format!("{VECTORS}/bundle-verify/{name}")
}

/// `verify-blob` of the vector, with these arguments instead of the good ones.
fn verify(artifact: &str, identity: &str, root: &str, more: &[&str]) -> Vec<String> {
    let happy = vector("rekor2-happy-path");
    let args = [
        "verify-blob",
        artifact,
        "--bundle",
        &format!("{happy}/bundle.sigstore.json"),
        "--trusted-root",
        root,
        "--certificate-identity",
        identity,
        "--certificate-oidc-issuer",
        ISSUER,
    ];
    args.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
}

fn good() -> (String, String) {
    (format!("{VECTORS}/a.txt"), vector("rekor2-happy-path/trusted_root.json"))
}

#[test]
fn help_reads_well() {
    let commands: [&[&str]; 35] = [
        &[],
        &["use"],
        &["initialize"],
        &["sign-blob"],
        &["verify-blob"],
        &["attest-blob"],
        &["verify-blob-attestation"],
        &["generate-key-pair"],
        &["import-key-pair"],
        &["public-key"],
        &["inspect"],
        &["token"],
        &["log"],
        &["log", "info"],
        &["log", "get"],
        &["log", "proof", "inclusion"],
        &["log", "proof", "consistency"],
        &["log", "upload"],
        &["log", "search"],
        &["log", "verify"],
        &["log", "tail"],
        &["log", "reindex"],
        &["log", "audit"],
        &["bundle", "create"],
        &["bundle", "inspect"],
        &["trusted-root", "create"],
        &["signing-config", "create"],
        &["account"],
        &["account", "add"],
        &["account", "passwd"],
        &["env"],
        &["completions"],
        &["exit-codes"],
        &["explain"],
        &["version"],
    ];
    let home = Home::new();
    for command in commands {
        let name = format!("help {}", command.join(" ")).trim().replace([' ', '-'], "_");
        let args = [command, &["--help"]].concat();
        insta::assert_snapshot!(name, home.run(&args));
    }
}

#[test]
fn a_verified_file_is_told_in_evidence_and_a_verdict() {
    let (artifact, root) = good();
    let home = Home::new();
    insta::assert_snapshot!("verified", home.run(&verify(&artifact, BEACON, &root, &[])));
    let explained = home.run(&verify(&artifact, BEACON, &root, &["--explain"]));
    for number in 0..=8 {
        assert!(explained.contains(&format!("({number})")), "step {number} in {explained}");
    }
    insta::assert_snapshot!("explained_verified", explained);
}

/// Two layers are without a time that passes.
#[test]
fn a_document_is_taken_apart_and_what_is_none_is_refused() {
    let home = Home::new();
    let bundle = vector("rekor2-happy-path/bundle.sigstore.json");
    insta::assert_snapshot!("inspected", home.run(&["inspect", &bundle, "--depth", "2"]));
    let unknown = format!("{VECTORS}/a.txt");
    insta::assert_snapshot!("error_unknown_document", home.run(&["inspect", &unknown]));
    insta::assert_snapshot!("error_no_document", home.run(&["inspect", "no/such.json"]));
}

/// The trace itself is the verifier's to word; a script finds verdict, signer and reason around it.
#[test]
fn a_script_finds_the_verdict_in_json() {
    let (artifact, root) = good();
    let home = Home::new();
    let json = |identity: &str| {
        let said = home.run(&verify(&artifact, identity, &root, &["--output", "json"]));
        let text = said.split("\nstderr:").next().expect("standard output");
        let text = text.trim_start_matches("stdout:\n");
        serde_json::from_str::<serde_json::Value>(text).expect("JSON")
    };
    let accepted = json(BEACON);
    assert_eq!(accepted["exit"], "ok");
    assert_eq!(accepted["signature"]["signer"], BEACON);
    assert_eq!(accepted["signature"]["logIndex"], "735");
    assert_eq!(accepted["report"]["verdict"], "accepted");
    let refused = json("alice@example.org");
    assert_eq!(refused["exit"], "refused");
    assert!(refused["signature"].is_null());
    assert_eq!(refused["report"]["refusal"]["reason"], "identity-mismatch");
    for refusal in [&refused["refusal"], &refused["report"]["refusal"]] {
        assert_eq!(refusal["page"], "docs/errors/identity-mismatch.md");
        for member in ["message", "step", "expected", "found", "nearest", "attack", "help"] {
            assert!(refusal[member].is_string(), "{member} in {refusal}");
        }
        let help = refusal["help"].as_str().expect("a command");
        assert!(help.starts_with("siglite verify-blob ") && help.contains(BEACON), "{help}");
    }
    assert!(accepted["refusal"].is_null());
}

#[test]
fn a_refusal_names_its_step_what_was_expected_and_what_helps() {
    let (artifact, root) = good();
    let home = Home::new();
    let changed = home.path().join("changed");
    let copied = std::fs::copy(&artifact, &changed).and_then(|_| append(&changed));
    copied.expect("a changed copy");
    let changed = changed.display().to_string();
    let other_root = format!("{VECTORS}/public-good-trusted_root.json");
    let refuse = |name: &str, args: &[String]| insta::assert_snapshot!(name, home.run(args));
    refuse("refused_identity", &verify(&artifact, "alice@example.org", &root, &[]));
    refuse("refused_changed_file", &verify(&changed, BEACON, &root, &[]));
    refuse("refused_other_root", &verify(&artifact, BEACON, &other_root, &[]));
    refuse("explained_refused", &verify(&artifact, "alice@example.org", &root, &["--explain"]));
}

#[test]
fn a_code_is_explained_and_one_that_does_not_exist_has_neighbours() {
    let home = Home::new();
    insta::assert_snapshot!("explain_code", home.run(&["explain", "identity-mismatch"]));
    insta::assert_snapshot!("explain_unknown_code", home.run(&["explain", "identity-missmatch"]));
    let all = home.run(&["explain"]);
    assert!(all.contains("log-unknown") && all.ends_with("exit: 0"), "{all}");
}

/// A terminal without Unicode gets marks of ASCII.
#[test]
fn the_locale_chooses_the_marks() {
    let (artifact, root) = good();
    let home = Home::new();
    let output = Command::new(env!("CARGO_BIN_EXE_siglite"))
        .args(verify(&artifact, BEACON, &root, &["--explain"]))
        .env_clear()
        .env("HOME", home.path())
        .env("LC_ALL", "C")
        .output()
        .expect("siglite runs");
    assert!(output.stdout.is_ascii());
    assert!(output.stdout.starts_with(b"+ "));
}

fn append(path: &Path) -> std::io::Result<()> {
    use std::io::Write as _;
    std::fs::OpenOptions::new().append(true).open(path)?.write_all(b"x")
}

#[test]
fn a_statement_is_not_taken_for_a_signature() {
    let (artifact, root) = good();
    let bundle = vector("rekor2-dsse-happy-path/bundle.sigstore.json");
    let mut args = verify(&artifact, BEACON, &root, &[]);
    args[3] = bundle;
    insta::assert_snapshot!("refused_statement", Home::new().run(&args));
}

#[test]
fn an_error_says_what_to_do() {
    let home = Home::new();
    let cases: [(&str, &[&str]); 16] = [
        ("no_instance", &["use"]),
        ("no_instance_to_sign_with", &["sign-blob", "f"]),
        ("no_identity", &["verify-blob", "f"]),
        ("half_an_identity", &["verify-blob", "f", "--certificate-identity", "a"]),
        (
            "no_regexp",
            &[
                "verify-blob",
                "f",
                "--certificate-identity-regexp",
                "(",
                "--certificate-oidc-issuer",
                "i",
            ],
        ),
        ("two_identities", &["verify-blob", "f", "--key", "k", "--certificate-identity", "a"]),
        ("not_a_url", &["use", "localhost:7070"]),
        ("not_a_fingerprint", &["use", "http://localhost:1", "--fingerprint", "abc"]),
        ("unreachable", &["use", "http://localhost:1"]),
        ("not_a_digest", &["verify-blob", "sha256:00", "--key", "k"]),
        (
            "not_a_type",
            &["attest-blob", "f", "--type", "sbom", "--predicate", "p", "--bundle", "b"],
        ),
        ("no_log", &["sign-blob", "f", "--tlog-upload=false"]),
        ("not_offline", &["verify-blob", "f", "--key", "k", "--offline=false"]),
        ("no_accounts", &["account", "list"]),
        ("unknown_instance", &["env", "--instance", "http://lab.example:7070"]),
        ("unknown_command", &["seal"]),
    ];
    for (name, args) in cases {
        insta::assert_snapshot!(format!("error_{name}"), home.run(args));
    }
}

/// Colour is for terminals; a pipe gets none, whatever the environment.
#[test]
fn a_pipe_gets_no_colour() {
    let home = Home::new();
    assert!(!home.run(&["use"]).contains('\u{1b}'));
    assert!(home.run(&["use", "--color", "always"]).contains("\u{1b}["));
}

/// Nothing that was refused leaves a file behind.
#[test]
fn a_failed_run_writes_nothing() {
    let home = Home::new();
    let file = home.path().join("f");
    let written = std::fs::File::create(&file).and_then(|_| append(&file));
    written.expect("a file");
    home.run(&["sign-blob", "f"]);
    home.run(&["use", "http://localhost:1", "--insecure-trust-on-first-use"]);
    let left: Vec<PathBuf> = std::fs::read_dir(home.path())
        .expect("the home")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(left, [file]);
}
