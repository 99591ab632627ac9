//! An instance, and what siglite itself has signed there for others to judge.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lite_tests::{PASSWORD, Stack, run};

use super::desk::Desk;

/// An instance with everything on.
#[derive(Debug)]
pub(super) struct Site {
    stack: Stack,
    /// The same once more, with TLS.
    secure: OnceLock<Box<Site>>,
    /// What everybody signs.
    pub(super) file: PathBuf,
    /// siglite's bundle of it.
    pub(super) bundle: PathBuf,
    /// The same, logged by the log's first API.
    pub(super) bundle_1: PathBuf,
    /// siglite's attestation about it.
    pub(super) attestation: PathBuf,
    /// The same, logged by the log's first API.
    pub(super) attestation_1: PathBuf,
    /// What an attestation says.
    pub(super) predicate: PathBuf,
    /// The same as an in-toto statement about the file.
    pub(super) statement: PathBuf,
    /// An image that siglite has signed and attested.
    pub(super) image: String,
    /// An image that siglite has signed in both formats, logged by the log's first API.
    pub(super) image_1: String,
}

impl Site {
    /// Starts it, and signs.
    #[track_caller]
    pub(super) fn open() -> Self {
        Self::of(Stack::start())
    }

    /// A second instance, with an authority of its own for TLS: for who speaks nothing else.
    #[track_caller]
    pub(super) fn secure(&self) -> &Self {
        self.secure.get_or_init(|| {
            let stack = Stack::builder().argument("--tls").argument("self");
            Box::new(Self::of(stack.start()))
        })
    }

    #[track_caller]
    fn of(stack: Stack) -> Self {
        let file = stack.file("artifact.txt", "what every client signs\n");
        let predicate = stack.file("predicate.json", r#"{"scanned":"yes"}"#);
        let site = Self {
            bundle: stack.home().join("siglite.sigstore.json"),
            bundle_1: stack.home().join("siglite-1.sigstore.json"),
            attestation: stack.home().join("siglite.att.json"),
            attestation_1: stack.home().join("siglite-1.att.json"),
            statement: stack.file("statement.json", &statement(&file)),
            image: image(&stack, "siglite"),
            image_1: image(&stack, "siglite-1"),
            file,
            predicate,
            stack,
            secure: OnceLock::new(),
        };
        site.sign();
        site
    }

    /// What siglite itself signs: a file, a statement about it, an image, a statement about that.
    #[track_caller]
    fn sign(&self) {
        let word = |path: &Path| path.to_str().expect("a path of ours").to_owned();
        let [file, predicate] = [&self.file, &self.predicate].map(|path| word(path));
        let attested = ["--type", "custom", "--predicate", &predicate];
        for (log, bundle, attestation) in
            [("2", &self.bundle, &self.attestation), ("1", &self.bundle_1, &self.attestation_1)]
        {
            let [bundle, attestation] = [bundle, attestation].map(|path| word(path));
            let log = ["--rekor-version", log];
            let sign = ["sign-blob", &file, "--bundle", &bundle];
            self.siglite(&[&sign[..], &log].concat());
            let attest = ["attest-blob", &file, "--bundle", &attestation];
            self.siglite(&[&attest[..], &attested, &log].concat());
        }
        self.siglite(&["sign", &self.image]);
        self.siglite(&[["attest", self.image.as_str()].as_slice(), &attested].concat());
        self.siglite(&["sign", "--format", "both", "--rekor-version", "1", &self.image_1]);
    }

    #[track_caller]
    fn siglite(&self, arguments: &[&str]) {
        let mut command = self.stack.siglite();
        command.args(arguments).args(["--yes", "--identity-token", &self.stack.token()]);
        let _ = run(&mut command).ok();
    }

    /// An image of its own for a client to sign.
    #[track_caller]
    pub(super) fn image_for(&self, client: &str) -> String {
        image(&self.stack, client)
    }

    /// A desk for somebody who works with one client, of `siglite env --for` this name.
    #[track_caller]
    pub(super) fn desk(&self, name: &str, client: &str, programs: &[(&str, &Path)]) -> Desk<'_> {
        Desk::new(self, name, client, programs)
    }

    /// The instance.
    pub(super) const fn stack(&self) -> &Stack {
        &self.stack
    }
}

/// Makes an image with nothing attached; returns its name.
#[track_caller]
fn image(stack: &Stack, name: &str) -> String {
    let registry = stack.url().split("://").last().expect("a URL");
    let image = format!("{registry}/{name}:1");
    let mut command = stack.siglite();
    command.args(["image", "make", &image, "--message", name]).env("SIGLITE_PASSWORD", PASSWORD);
    let _ = run(&mut command).ok();
    image
}

fn statement(file: &Path) -> String {
    use sha2::{Digest, Sha256};
    let digest = hex::encode(Sha256::digest(std::fs::read(file).expect("a file of ours")));
    serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "artifact.txt", "digest": { "sha256": digest } }],
        "predicateType": "https://cosign.sigstore.dev/attestation/v1",
        "predicate": { "scanned": "yes" },
    })
    .to_string()
}
