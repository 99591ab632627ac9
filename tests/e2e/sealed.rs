//! `--sealed`: nobody is asked, nobody could be, and what was believed is said.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lite_tests::{ALICE, Ran, Stack, Tool, binary, clean, run};
use sha2::{Digest as _, Sha256};

use crate::conformance::{cases, wrong};

/// The ways to a socket that strace does not count to its network class.
const MORE_WAYS: &str = "io_uring_setup,io_uring_enter,pidfd_getfd";

/// Runs `command` under strace; what it did, and the calls in their order.
fn traced(strace: &Path, trace: &Path, command: &Command, home: &Path) -> (Ran, String) {
    let mut outer = clean(strace, home);
    let calls = format!("trace=%network,{MORE_WAYS},seccomp,openat,open");
    outer.args(["-f", "-qq", "-e", "signal=none", "-e", &calls, "-o"]).arg(trace);
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        outer.env(name, value.unwrap_or_default());
    }
    let ran = run(&mut outer);
    (ran, std::fs::read_to_string(trace).unwrap())
}

/// What is wrong with the calls of a sealed run that read these files, if anything is.
fn unsealed(trace: &str, read: &[&Path]) -> Option<String> {
    // A trace's line begins with the number of a process.
    let call =
        |line: &str| line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').to_owned();
    let calls: Vec<String> = trace.lines().map(call).collect();
    let opens = |line: &String| line.starts_with("open");
    let network: Vec<&String> =
        calls.iter().filter(|line| !opens(line) && !line.starts_with("seccomp(")).collect();
    if !network.is_empty() {
        return Some(format!("calls that have to do with sockets: {network:?}"));
    }
    let sealed =
        calls.iter().rposition(|line| line.starts_with("seccomp(") && line.ends_with("= 0"));
    let Some(sealed) = sealed else { return Some("there is no filter".to_owned()) };
    let early = |path: &&&Path| {
        let name = format!("\"{}\"", path.display());
        calls[..sealed].iter().any(|line| opens(line) && line.contains(&name))
    };
    read.iter().find(early).map(|path| format!("{} was read unsealed", path.display()))
}

