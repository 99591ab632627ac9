//! The lines that `--explain=full` prints are run, in a shell that knows nothing of siglite.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_tests::{ALICE, Ran, Stack, Tool, binary, clean, run};
use serde::Deserialize;
use serde_json::Value;

/// One member of `recompute`.
#[derive(Debug, Deserialize)]
struct Block {
    name: String,
    title: String,
    commands: Vec<String>,
    expect: Option<String>,
}

impl Block {
    fn is(&self, step: &str, title: &str) -> bool {
        self.name == step && self.title.contains(title)
    }
}

/// A folder of a test that needs no stack.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own file need not survive a crash")]
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn siglite(&self) -> Command {
        clean(&binary("siglite"), self.0.path())
    }

    /// Runs lines in a shell with nothing in its environment; its folders end with this one.
    fn sh(&self, lines: &str) -> Ran {
        let script = self.file("lines.sh", lines.as_bytes());
        let mut sh = Command::new("/bin/sh");
        sh.env_clear().env("PATH", "/usr/bin:/bin").env("TMPDIR", self.0.path());
        run(sh.arg(script).current_dir(self.0.path()))
    }

    /// The blocks of a verification, and whether each shows what it says.
    #[track_caller]
    fn recomputed(&self, verify: &mut Command) -> Vec<(Block, bool)> {
        let ran = run(verify.args(["--explain=full", "--output", "json"]));
        let document: Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"));
        let blocks: Vec<Block> = serde_json::from_value(document["recompute"].clone()).unwrap();
        let runnable = blocks.into_iter().filter(|block| !block.commands.is_empty());
        runnable
            .map(|block| {
                let ran = self.sh(&(block.commands.join("\n") + "\n"));
                let shown = ran.stdout.lines().last().unwrap_or_default();
                let agrees = Some(shown) == block.expect.as_deref();
                (block, agrees)
            })
            .collect()
    }

    /// All blocks of a verification show what they say, and these steps have some.
    #[track_caller]
    fn all_agree(&self, verify: &mut Command, steps: &[&str]) {
        let recomputed = self.recomputed(verify);
        for (block, agrees) in &recomputed {
            assert!(agrees, "{verify:?}: {block:#?}");
        }
        for step in steps {
            let has = recomputed.iter().any(|(block, _)| block.name == *step);
            assert!(has, "{verify:?}: nothing of {step}");
        }
    }

    /// Of a refused bundle these blocks show something else, and all others what they say.
    #[track_caller]
    fn disagree(&self, verify: &mut Command, expected: &[(&str, &str)]) {
        let recomputed = self.recomputed(verify);
        for (block, agrees) in &recomputed {
            let meant = expected.iter().any(|(step, title)| block.is(step, title));
            assert_eq!(!agrees, meant, "{verify:?}: {block:#?}");
        }
        for (step, title) in expected {
            assert!(recomputed.iter().any(|(block, _)| block.is(step, title)), "no {step} {title}");
        }
    }
}

/// The steps of a bundle that a person signed with a v2 log.
const PERSON_V2: [&str; 9] =
    ["bundle", "times", "chain", "sct", "identity", "inclusion", "validity", "signature", "entry"];

/// A case of the conformance suite, as `verify-blob` or `verify-blob-attestation` takes it.
fn verify_case(folder: &Folder, suite: &Path, case: &Path) -> Command {
    let own = |name: &str| Some(case.join(name)).filter(|path| path.exists());
    let or = |name: &str, shared: &str| own(name).unwrap_or_else(|| suite.join(shared));
    let text = |name: &str, otherwise: &str| {
        let text = own(name).map(|path| std::fs::read_to_string(path).unwrap());
        text.map_or_else(|| otherwise.to_owned(), |text| text.trim().to_owned())
    };
    let bundle = case.join("bundle.sigstore.json");
    let document: Value = serde_json::from_slice(&std::fs::read(&bundle).unwrap()).unwrap();
    let payload = document["dsseEnvelope"]["payload"].as_str();
    let mut command = folder.siglite();
    command.arg(if payload.is_some() { "verify-blob-attestation" } else { "verify-blob" });
    command.arg(or("artifact", "a.txt")).arg("--bundle").arg(bundle);
    command.arg("--trusted-root").arg(or("trusted_root.json", "public-good-trusted_root.json"));
    if let Some(payload) = payload {
        let statement: Value = serde_json::from_slice(&STANDARD.decode(payload).unwrap()).unwrap();
        command.arg("--type").arg(statement["predicateType"].as_str().unwrap());
    }
    match own("key.pub") {
        Some(key) => command.arg("--key").arg(key),
        None => command.args([
            "--certificate-identity",
            &text("identity", "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"),
            "--certificate-oidc-issuer",
            &text("issuer", "https://token.actions.githubusercontent.com"),
        ]),
    };
    command
}

