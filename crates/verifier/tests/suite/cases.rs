//! The cases: a folder each, the suffix of its name is the verdict.

use std::path::{Path, PathBuf};

use lite_bundle::trust::TrustedRoot;
use lite_bundle::{Bundle, Signer};
use lite_keys::{KeyError, PublicKey};
use lite_verifier::{Artifact, Identity, Policy, Reason, Trust, Verifier};

use crate::stack::{ARTIFACT, Hand, ISSUER, NOW, SIGNER, Stack};

pub(crate) const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
pub(crate) const BEACON_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Where cases are: our own stack's, and of the conformance suite all or the few that live with us.
pub(crate) fn suites() -> Vec<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let whole = std::env::var_os("SIGLITE_CONFORMANCE_DIR")
        .map_or_else(|| manifest.join("../../../shared/conformance"), PathBuf::from);
    let mut suites = vec![manifest.join("tests/vectors/own"), manifest.join("tests/vectors")];
    if whole.join("bundle-verify").is_dir() {
        suites.push(whole);
    } else {
        println!("skipped: the conformance suite is not at {}", whole.display());
    }
    suites
}

/// One folder of the suite.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bundle: Vec<u8>,
    pub(crate) artifact: Vec<u8>,
    pub(crate) root: Vec<u8>,
    pub(crate) key: Option<String>,
    pub(crate) identity: String,
    pub(crate) issuer: String,
}

impl Case {
    fn read(suite: &Path, folder: &Path) -> Self {
        let own = |name: &str| std::fs::read(folder.join(name)).ok();
        let shared = |name: &str| std::fs::read(suite.join(name)).ok();
        let trim = |text: Vec<u8>| String::from_utf8(text).unwrap().trim().to_owned();
        let text = |name: &str| own(name).or_else(|| shared(name)).map(trim);
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            bundle: own("bundle.sigstore.json").unwrap(),
            artifact: own("artifact").or_else(|| shared("a.txt")).unwrap(),
            root: own("trusted_root.json")
                .or_else(|| shared("trusted_root.json"))
                .or_else(|| shared("public-good-trusted_root.json"))
                .unwrap(),
            key: own("key.pub").map(trim),
            identity: text("identity").unwrap_or_else(|| BEACON.to_owned()),
            issuer: text("issuer").unwrap_or_else(|| BEACON_ISSUER.to_owned()),
        }
    }

    /// As the suite's protocol asks: with `--key` where there is one, by identity otherwise.
    pub(crate) fn policy(&self) -> Result<Policy, KeyError> {
        match &self.key {
            Some(pem) => PublicKey::from_pem(pem).map(Policy::key),
            None => Ok(Policy::identity(Identity::exact(&self.identity, &self.issuer))),
        }
    }

    /// What the test stack makes, as a case.
    pub(crate) fn of_stack(name: &str, stack: &Stack, bundle: &Bundle, hand: &Hand) -> Self {
        let managed = matches!(bundle.signer, Signer::PublicKey { .. });
        Self {
            name: name.to_owned(),
            bundle: bundle.to_json().into_bytes(),
            artifact: ARTIFACT.to_vec(),
            root: stack.root().to_json().into_bytes(),
            key: managed.then(|| hand.key.public().to_pem()),
            identity: SIGNER.to_owned(),
            issuer: ISSUER.to_owned(),
        }
    }

    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::new(Trust::new(&TrustedRoot::parse(&self.root).unwrap()))
    }

    /// The word of the refusal, and the trace.
    pub(crate) fn verify(&self, artifact: &Artifact<'_>) -> (Option<Word>, String) {
        let policy = match self.policy() {
            Ok(policy) => policy,
            Err(error) => return (Some(Word::Key(error)), String::new()),
        };
        let report = self.verifier().verify_json(&self.bundle, artifact, &policy);
        (report.refusal().map(|refusal| Word::Bundle(refusal.reason)), report.to_string())
    }
}

/// Why a case is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Word {
    Bundle(Reason),
    /// The key that the case hands us is none.
    Key(KeyError),
}

pub(crate) fn cases(suite: &Path) -> Vec<Case> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(suite.join("bundle-verify"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.iter().map(|folder| Case::read(suite, folder)).collect()
}

/// Cases of the test stack: what no stock client has signed for us, with everything at once.
pub(crate) fn made() -> Vec<Case> {
    use lite_bundle::MediaType;
    use lite_keys::KeyKind::{EcdsaP256, EcdsaP384, Ed25519};

    let stack = Stack::new();
    let mut all = Vec::new();
    let mut add = |name: &str, hand: &Hand, bundle: &Bundle| {
        all.push(Case::of_stack(name, &stack, bundle, hand));
    };
    for (name, kind) in [("P-384", EcdsaP384), ("Ed25519ph", Ed25519)] {
        let hand = stack.hand(kind);
        add(&format!("made message {name}"), &hand, &stack.message(&hand));
    }
    let hand = stack.hand(EcdsaP256);
    add("made intoto", &hand, &stack.v1(&hand, "intoto"));
    let hand = Hand::managed(Ed25519);
    add("made dsse by key", &hand, &stack.v1(&hand, "dsse"));
    // Two logs, two authorities, one of them with its certificate.
    let hand = stack.hand(EcdsaP256);
    let mut bundle = stack.message(&hand);
    bundle.entries.push(stack.v1_entry(&hand, &bundle.content));
    bundle.timestamps.push(stack.stamp_with(1, bundle.content.signature(), NOW, true));
    add("made with two of each", &hand, &bundle);
    // A chain with its intermediate.
    let hand = stack.hand(EcdsaP256);
    for (name, media_type) in [("v0.1", MediaType::V0_1), ("v0.2", MediaType::V0_2)] {
        let mut bundle = stack.v1(&hand, "hashedrekord");
        bundle.media_type = media_type;
        let leaf = hand.signer().leaf().unwrap_or_default().to_vec();
        bundle.signer = Signer::CertificateChain(vec![leaf, stack.ca_chain()[0].der().to_vec()]);
        add(&format!("made {name}"), &hand, &bundle);
    }
    all
}
