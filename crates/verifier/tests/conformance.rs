//! Every case of the conformance suite, by path and by digest, with the word of every refusal.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, which say what they skip"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lite_bundle::trust::TrustedRoot;
use lite_keys::{HashAlgorithm, KeyError, PublicKey};
use lite_verifier::{Artifact, Identity, Policy, Reason, Trust, Verifier};

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const BEACON_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Where the suite is: all of it, or the few cases that live with us.
fn suites() -> Vec<PathBuf> {
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
struct Case {
    name: String,
    bundle: Vec<u8>,
    artifact: Vec<u8>,
    root: Vec<u8>,
    key: Option<String>,
    identity: String,
    issuer: String,
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
    fn verify(&self, artifact: &Artifact<'_>) -> (Option<Word>, String) {
        let policy = match &self.key {
            Some(pem) => match PublicKey::from_pem(pem) {
                Ok(key) => Policy::key(key),
                Err(error) => return (Some(Word::Key(error)), String::new()),
            },
            None => Policy::identity(Identity::exact(&self.identity, &self.issuer)),
        };
        let report = Verifier::new(Trust::new(&TrustedRoot::parse(&self.root).unwrap()))
            .verify_json(&self.bundle, artifact, &policy);
        (report.refusal().map(|refusal| Word::Bundle(refusal.reason)), report.to_string())
    }
}

/// Why a case is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    Bundle(Reason),
    /// The key that the case hands us is none.
    Key(KeyError),
}

