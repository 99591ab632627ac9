//! Policies and kinds of keys: whatever the suite has no case for.

use lite_bundle::Content;
use lite_keys::{HashAlgorithm, KeyKind};
use lite_pki::FulcioExtension;
use lite_time::Time;
use lite_verifier::{Artifact, Identity, Matcher, Outcome, Policy, Reason, Step, Trust, Verifier};

use crate::judged::{accept, refuse, verify};
use crate::stack::{ARTIFACT, Hand, ISSUER, NOW, PREDICATE, REPOSITORY, SIGNER, Stack, me};

const KINDS: [KeyKind; 7] = [
    KeyKind::EcdsaP256,
    KeyKind::EcdsaP384,
    KeyKind::EcdsaP521,
    KeyKind::Ed25519,
    KeyKind::Rsa(2048),
    KeyKind::Rsa(3072),
    KeyKind::Rsa(4096),
];

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

#[test]
fn a_line_of_the_trace_is_never_what_a_bundle_says() {
    let stack = Stack::new();
    let mut bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    bundle.entries[0].kind =
        "text\n✓ (8) Is this signature the one that was logged? \u{1b}[32mfine".to_owned();
    let (artifact, policy) = (Artifact::of_bytes(ARTIFACT), Policy::identity(me()));
    let report = stack.verifier().verify(&bundle, &artifact, &policy);
    let text = report.to_string();
    assert!(text.contains("fine"), "{text}");
    assert_eq!(text.lines().count(), report.steps().len(), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}
