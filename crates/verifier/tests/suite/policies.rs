//! Policies, kinds of keys, several entries and timestamps: what the suite has no case for.

use lite_bundle::trust::{TrustedRoot, ValidityWindow};
use lite_bundle::{Bundle, Content};
use lite_keys::{HashAlgorithm, KeyKind};
use lite_pki::FulcioExtension;
use lite_time::Time;
use lite_verifier::{
    Artifact, Identity, Matcher, Outcome, Policy, Reason, Report, Step, Trust, Verifier,
};

use crate::stack::{ARTIFACT, Hand, ISSUER, NOW, PREDICATE, REPOSITORY, SIGNER, Stack, me};

const KINDS: [KeyKind; 5] = [
    KeyKind::EcdsaP256,
    KeyKind::EcdsaP384,
    KeyKind::EcdsaP521,
    KeyKind::Ed25519,
    KeyKind::Rsa(2048),
];

fn verify(stack: &Stack, bundle: &Bundle, policy: &Policy) -> Report {
    // Through the wire, so that what we write is also what we judge.
    stack.verifier().verify_json(bundle.to_json().as_bytes(), &Artifact::of_bytes(ARTIFACT), policy)
}

#[track_caller]
fn accept(stack: &Stack, bundle: &Bundle, policy: &Policy) -> Report {
    let report = verify(stack, bundle, policy);
    assert!(report.is_accepted(), "{report}");
    report
}

#[track_caller]
fn refuse(stack: &Stack, bundle: &Bundle, policy: &Policy, reason: Reason) {
    let report = verify(stack, bundle, policy);
    assert_eq!(report.refusal().map(|refusal| refusal.reason), Some(reason), "{report}");
    assert!(report.verified().is_none());
}

#[test]
fn accepts_every_kind_of_key_with_a_certificate_and_without() {
    let stack = Stack::new();
    for kind in KINDS {
        let hand = stack.hand(kind);
        accept(&stack, &stack.message(&hand), &Policy::identity(me()));
        accept(&stack, &stack.attestation(&hand), &Policy::identity(me()));
        let hand = Hand::managed(kind);
        let policy = Policy::key(hand.key.public().clone());
        accept(&stack, &stack.message(&hand), &policy);
        accept(&stack, &stack.attestation(&hand), &policy);
    }
}

#[test]
fn a_digest_does_where_it_is_the_one_that_was_signed() {
    let stack = Stack::new();
    let policy = Policy::identity(me());
    for kind in KINDS {
        let hand = stack.hand(kind);
        let bundle = stack.message(&hand);
        let digest = |hash: HashAlgorithm| Artifact::of_digests([(hash, hash.digest(ARTIFACT))]);
        assert!(
            stack.verifier().verify(&bundle, &digest(hand.hash()), &policy).is_accepted(),
            "{kind}"
        );
        if hand.hash() != HashAlgorithm::Sha256 {
            let report = stack.verifier().verify(&bundle, &digest(HashAlgorithm::Sha256), &policy);
            let reason = report.refusal().map(|refusal| refusal.reason);
            assert_eq!(reason, Some(Reason::ArtifactDigestUnavailable), "{kind}");
        }
    }
    let report = stack.verifier().verify(
        &stack.message(&stack.hand(KeyKind::EcdsaP256)),
        &Artifact::of_digests([]),
        &policy,
    );
    assert_eq!(report.refusal().map(|refusal| refusal.reason), Some(Reason::ArtifactMissing));
}

#[test]
fn a_pure_ed25519_signature_needs_the_artifact_itself() {
    let stack = Stack::new();
    let hand = Hand::managed(KeyKind::Ed25519);
    let mut bundle = stack.message(&hand);
    let Content::Message(message) = &mut bundle.content else { unreachable!("it is a message") };
    message.signature = hand.key.sign(HashAlgorithm::Sha512, ARTIFACT).unwrap();
    bundle.entries.clear();
    bundle.timestamps.clear();
    let mut policy = Policy::key(hand.key.public().clone());
    refuse(&stack, &bundle, &policy, Reason::EntryMissing);
    policy.insecure.insecure_skip_log = true;
    accept(&stack, &bundle, &policy);
}

#[test]
fn a_v1_entry_is_a_time_and_a_log() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let mut bundle = stack.message(&hand);
    bundle.entries = vec![stack.v1_entry(&hand, &bundle.content)];
    bundle.timestamps.clear();
    let policy = Policy::identity(me());
    let report = accept(&stack, &bundle, &policy);
    assert_eq!(report.verified().unwrap().times[0].at, NOW);

    bundle.entries[0].log_index += 1;
    refuse(&stack, &bundle, &policy, Reason::SetSignature);
    bundle.entries[0].inclusion_promise = None;
    refuse(&stack, &bundle, &policy, Reason::TimeMissing);
}