#[test]
fn a_run_that_is_not_sealed_is_recognised() {
    let file = Path::new("/b");
    let seal = "7 seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, {}) = 0\n";
    let refused =
        "7 socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = -1 EPERM (not permitted)\n";
    let open = "7 openat(AT_FDCWD, \"/b\", O_RDONLY) = 3\n";
    assert_eq!(unsealed(&[seal, open].concat(), &[file]), None);
    for (wrong, word) in [
        ([seal, refused, open].concat(), "to do with sockets"),
        ([refused, seal, open].concat(), "to do with sockets"),
        (open.to_owned(), "no filter"),
        ([open, seal].concat(), "read unsealed"),
    ] {
        let said = unsealed(&wrong, &[file]).unwrap();
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn no_case_of_the_suite_opens_a_socket() {
    let Some(strace) = Tool::Strace.find() else { return };
    let home = tempfile::tempdir().unwrap();
    let mut mistakes = Vec::new();
    for case in cases() {
        for artifact in case.artifacts() {
            let mut arguments = case.arguments(&artifact);
            arguments.insert(1, "--sealed".to_owned());
            let mut command = clean(&binary("siglite"), home.path());
            let (variable, root) = case.environment();
            command.args(&arguments).env(variable, &root);
            let (ran, trace) = traced(&strace, &home.path().join("trace"), &command, home.path());
            mistakes.extend(wrong(&case, &ran));
            let read: Vec<&Path> = arguments.iter().map(Path::new).chain([&*root]).collect();
            mistakes.extend(unsealed(&trace, &read).map(|why| format!("{}: {why}", case.name)));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

/// Everything that a person may verify from files, signed by one stack.
struct Matrix {
    stack: Stack,
    file: PathBuf,
    other: PathBuf,
    image: PathBuf,
}

impl Matrix {
    fn new() -> Self {
        let stack = Stack::start();
        let file = stack.file("a.txt", "verified by files alone\n");
        let other = stack.file("b.txt", "another\n");
        let _ = stack.file("predicate.json", "{\"builder\":\"a\"}");
        let image = format!("{}/app:1", stack.url().trim_start_matches("http://"));
        let matrix = Self { image: stack.home().join("saved"), stack, file, other };
        let token = matrix.stack.token();
        let signer = ["--identity-token", &token];
        let named = |bundle: &str| matrix.path(bundle).display().to_string();
        let file = matrix.file.display().to_string();
        for (line, bundle) in [
            (vec!["sign-blob", &file, "--rekor-version", "2"], "v2"),
            (vec!["sign-blob", &file, "--rekor-version", "1"], "v1"),
            (vec!["attest-blob", &file, "--predicate", "predicate.json"], "dsse"),
        ] {
            matrix.done(&[&line[..], &signer[..], &["--bundle", &named(bundle)]].concat());
        }
        matrix.done(&["generate-key-pair"]);
        matrix.done(&["sign-blob", &file, "--key", "cosign.key", "--bundle", &named("key")]);
        matrix.done(&["image", "make", &image, "--message", "sealed"]);
        matrix.done(&[&["sign", &image][..], &signer[..]].concat());
        let predicate = ["--predicate", "predicate.json"];
        matrix.done(&[&["attest", &image][..], &predicate[..], &signer[..]].concat());
        matrix.done(&["save", &image, "--dir", "saved"]);
        matrix
    }

    fn path(&self, name: &str) -> PathBuf {
        self.stack.home().join(name)
    }

    fn siglite(&self) -> Command {
        let mut command = self.stack.siglite();
        command.env("COSIGN_PASSWORD", "pw");
        command
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) {
        let _ = run(self.siglite().args(arguments)).ok();
    }

    /// The verb, what it verifies, and whether it holds.
    fn lines(&self) -> Vec<(Vec<String>, bool)> {
        let identity = ["--certificate-identity", ALICE, "--certificate-oidc-issuer"];
        let identity: Vec<String> =
            identity.into_iter().map(str::to_owned).chain([self.stack.issuer()]).collect();
        let key = ["--key".to_owned(), self.path("cosign.pub").display().to_string()].to_vec();
        let [file, other, image] =
            [&self.file, &self.other, &self.image].map(|path| path.display().to_string());
        let local = vec!["--local-image".to_owned()];
        let bundle =
            |name: &str| vec!["--bundle".to_owned(), self.path(name).display().to_string()];
        let cases = [
            ("verify-blob", &file, bundle("v2"), &identity, true),
            ("verify-blob", &other, bundle("v2"), &identity, false),
            ("verify-blob", &file, bundle("v1"), &identity, true),
            ("verify-blob", &other, bundle("v1"), &identity, false),
            ("verify-blob", &file, bundle("key"), &key, true),
            ("verify-blob", &other, bundle("key"), &key, false),
            ("verify-blob", &file, bundle("gone"), &identity, false),
            ("verify-blob-attestation", &file, bundle("dsse"), &identity, true),
            ("verify-blob-attestation", &other, bundle("dsse"), &identity, false),
            ("verify", &image, local.clone(), &identity, true),
            ("verify", &image, local.clone(), &key, false),
            ("verify-attestation", &image, local.clone(), &identity, true),
            ("verify-attestation", &image, local, &key, false),
        ];
        let line = |verb: &str, what: &str, how: &[String], who: &[String]| {
            let head = [verb.to_owned(), "--sealed".to_owned(), what.to_owned()];
            [&head[..], how, who].concat()
        };
        cases.map(|(verb, what, how, who, holds)| (line(verb, what, &how, who), holds)).into()
    }
}

#[test]
fn nothing_that_is_verified_from_files_opens_a_socket() {
    let Some(strace) = Tool::Strace.find() else { return };
    let matrix = Matrix::new();
    let home = matrix.stack.home();
    let root = matrix.stack.client("trusted_root.json");
    for (line, holds) in matrix.lines() {
        let mut command = matrix.siglite();
        let (ran, trace) = traced(&strace, &home.join("trace"), command.args(&line), home);
        assert_eq!(ran.code == Some(0), holds, "{ran}");
        let read: Vec<&Path> = line.iter().map(Path::new).chain([&*root]).collect();
        assert_eq!(unsealed(&trace, &read), None, "{line:?}\n{trace}");
        // What was believed is said of a refusal, too; not where there was nothing to judge.
        let sha256 = hex::encode(Sha256::digest(std::fs::read(&root).unwrap()));
        let judged = !line.iter().any(|word| word.ends_with("/gone"));
        assert_eq!(ran.stderr.contains(&sha256), judged, "{ran}");
    }
}

#[test]
fn a_sealed_run_says_what_it_trusted_and_how_old_that_is() {
    let stack = Stack::start();
    let file = stack.file("a.txt", "said\n");
    let bundle = stack.sign(&file);
    let root = stack.client("trusted_root.json");
    let verify = |more: &[&str]| {
        let mut command = stack.siglite();
        command.args(["verify-blob", "--sealed"]).arg(&file).arg("--bundle").arg(&bundle);
        command.args(["--certificate-identity", ALICE]);
        run(command.args(["--certificate-oidc-issuer", &stack.issuer()]).args(more))
    };
    let said = verify(&["--output", "json"]).ok();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let sealed = &said["sealed"];
    assert_eq!(sealed["seccomp"], true);
    assert_eq!(sealed["sockets"], "refused");
    let trusted = &sealed["trustedRoot"];
    assert_eq!(trusted["path"], root.display().to_string());
    let bytes = std::fs::read(&root).unwrap();
    assert_eq!(trusted["sha256"], hex::encode(Sha256::digest(&bytes)));
    assert!(trusted["ageSeconds"].as_u64().unwrap() < 3600, "{trusted}");
    assert_eq!(trusted["tuf"]["expired"], false, "{trusted}");
    let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    for (held, kept) in [
        ("certificateAuthorities", "certificateAuthorities"),
        ("transparencyLogs", "tlogs"),
        ("ctLogs", "ctlogs"),
        ("timestampAuthorities", "timestampAuthorities"),
    ] {
        let count = |list: &serde_json::Value| list.as_array().map(Vec::len);
        assert_eq!(count(&trusted["holds"][held]), count(&document[kept]), "{held}");
    }
    // A root that a person names has no metadata beside it that speaks of it.
    let named = verify(&["--trusted-root", root.to_str().unwrap()]);
    assert!(named.stderr.contains("Sealed by seccomp"), "{named}");
    assert!(!named.stderr.contains("TUF root"), "{named}");
    // Unsealed, nothing of this is said.
    let mut plain = stack.siglite();
    plain.arg("verify-blob").arg(&file).arg("--bundle").arg(&bundle);
    plain.args(["--certificate-identity", ALICE, "--output", "json"]);
    let plain = run(plain.args(["--certificate-oidc-issuer", &stack.issuer()])).ok();
    assert!(!plain.contains("sealed"), "{plain}");
}

#[test]
fn an_image_in_a_registry_is_refused_with_the_way_out() {
    let home = tempfile::tempdir().unwrap();
    for verb in ["verify", "verify-attestation"] {
        let mut command = clean(&binary("siglite"), home.path());
        let ran = run(command.args([verb, "--sealed", "--key", "k.pub", "localhost:1/app:1"]));
        assert_eq!(ran.code, Some(2), "{ran}");
        assert!(ran.stderr.contains("--local-image"), "{ran}");
    }
}

#[test]
fn a_verified_statement_is_written_through_the_seal() {
    let stack = Stack::start();
    let file = stack.file("a.txt", "said something about\n");
    let _ = stack.file("predicate.json", "{}");
    let token = stack.token();
    let mut attest = stack.siglite();
    attest.args(["attest-blob", "a.txt", "--predicate", "predicate.json", "--bundle", "b"]);
    let _ = run(attest.args(["--identity-token", &token])).ok();
    let mut verify = stack.siglite();
    verify.args(["verify-blob-attestation", "--sealed", "--bundle", "b", "--statement-out", "s"]);
    verify.args(["--certificate-identity", ALICE, "--certificate-oidc-issuer"]);
    let _ = run(verify.arg(stack.issuer()).arg(&file)).ok();
    let statement = std::fs::read_to_string(stack.home().join("s")).unwrap();
    assert!(statement.contains("in-toto.io/Statement"), "{statement}");
}

#[test]
fn a_kernel_without_the_means_is_refused_or_named() {
    let Some(strace) = Tool::Strace.find() else { return };
    let home = tempfile::tempdir().unwrap();
    let verify = |refused: &str| {
        let trace = home.path().join("trace");
        let mut command = clean(&strace, home.path());
        let inject = format!("inject={refused}:error=ENOSYS");
        let calls = format!("trace=openat,{refused}");
        command.args(["-qq", "-e", &calls, "-e", &inject, "-o"]).arg(&trace);
        command.arg(binary("siglite")).args(["verify-blob", "--sealed", "--key", "env://KEY"]);
        command.args(["--insecure-ignore-tlog", "--bundle", "there-is-none", "a.txt"]);
        let ran = run(command.env("KEY", KEY));
        (ran, std::fs::read_to_string(&trace).unwrap().contains("there-is-none"))
    };
    // Without seccomp there is no seal, and nothing is read.
    let (ran, read) = verify("seccomp");
    assert_eq!((ran.code, read), (Some(2), false), "{ran}");
    assert!(ran.stderr.contains("cannot be sealed"), "{ran}");
    // Without Landlock there is one.
    let (ran, read) = verify("landlock_create_ruleset");
    assert!(read && ran.stderr.contains("cannot read there-is-none"), "{ran}");
}

#[test]
fn the_kernel_says_that_a_waiting_run_is_sealed() {
    let home = tempfile::tempdir().unwrap();
    let mut waiting = clean(&binary("siglite"), home.path());
    waiting.args(["verify-blob", "--sealed", "--key", "env://KEY", "--bundle", "-", "a.txt"]);
    waiting.env("KEY", KEY);
    // Its standard input does not end, so it waits there, sealed.
    let mut child = waiting.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let sealed = || {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        text.contains("Seccomp:\t2") && text.contains("NoNewPrivs:\t1")
    };
    while !sealed() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was sealed");
        std::thread::yield_now();
    }
    drop(child.stdin.take());
    // This home has no instance, and so nothing to trust.
    assert_eq!(child.wait().unwrap().code(), Some(4));
}

/// A P-256 key that signed nothing.
const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
";