/// The cases that live with us, and the whole suite where it is said to be.
fn suites() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/verifier/tests/vectors");
    let whole = std::env::var_os("SIGLITE_CONFORMANCE_DIR").map(PathBuf::from);
    [own].into_iter().chain(whole).collect()
}

#[test]
fn every_line_about_a_bundle_of_others_shows_what_it_says() {
    if Tool::OpenSsl.find().is_none() {
        return;
    }
    for suite in suites() {
        let mut count = 0;
        for case in std::fs::read_dir(suite.join("bundle-verify")).unwrap() {
            let case = case.unwrap().path();
            if case.is_dir() && !case.to_string_lossy().ends_with("_fail") {
                let folder = Folder::new();
                let steps = ["bundle", "identity", "inclusion", "signature", "entry"];
                folder.all_agree(&mut verify_case(&folder, &suite, &case), &steps);
                count += 1;
            }
        }
        assert!(count > 3, "{}", suite.display());
    }
}

/// `verify-blob` or its like of a bundle of the stack, by [`ALICE`].
fn by_alice(stack: &Stack, verb: &str, file: &Path, bundle: &Path) -> Command {
    let mut command = stack.siglite();
    command.arg(verb).arg(file).arg("--bundle").arg(bundle);
    command.args(["--certificate-identity", ALICE]);
    command.args(["--certificate-oidc-issuer", &stack.issuer()]);
    command
}