#[test]
fn thresholds_count_distinct_logs_and_authorities() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let mut bundle = stack.message(&hand);
    let mut policy = Policy::identity(me());
    policy.min_logs = 2;
    refuse(&stack, &bundle, &policy, Reason::EntryMissing);
    bundle.entries.push(stack.v1_entry(&hand, &bundle.content));
    accept(&stack, &bundle, &policy);

    policy.min_times = Some(3);
    refuse(&stack, &bundle, &policy, Reason::TimeMissing);
    // The same authority again is another timestamp, and no other witness.
    let later = Time::from_secs(NOW.secs() + 1);
    bundle.timestamps.push(stack.stamp(0, bundle.content.signature(), later));
    refuse(&stack, &bundle, &policy, Reason::TimeMissing);
    bundle.timestamps.push(stack.stamp(1, bundle.content.signature(), later));
    let report = accept(&stack, &bundle, &policy);
    assert_eq!(report.verified().unwrap().times.len(), 4);

    policy.min_scts = 2;
    refuse(&stack, &bundle, &policy, Reason::SctMissing);
}

#[test]
fn a_threshold_of_zero_leaves_nothing_out() {
    let stack = Stack::new();
    let mut policy = Policy::identity(me());
    (policy.min_logs, policy.min_scts, policy.min_times) = (0, 0, Some(0));
    let mut bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    accept(&stack, &bundle, &policy);
    bundle.entries.clear();
    refuse(&stack, &bundle, &policy, Reason::EntryMissing);
    bundle.timestamps.clear();
    refuse(&stack, &bundle, &policy, Reason::TimeMissing);
}

#[test]
fn a_v2_log_may_have_an_ecdsa_key() {
    let stack = Stack::with_log_key(KeyKind::EcdsaP256);
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    accept(&stack, &bundle, &Policy::identity(me()));
}

#[test]
fn nothing_counts_twice() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let policy = Policy::identity(me());
    let mut bundle = stack.message(&hand);
    bundle.entries.push(bundle.entries[0].clone());
    refuse(&stack, &bundle, &policy, Reason::EntryDuplicate);
    let mut bundle = stack.message(&hand);
    bundle.timestamps.push(bundle.timestamps[0].clone());
    refuse(&stack, &bundle, &policy, Reason::TimestampDuplicate);
}

#[test]
fn one_bad_piece_of_evidence_refuses_all() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let policy = Policy::identity(me());
    let mut bundle = stack.message(&hand);
    bundle.timestamps.push(stack.stamp(1, b"another signature", NOW));
    refuse(&stack, &bundle, &policy, Reason::TimestampImprint);
    let mut bundle = stack.message(&hand);
    bundle.timestamps.push(stack.stamp(
        1,
        bundle.content.signature(),
        Time::from_secs(NOW.secs() + 601),
    ));
    refuse(&stack, &bundle, &policy, Reason::TimeOutsideCertificate);
    let mut bundle = stack.message(&hand);
    let other = stack.message(&stack.hand(KeyKind::EcdsaP256));
    bundle.entries[0] = other.entries[0].clone();
    refuse(&stack, &bundle, &policy, Reason::EntryVerifierMismatch);
}

#[test]
fn validity_includes_both_ends() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let policy = Policy::identity(me());
    let mut bundle = stack.message(&hand);
    for (offset, accepted) in [(0, true), (600, true), (601, false), (-1, false)] {
        let at = Time::from_secs(NOW.secs() + offset);
        bundle.timestamps = vec![stack.stamp(0, bundle.content.signature(), at)];
        assert_eq!(verify(&stack, &bundle, &policy).is_accepted(), accepted, "{offset}");
    }
}

#[test]
fn the_checkpoint_is_of_the_very_tree_of_the_proof() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let (one, other) = (stack.message(&hand), stack.message(&stack.hand(KeyKind::EcdsaP256)));
    let checkpoint =
        |bundle: &Bundle| bundle.entries[0].inclusion_proof.clone().unwrap().checkpoint;
    // Signed by the same log, of the same size, with another root hash.
    let mut bundle = one.clone();
    bundle.entries[0].inclusion_proof.as_mut().unwrap().checkpoint = checkpoint(&other);
    refuse(&stack, &bundle, &Policy::identity(me()), Reason::CheckpointMismatch);
}

/// What is done to a bundle, given the log ID of the other log.
type Change = fn(&mut Bundle, Vec<u8>);

