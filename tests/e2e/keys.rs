//! Keys in files are cosign's: what it makes we open, what we make it opens, and what one signs
//! with a key the other verifies.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lite_tests::{Ran, Stack, Tool, binary, clean, run};

const PASSWORD: &str = "correct horse";

/// A folder for the files of a test that needs no stack.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own file need not survive a crash")]
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// A command with the keys' password in its environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = clean(program, self.0.path());
        command.env("COSIGN_PASSWORD", PASSWORD);
        command
    }

    pub(crate) fn siglite(&self) -> Command {
        self.command(&binary("siglite"))
    }
}

/// Both generations of cosign, as far as this machine has them.
fn cosigns() -> Vec<PathBuf> {
    [Tool::Cosign, Tool::Cosign2].into_iter().filter_map(Tool::find).collect()
}

#[track_caller]
pub(crate) fn ok(command: &mut Command, args: &[&str]) -> Ran {
    let ran = run(command.args(args));
    assert_eq!(ran.code, Some(0), "{ran}");
    ran
}

#[test]
fn a_key_pair_is_two_files_and_the_private_one_is_its_owners() {
    let folder = Folder::new();
    let made = ok(&mut folder.siglite(), &["generate-key-pair"]);
    assert!(made.stderr.contains("Private key written to cosign.key"), "{made}");
    assert!(made.stderr.contains("Public key written to cosign.pub"), "{made}");
    let bits = |name| std::fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((bits("cosign.key"), bits("cosign.pub")), (0o600, 0o644));

    let before = std::fs::read(folder.path("cosign.key")).unwrap();
    let refused = run(folder.siglite().arg("generate-key-pair")).refused();
    assert!(refused.contains("already exists"), "{refused}");
    assert_eq!(std::fs::read(folder.path("cosign.key")).unwrap(), before);
    ok(&mut folder.siglite(), &["generate-key-pair", "-y"]);
    assert_ne!(std::fs::read(folder.path("cosign.key")).unwrap(), before);
}

#[test]
fn cosign_opens_our_keys_and_we_open_cosigns() {
    for cosign in cosigns() {
        let folder = Folder::new();
        ok(&mut folder.siglite(), &["generate-key-pair", "--output-key-prefix", "ours"]);
        ok(&mut folder.command(&cosign), &["generate-key-pair", "--output-key-prefix", "theirs"]);
        for key in ["ours", "theirs"] {
            let public = std::fs::read_to_string(folder.path(&format!("{key}.pub"))).unwrap();
            let private = format!("{key}.key");
            for program in [&binary("siglite"), &cosign] {
                let said = ok(&mut folder.command(program), &["public-key", "--key", &private]);
                assert_eq!(said.stdout.trim(), public.trim(), "{said}");
                let mut other = folder.command(program);
                other.env("COSIGN_PASSWORD", "another");
                let _ = run(other.args(["public-key", "--key", &private])).refused();
            }
        }
    }
}

#[test]
fn a_key_of_openssls_is_imported_for_both() {
    let (Some(openssl), folder) = (Tool::OpenSsl.find(), Folder::new()) else { return };
    let kinds: [&[&str]; 3] = [
        &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["genpkey", "-algorithm", "ED25519"],
        &["genrsa", "-traditional", "2048"],
    ];
    for (index, kind) in kinds.into_iter().enumerate() {
        let (pem, prefix) = (format!("{index}.pem"), format!("imported{index}"));
        // The size is the last argument of genrsa.
        ok(folder.command(&openssl).args([kind[0], "-out", &pem]), &kind[1..]);
        ok(&mut folder.siglite(), &["import-key-pair", "--key", &pem, "-o", &prefix]);
        let expected = ok(&mut folder.command(&openssl), &["pkey", "-pubout", "-in", &pem]).stdout;
        let key = format!("{prefix}.key");
        for program in cosigns().iter().chain([&binary("siglite")]) {
            let said = ok(&mut folder.command(program), &["public-key", "--key", &key]);
            assert_eq!(said.stdout.trim(), expected.trim(), "{said}");
        }
    }
}