#[test]
fn every_line_about_a_bundle_of_ours_shows_what_it_says() {
    if Tool::OpenSsl.find().is_none() {
        return;
    }
    let (stack, folder) = (Stack::start(), Folder::new());
    let file = stack.file("artifact.txt", "recomputed\n");
    let bundle = stack.sign(&file);
    folder.all_agree(&mut by_alice(&stack, "verify-blob", &file, &bundle), &PERSON_V2);

    // A digest stands for the file.
    let digest = run(Command::new("sha256sum").arg(&file)).ok();
    let digest = format!("sha256:{}", digest.split(' ').next().unwrap());
    let mut command = by_alice(&stack, "verify-blob", Path::new(&digest), &bundle);
    folder.all_agree(&mut command, &PERSON_V2);

    // A log of v1 promises a time.
    let v1 = stack.home().join("v1.sigstore.json");
    let mut sign = stack.siglite();
    sign.arg("sign-blob").arg(&file).arg("--bundle").arg(&v1).arg("--yes");
    sign.args(["--identity-token", &stack.token(), "--signing-config"]);
    let _ = run(sign.arg(stack.client("signing_config_rekor_v1.json"))).ok();
    let mut command = by_alice(&stack, "verify-blob", &file, &v1);
    folder.all_agree(&mut command, &["inclusion", "set", "signature", "entry"]);

    let attested = stack.home().join("attested.sigstore.json");
    let predicate = stack.file("predicate.json", r#"{"scanned":"yes"}"#);
    let mut attest = stack.siglite();
    attest.arg("attest-blob").arg(&file).arg("--predicate").arg(predicate);
    attest.args(["--type", "custom", "--yes", "--identity-token", &stack.token(), "--bundle"]);
    let _ = run(attest.arg(&attested)).ok();
    let mut command = by_alice(&stack, "verify-blob-attestation", &file, &attested);
    folder.all_agree(command.args(["--type", "custom"]), &PERSON_V2);
}

#[test]
fn every_line_about_a_bundle_of_a_key_shows_what_it_says() {
    if Tool::OpenSsl.find().is_none() {
        return;
    }
    let (stack, folder) = (Stack::start(), Folder::new());
    let file = stack.file("artifact.txt", "by a key\n");
    let at = |name: &str| stack.home().join(name);
    let mut make = stack.siglite();
    make.arg("generate-key-pair").current_dir(stack.home()).env("COSIGN_PASSWORD", "a");
    let _ = run(&mut make).ok();
    let mut sign = stack.siglite();
    sign.arg("sign-blob").arg(&file).arg("--key").arg(at("cosign.key")).arg("--bundle");
    let _ = run(sign.arg(at("key.sigstore.json")).arg("--yes").env("COSIGN_PASSWORD", "a")).ok();
    let mut verify = stack.siglite();
    verify.arg("verify-blob").arg(&file).arg("--key").arg(at("cosign.pub")).arg("--bundle");
    verify.arg(at("key.sigstore.json"));
    folder.all_agree(&mut verify, &["bundle", "identity", "inclusion", "signature", "entry"]);
}

fn happy(name: &str) -> (PathBuf, PathBuf) {
    let suite = suites().remove(0);
    let case = suite.join("bundle-verify").join(name);
    (suite, case)
}

#[test]
fn a_flipped_bit_shows_where_it_is() {
    if Tool::OpenSsl.find().is_none() {
        return;
    }
    let folder = Folder::new();
    let (suite, case) = happy("rekor2-happy-path");
    let text = std::fs::read_to_string(case.join("bundle.sigstore.json")).unwrap();
    let changed = |pointer: &str| {
        let mut bundle: Value = serde_json::from_str(&text).unwrap();
        let place = bundle.pointer_mut(pointer).unwrap();
        let mut bytes = STANDARD.decode(place.as_str().unwrap()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        *place = Value::from(STANDARD.encode(bytes));
        let mut command = verify_case(&folder, &suite, &case);
        let bundle = folder.file("bundle.json", bundle.to_string().as_bytes());
        // The last one counts.
        let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
        let mut other = folder.siglite();
        let place = arguments.iter().position(|one| one == "--bundle").unwrap();
        other.args(&arguments[..=place]).arg(bundle).args(&arguments[place + 2..]);
        command = other;
        command
    };
    let entry = "/verificationMaterial/tlogEntries/0";
    let mut proof = changed(&format!("{entry}/inclusionProof/hashes/0"));
    folder.disagree(&mut proof, &[("inclusion", "the path to the root hash")]);
    let mut leaf = changed("/verificationMaterial/certificate/rawBytes");
    folder.disagree(
        &mut leaf,
        &[("chain", "the path to the trusted root"), ("chain", "the issuer signed")],
    );
    // The timestamp is over the signature, and so is the first to notice.
    let mut signature = changed("/messageSignature/signature");
    folder.disagree(
        &mut signature,
        &[("times", "the imprint"), ("times", "the authority signed it")],
    );

    let other = folder.file("artifact", b"another file\n");
    let mut command = folder.siglite();
    let original = verify_case(&folder, &suite, &case);
    let arguments: Vec<_> = original.get_args().collect();
    command.arg(arguments[0]).arg(other).args(&arguments[2..]);
    folder.disagree(
        &mut command,
        &[("bundle", "the artifact's digest"), ("signature", "the signature")],
    );
}

#[test]
fn no_name_of_a_file_leaves_its_quotes() {
    if Tool::OpenSsl.find().is_none() {
        return;
    }
    let (suite, case) = happy("rekor2-happy-path");
    let artifact = std::fs::read(suite.join("a.txt")).unwrap();
    for name in ["it's $(touch ran) `touch ran`; touch ran #", "two\nlines'\ntouch ran\n"] {
        let folder = Folder::new();
        let file = folder.file(name, &artifact);
        let original = verify_case(&folder, &suite, &case);
        let arguments: Vec<_> = original.get_args().collect();
        let mut command = folder.siglite();
        command.arg(arguments[0]).arg(file).args(&arguments[2..]);
        folder.all_agree(&mut command, &["signature"]);
        assert!(!folder.0.path().join("ran").exists(), "{name}");
    }
}

/// What a person copies may be more than they meant to.
#[test]
fn what_is_printed_is_a_script_as_a_whole() {
    if Tool::OpenSsl.find().is_none() {
        return;
    }
    let folder = Folder::new();
    let (suite, case) = happy("rekor2-dsse-happy-path");
    let printed = run(verify_case(&folder, &suite, &case).arg("--explain=full")).ok();
    let script = &printed[printed.find("# recompute").unwrap()..];
    let ran = folder.sh(script);
    let mut shown = ran.stdout.lines();
    let mut count = 0;
    for line in script.lines() {
        if let Some(expected) = line.strip_prefix("# expect: ") {
            assert!(shown.any(|line| line == expected), "{expected}: {ran}");
            count += 1;
        }
    }
    assert!(count > 15, "{count}");
}