#[test]
fn a_v2_entry_is_bound_to_its_log() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let policy = Policy::identity(me());
    let good = stack.message(&hand);
    let v1_id = stack.root().tlogs[0].log_id.key_id.clone();
    let changes: [(Change, Reason); 5] = [
        (|bundle, id| bundle.entries[0].log_id = id, Reason::CheckpointUnsigned),
        (|bundle, _| bundle.entries[0].log_id = vec![0; 32], Reason::LogUnknown),
        (|bundle, _| bundle.entries[0].log_index = 2, Reason::LogIndexMismatch),
        (
            |bundle, _| bundle.entries[0].integrated_time = Some(NOW.secs()),
            Reason::IntegratedTimeInV2,
        ),
        (|bundle, _| bundle.entries[0].inclusion_promise = Some(vec![1]), Reason::SetInV2),
    ];
    for (change, reason) in changes {
        let mut bundle = good.clone();
        change(&mut bundle, v1_id.clone());
        refuse(&stack, &bundle, &policy, reason);
    }
}

/// What is done to a trusted root, given a window that does not hold the present.
type Narrow = fn(&mut TrustedRoot, ValidityWindow);

#[test]
fn each_window_of_the_trusted_root_counts() {
    let stack = Stack::new();
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let narrow: [(Narrow, Reason); 4] = [
        (|root, window| root.tlogs[1].public_key.valid_for = Some(window), Reason::LogWindow),
        (|root, window| root.ctlogs[0].public_key.valid_for = Some(window), Reason::SctLogWindow),
        (
            |root, window| root.certificate_authorities[0].valid_for = Some(window),
            Reason::CertificateAuthorityWindow,
        ),
        (
            |root, window| root.timestamp_authorities[0].valid_for = Some(window),
            Reason::TimestampAuthorityWindow,
        ),
    ];
    let window = |start: i64, end: i64| ValidityWindow {
        start: Some(Time::from_secs(NOW.secs() + start)),
        end: Some(Time::from_secs(NOW.secs() + end)),
    };
    for (change, reason) in narrow {
        for (window, expected) in
            [(window(-1, -1), Some(reason)), (window(1, 1), Some(reason)), (window(0, 0), None)]
        {
            let mut root = stack.root();
            change(&mut root, window);
            let report = Verifier::new(Trust::new(&root)).verify(
                &bundle,
                &Artifact::of_bytes(ARTIFACT),
                &Policy::identity(me()),
            );
            assert_eq!(report.refusal().map(|refusal| refusal.reason), expected, "{report}");
        }
    }
}

#[test]
fn identities_are_alternatives_and_patterns_are_anchored() {
    let stack = Stack::new();
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let somebody = Identity::exact("you@example.com", ISSUER);
    accept(&stack, &bundle, &Policy::identities(vec![somebody.clone(), me()]));
    refuse(&stack, &bundle, &Policy::identity(somebody), Reason::IdentityMismatch);
    refuse(&stack, &bundle, &Policy::identities(vec![]), Reason::IdentityMismatch);
    refuse(
        &stack,
        &bundle,
        &Policy::identity(Identity::exact(SIGNER, "https://evil.example")),
        Reason::IssuerMismatch,
    );
    let pattern = |name: &str| {
        Policy::identity(Identity::new(Matcher::pattern(name).unwrap(), Matcher::exact(ISSUER)))
    };
    accept(&stack, &bundle, &pattern(".*@example\\.com"));
    refuse(&stack, &bundle, &pattern("@example\\.com"), Reason::IdentityMismatch);
}

#[test]
fn claims_must_all_be_met() {
    let stack = Stack::new();
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let with = |extension, value: &str| {
        Policy::identity(me().with_claim(extension, Matcher::exact(value)))
    };
    let report = accept(&stack, &bundle, &with(FulcioExtension::SourceRepositoryUri, REPOSITORY));
    let line = report.steps().iter().find(|line| line.step == Step::Identity).unwrap();
    let Outcome::Passed(evidence) = &line.outcome else { panic!("{report}") };
    assert_eq!(evidence.get("signer"), Some(SIGNER));
    refuse(
        &stack,
        &bundle,
        &with(FulcioExtension::SourceRepositoryUri, "x"),
        Reason::ClaimMismatch,
    );
    refuse(
        &stack,
        &bundle,
        &with(FulcioExtension::DeploymentEnvironment, "x"),
        Reason::ClaimMismatch,
    );
}

#[test]
fn the_predicate_type_is_asked_for_when_the_policy_does() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let mut policy = Policy::identity(me());
    policy.predicate_type = Some(PREDICATE.to_owned());
    let report = accept(&stack, &stack.attestation(&hand), &policy);
    assert_eq!(report.verified().unwrap().statement.as_ref().unwrap().predicate_type, PREDICATE);
    refuse(&stack, &stack.message(&hand), &policy, Reason::PredicateTypeMismatch);
    policy.predicate_type = Some("https://example.com/reviewed/v1".to_owned());
    refuse(&stack, &stack.attestation(&hand), &policy, Reason::PredicateTypeMismatch);
}