fn cases(suite: &Path) -> Vec<Case> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(suite.join("bundle-verify"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.iter().map(|folder| Case::read(suite, folder)).collect()
}

#[test]
fn every_case_has_its_verdict_and_every_refusal_its_word() {
    let expected: BTreeMap<&str, Word> = REFUSALS.iter().copied().collect();
    let mut wrong = Vec::new();
    for suite in suites() {
        let (mut passed, mut refused) = (0, 0);
        for case in cases(&suite) {
            let digest = HashAlgorithm::Sha256.digest(&case.artifact);
            let by_digest = format!("sha256:{}", hex::encode(digest));
            for artifact in
                [Artifact::of_bytes(&case.artifact), Artifact::parse_digest(&by_digest).unwrap()]
            {
                let (word, report) = case.verify(&artifact);
                if word == expected.get(case.name.as_str()).copied() {
                    *if word.is_none() { &mut passed } else { &mut refused } += 1;
                } else {
                    wrong.push(format!("{}: {word:?}\n{report}", case.name));
                }
            }
        }
        println!(
            "{}: {passed} accepted as they must be, {refused} refused as they must be",
            suite.display()
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_suffix_of_a_case_is_its_verdict() {
    for suite in suites() {
        for case in cases(&suite) {
            let listed = REFUSALS.iter().any(|(name, _)| *name == case.name);
            assert_eq!(listed, case.name.ends_with("_fail"), "{}", case.name);
        }
    }
}

const fn refused(reason: Reason) -> Word {
    Word::Bundle(reason)
}

/// The first cause of each refusal.
const REFUSALS: &[(&str, Word)] = &[
    ("bundle-empty-certificate-chain_fail", refused(Reason::BundleChainEmpty)),
    ("bundle-from-wrong-instance_fail", refused(Reason::CertificateAuthorityUnknown)),
    ("bundle-invalid-base64-signature_fail", refused(Reason::BundleMalformed)),
    ("bundle-malformed-json_fail", refused(Reason::BundleMalformed)),
    ("bundle-negative-log-index_fail", refused(Reason::BundleMalformed)),
    ("bundle-unknown-version_fail", refused(Reason::BundleVersionUnknown)),
    ("bundle-with-root-cert_fail", refused(Reason::ChainHoldsRoot)),
    ("checkpoint-bad-keyhint_fail", refused(Reason::CheckpointUnsigned)),
    ("checkpoint-wrong-roothash_fail", refused(Reason::CheckpointMismatch)),
    ("dsse-invalid-sig_fail", refused(Reason::SignatureInvalid)),
    ("dsse-mismatch-envelope_fail", refused(Reason::EntryPayloadMismatch)),
    ("dsse-mismatch-sig_fail", refused(Reason::EntrySignatureMismatch)),
    ("inclusion-proof-corrupted-hash_fail", refused(Reason::InclusionProofInvalid)),
    ("incorrect-public-key_fail", refused(Reason::InclusionProofInvalid)),
    ("integrated-time-in-future_fail", refused(Reason::TimeOutsideCertificate)),
    ("intoto-expired-certificate_fail", refused(Reason::ChainInvalid)),
    ("intoto-log-entry-mismatch_fail", refused(Reason::EntrySignatureMismatch)),
    ("intoto-missing-inclusion-proof_fail", refused(Reason::InclusionProofMissing)),
    ("intoto-set-outside-signing-cert-validity_fail", refused(Reason::TimeOutsideCertificate)),
    ("intoto-tsa-timestamp-outside-cert-validity_fail", refused(Reason::TimeOutsideCertificate)),
    ("invalid-checkpoint-signature_fail", refused(Reason::CheckpointSignature)),
    ("invalid-ct-key_fail", refused(Reason::SctLogUnknown)),
    ("invalid-inclusion-proof_fail", refused(Reason::InclusionProofInvalid)),
    ("managed-key-no-key_fail", refused(Reason::CertificateMissing)),
    ("managed-key-wrong-key_fail", Word::Key(KeyError::Pem)),
    ("message-digest-mismatch_fail", refused(Reason::MessageDigestMismatch)),
    ("rekor2-checkpoint-missing-log-signature_fail", refused(Reason::CheckpointUnsigned)),
    ("rekor2-checkpoint-missing-origin_fail", refused(Reason::CheckpointMalformed)),
    ("rekor2-checkpoint-missing-root-hash_fail", refused(Reason::CheckpointMalformed)),
    ("rekor2-checkpoint-missing-size_fail", refused(Reason::CheckpointMalformed)),
    ("rekor2-checkpoint-no-matching-signature_fail", refused(Reason::CheckpointOrigin)),
    ("rekor2-dsse-invalid-sig_fail", refused(Reason::SignatureInvalid)),
    ("rekor2-dsse-mismatch-envelope_fail", refused(Reason::EntryPayloadMismatch)),
    ("rekor2-dsse-mismatch-sig_fail", refused(Reason::EntrySignatureMismatch)),
    ("rekor2-no-inclusion-proof_fail", refused(Reason::InclusionProofMissing)),
    ("rekor2-no-timestamp_fail", refused(Reason::TimeMissing)),
    (
        "rekor2-timestamp-outside-trust-root-tsa-validity_fail",
        refused(Reason::TimestampAuthorityWindow),
    ),
    ("rekor2-timestamp-outside-tsa-cert-validity_fail", refused(Reason::TimestampChain)),
    ("rekor2-timestamp-payload-mismatch_fail", refused(Reason::TimestampImprint)),
    (
        "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail",
        refused(Reason::TimestampAuthorityUnknown),
    ),
    (
        "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail",
        refused(Reason::TimestampAuthorityUnknown),
    ),
    ("rekor2-timestamp-with-incorrect-time_fail", refused(Reason::TimeOutsideCertificate)),
    ("set-invalid-signature_fail", refused(Reason::SetSignature)),
    ("signature-mismatch_fail", refused(Reason::SignatureInvalid)),
    ("trust-root-tlog-missing-validity-start_fail", refused(Reason::LogWindowMissing)),
    ("wrong-hashedrekord-artifact_fail", refused(Reason::EntryArtifactMismatch)),
    ("wrong-hashedrekord-cert-and-sig_fail", refused(Reason::EntryVerifierMismatch)),
    ("wrong-hashedrekord-entry_fail", refused(Reason::EntryArtifactMismatch)),
    ("wrong-material_fail", refused(Reason::ArtifactMismatch)),
];