/// The whole of a lab without a server: a key, a file, a signature, a verdict.
#[test]
fn a_signature_without_a_log_needs_no_instance_and_cosign_takes_it() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "hello");
    let file = file.to_str().unwrap();
    ok(&mut folder.siglite(), &["generate-key-pair"]);
    let unlogged = ["sign-blob", "--key", "cosign.key", "--tlog-upload=false", file];
    let signed = ok(&mut folder.siglite(), &unlogged);
    assert!(signed.stderr.contains("warning: no log will know"), "{signed}");
    let verify = ["verify-blob", file, "--key", "cosign.pub"];

    let refused = run(folder.siglite().args(verify)).refused();
    assert!(refused.contains("no instance is known"), "{refused}");
    let mut weaker = folder.siglite();
    let accepted = ok(weaker.args(verify), &["--insecure-ignore-tlog"]);
    assert!(accepted.stderr.contains("warning: --insecure-ignore-tlog"), "{accepted}");
    let mut changed = folder.siglite();
    let other = folder.file("b.txt", "HELLO");
    changed.args(["verify-blob", other.to_str().unwrap(), "--key", "cosign.pub"]);
    let bundle = format!("{file}.sigstore.json");
    let _ = run(changed.args(["--insecure-ignore-tlog", "--bundle", &bundle])).refused();

    if let Some(cosign) = Tool::Cosign.find() {
        let mut command = folder.command(&cosign);
        command.args(["verify-blob", file, "--key", "cosign.pub", "--bundle", &bundle]);
        ok(&mut command, &["--insecure-ignore-tlog"]);
    }
}

#[test]
fn a_logged_signature_with_a_key_verifies_in_both_directions() {
    let Some(cosign) = Tool::Cosign.find() else { return };
    let stack = Stack::start();
    let file = stack.file("a.txt", "hello");
    let with_password = |mut command: Command| {
        command.env("COSIGN_PASSWORD", PASSWORD);
        command
    };
    let siglite = || with_password(stack.siglite());
    let cosign = || with_password(stack.command(&cosign));
    ok(&mut cosign(), &["generate-key-pair"]);
    let root = stack.client("trusted_root.json");
    let config = stack.client("signing_config.json");

    let mut sign = siglite();
    sign.args(["sign-blob", "--key", "cosign.key", "--bundle", "ours"]).arg(&file);
    ok(&mut sign, &[]);
    let mut sign = cosign();
    sign.args(["sign-blob", "--key", "cosign.key", "--bundle", "theirs", "-y"]).arg(&file);
    sign.arg("--signing-config").arg(&config).arg("--trusted-root").arg(&root);
    ok(&mut sign, &[]);
    for bundle in ["ours", "theirs"] {
        for mut verify in [siglite(), cosign()] {
            verify.args(["verify-blob", "--key", "cosign.pub", "--bundle", bundle]).arg(&file);
            ok(verify.arg("--trusted-root").arg(&root), &[]);
        }
    }

    // A key from the environment, as pipelines have it.
    let pem = |name: &str| std::fs::read_to_string(stack.home().join(name)).unwrap();
    let mut sign = siglite();
    sign.env("SIGNER", pem("cosign.key")).args(["sign-blob", "--key", "env://SIGNER"]);
    ok(sign.arg(&file), &["--bundle", "from-env"]);
    let mut verify = siglite();
    verify.env("VERIFIER", pem("cosign.pub")).args(["verify-blob", "--key", "env://VERIFIER"]);
    ok(verify.arg(&file), &["--bundle", "from-env"]);

    // The private key by mistake: the sentence says what to do.
    let mut verify = siglite();
    verify.args(["verify-blob", "--key", "cosign.key", "--bundle", "ours"]);
    let refused = run(verify.arg(&file)).refused();
    assert!(refused.contains("siglite public-key --key cosign.key"), "{refused}");
    let mut sign = siglite();
    sign.env("COSIGN_PASSWORD", "another").args(["sign-blob", "--key", "cosign.key"]);
    let refused = run(sign.arg(&file)).refused();
    assert!(refused.contains("the password does not open cosign.key"), "{refused}");
}