#[test]
fn an_attestation_about_something_else_is_refused() {
    let stack = Stack::new();
    let bundle = stack.attestation(&stack.hand(KeyKind::EcdsaP256));
    let report =
        stack.verifier().verify(&bundle, &Artifact::of_bytes(b"another"), &Policy::identity(me()));
    assert_eq!(report.refusal().map(|refusal| refusal.reason), Some(Reason::SubjectMismatch));
}

#[test]
fn who_must_have_signed_is_a_key_or_an_identity_and_not_both() {
    let stack = Stack::new();
    let hand = Hand::managed(KeyKind::EcdsaP256);
    refuse(&stack, &stack.message(&hand), &Policy::identity(me()), Reason::CertificateMissing);
    let keyless = stack.message(&stack.hand(KeyKind::EcdsaP256));
    refuse(&stack, &keyless, &Policy::key(hand.key.public().clone()), Reason::SignerIsCertificate);
    let other = Hand::managed(KeyKind::EcdsaP256);
    refuse(
        &stack,
        &stack.message(&hand),
        &Policy::key(other.key.public().clone()),
        Reason::SignatureInvalid,
    );
}

#[test]
fn another_instance_is_not_trusted() {
    let (ours, theirs) = (Stack::new(), Stack::new());
    let bundle = theirs.message(&theirs.hand(KeyKind::EcdsaP256));
    refuse(&ours, &bundle, &Policy::identity(me()), Reason::TimestampAuthorityUnknown);
    let hand = Hand::managed(KeyKind::EcdsaP256);
    let mut bundle = theirs.message(&hand);
    bundle.timestamps.clear();
    refuse(&ours, &bundle, &Policy::key(hand.key.public().clone()), Reason::LogUnknown);
}

#[test]
fn only_an_insecure_option_leaves_a_check_out() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let mut bundle = stack.message(&hand);
    let mut policy = Policy::identity(me());

    let mut root = stack.root();
    root.ctlogs.clear();
    let verifier = Verifier::new(Trust::new(&root));
    let artifact = Artifact::of_bytes(ARTIFACT);
    let reason = |policy: &Policy| {
        verifier.verify(&bundle, &artifact, policy).refusal().map(|refusal| refusal.reason)
    };
    assert_eq!(reason(&policy), Some(Reason::SctLogUnknown));
    policy.insecure.insecure_skip_sct = true;
    assert_eq!(reason(&policy), None);
    policy.insecure.insecure_skip_sct = false;

    bundle.timestamps.clear();
    refuse(&stack, &bundle, &policy, Reason::TimeMissing);
    policy.insecure.insecure_assume_time = Some(NOW);
    accept(&stack, &bundle, &policy);
    bundle.entries.clear();
    refuse(&stack, &bundle, &policy, Reason::EntryMissing);
    policy.insecure.insecure_skip_log = true;
    accept(&stack, &bundle, &policy);
    // An assumed time is no excuse for a time that is stated.
    policy.insecure.insecure_assume_time = Some(NOW);
    bundle.timestamps =
        vec![stack.stamp(0, bundle.content.signature(), Time::from_secs(NOW.secs() + 700))];
    refuse(&stack, &bundle, &policy, Reason::TimeOutsideCertificate);
}

#[test]
fn an_entry_that_is_there_is_compared_even_if_the_log_is_not_asked() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let mut bundle = stack.message(&hand);
    bundle.entries = stack.message(&stack.hand(KeyKind::EcdsaP256)).entries;
    let mut policy = Policy::identity(me());
    policy.insecure.insecure_skip_log = true;
    refuse(&stack, &bundle, &policy, Reason::EntryVerifierMismatch);
}

#[test]
fn the_trace_has_every_step_once_and_reads_as_json() {
    let stack = Stack::new();
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    for policy in [Policy::identity(me()), Policy::identity(Identity::exact("x", "y"))] {
        let report = verify(&stack, &bundle, &policy);
        let steps: Vec<Step> = report.steps().iter().map(|line| line.step).collect();
        assert_eq!(steps, Step::ALL);
        let json = serde_json::to_value(&report).unwrap();
        let expected = if report.is_accepted() { "accepted" } else { "refused" };
        assert_eq!(json["verdict"], expected);
        assert_eq!(json["steps"].as_array().unwrap().len(), 10);
        if let Some(refusal) = report.refusal() {
            assert_eq!(json["refusal"]["reason"], "identity-mismatch");
            assert_eq!(json["refusal"]["found"], refusal.found);
            assert_eq!(json["refusal"]["step"], "identity");
        }
    }
}
