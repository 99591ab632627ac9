//! Every case of the conformance suite, by path and by digest, with the word of every refusal.

use std::collections::BTreeMap;

use lite_keys::{HashAlgorithm, KeyError};
use lite_verifier::{Artifact, Reason};

use crate::cases::{Word, cases, suites};

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
