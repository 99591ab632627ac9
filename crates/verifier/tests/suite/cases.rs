//! The cases: a folder each, the suffix of its name is the verdict.

use std::path::{Path, PathBuf};

use lite_bundle::trust::TrustedRoot;
use lite_keys::{KeyError, PublicKey};
use lite_verifier::{Artifact, Identity, Policy, Reason, Trust, Verifier};

pub(crate) const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
pub(crate) const BEACON_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Where the suite is: all of it, or the few cases that live with us.
pub(crate) fn suites() -> Vec<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let whole = std::env::var_os("SIGLITE_CONFORMANCE_DIR")
        .map_or_else(|| manifest.join("../../../shared/conformance"), PathBuf::from);
    let mut suites = vec![manifest.join("tests/vectors")];
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
        let text =
            |name: &str| own(name).map(|text| String::from_utf8(text).unwrap().trim().to_owned());
        let shared = |name: &str| std::fs::read(suite.join(name)).unwrap();
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            bundle: own("bundle.sigstore.json").unwrap(),
            artifact: own("artifact").unwrap_or_else(|| shared("a.txt")),
            root: own("trusted_root.json")
                .unwrap_or_else(|| shared("public-good-trusted_root.json")),
            key: text("key.pub"),
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
