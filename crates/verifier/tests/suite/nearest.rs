//! Refusals say what came nearest, and say it of what is really there.

use lite_bundle::trust::{TrustedRoot, ValidityWindow};
use lite_bundle::{Bundle, Content};
use lite_keys::{HashAlgorithm, KeyKind};
use lite_pki::FulcioExtension;
use lite_time::Time;
use lite_verifier::{Artifact, Identity, Matcher, Policy, Reason, Trust, Verifier};

use crate::stack::{ARTIFACT, Hand, ISSUER, NOW, REPOSITORY, SIGNER, Stack, me};

/// Refused with this word, and these words in the nearest miss.
#[track_caller]
fn near_of(
    (root, artifact): (&TrustedRoot, &Artifact<'_>),
    bundle: &Bundle,
    policy: &Policy,
    (reason, words): (Reason, &[&str]),
) {
    let report = Verifier::new(Trust::new(root)).verify(bundle, artifact, policy);
    let refusal = report.refusal().unwrap_or_else(|| panic!("accepted: {report}"));
    assert_eq!(refusal.reason, reason, "{report}");
    let nearest = refusal.nearest.clone().unwrap_or_default();
    for word in words {
        assert!(nearest.contains(word), "{word} in {nearest:?}\n{report}");
    }
    if words.is_empty() {
        assert_eq!(refusal.nearest, None);
    }
    let json = serde_json::to_value(refusal).unwrap();
    assert_eq!(json["attack"], reason.attack());
    assert_eq!(json["nearest"].as_str(), refusal.nearest.as_deref());
}

#[track_caller]
fn near(stack: &Stack, bundle: &Bundle, policy: &Policy, expected: (Reason, &[&str])) {
    near_of((&stack.root(), &Artifact::of_bytes(ARTIFACT)), bundle, policy, expected);
}

#[test]
fn an_identity_says_which_part_did_match() {
    let stack = Stack::new();
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let who = |name: &str, issuer: &str| Policy::identity(Identity::exact(name, issuer));
    let name = Reason::IdentityMismatch;
    near(&stack, &bundle, &who("ME@example.com", ISSUER), (name, &["case", ISSUER]));
    near(&stack, &bundle, &who("rne@example.com", ISSUER), (name, &["look alike"]));
    near(&stack, &bundle, &who("someone@example.com", "x"), (name, &["same domain", "differs"]));
    near(&stack, &bundle, &who("https://x", ISSUER), (name, &["the issuer did match", ISSUER]));
    near(&stack, &bundle, &who("https://x", "x"), (name, &[]));
    let pattern = Matcher::pattern("@example\\.com").unwrap();
    let policy = Policy::identity(Identity::new(pattern, Matcher::exact(ISSUER)));
    near(&stack, &bundle, &policy, (name, &["a part of it"]));

    let issuer = Reason::IssuerMismatch;
    let slash = format!("{ISSUER}/");
    near(&stack, &bundle, &who(SIGNER, &slash), (issuer, &[SIGNER, "slash at the end"]));
    let claim = |value: &str| {
        let claim = FulcioExtension::SourceRepositoryUri;
        Policy::identity(me().with_claim(claim, Matcher::exact(value)))
    };
    let shouted = REPOSITORY.to_uppercase();
    near(&stack, &bundle, &claim(&shouted), (Reason::ClaimMismatch, &["did match", "case"]));
}

#[test]
fn of_several_identities_the_nearest_is_told() {
    let stack = Stack::new();
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let near_miss = Identity::exact("Me@example.com", ISSUER);
    let far = Identity::exact("https://x", "y");
    for identities in [vec![near_miss.clone(), far.clone()], vec![far, near_miss]] {
        let policy = Policy::identities(identities);
        let words: &[&str] = &["case", "of 2 identities"];
        near(&stack, &bundle, &policy, (Reason::IdentityMismatch, words));
        let report = stack.verifier().verify(&bundle, &Artifact::of_bytes(ARTIFACT), &policy);
        assert_eq!(report.refusal().unwrap().expected, "Me@example.com");
    }
}

#[test]
fn a_certificate_in_place_of_a_key_says_whose_it_is() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let bundle = stack.message(&hand);
    let reason = Reason::SignerIsCertificate;
    let own = Policy::key(hand.key.public().clone());
    near(&stack, &bundle, &own, (reason, &["this very key", SIGNER, ISSUER]));
    let other = Policy::key(Hand::managed(KeyKind::EcdsaP256).key.public().clone());
    near(&stack, &bundle, &other, (reason, &["another key", SIGNER]));
}

#[test]
fn another_key_is_named_by_the_log() {
    let stack = Stack::new();
    let bundle = stack.message(&Hand::managed(KeyKind::EcdsaP256));
    let other = Policy::key(Hand::managed(KeyKind::EcdsaP256).key.public().clone());
    near(&stack, &bundle, &other, (Reason::SignatureInvalid, &["names another key"]));
}

#[test]
fn a_time_outside_says_by_how_much() {
    let stack = Stack::new();
    let mut bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let reason = Reason::TimeOutsideCertificate;
    for (offset, words) in [(725, "2 min 5 s after its end"), (-3, "3 s before its start")] {
        let at = Time::from_secs(NOW.secs() + offset);
        bundle.timestamps = vec![stack.stamp(0, bundle.content.signature(), at)];
        near(&stack, &bundle, &Policy::identity(me()), (reason, &[words]));
    }
}

#[test]
fn a_window_says_by_how_much_it_was_missed() {
    type Narrow = fn(&mut TrustedRoot, ValidityWindow);
    let stack = Stack::new();
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let cases: [(Narrow, Reason); 4] = [
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
    for (change, reason) in cases {
        let mut root = stack.root();
        let end = Some(Time::from_secs(NOW.secs() - 3600));
        change(&mut root, ValidityWindow { start: Some(Time::from_secs(0)), end });
        let artifact = Artifact::of_bytes(ARTIFACT);
        let words: &[&str] = &["1 h after its end"];
        near_of((&root, &artifact), &bundle, &Policy::identity(me()), (reason, words));
    }
}

#[test]
fn another_instance_of_the_same_name_is_called_that() {
    let (ours, theirs) = (Stack::new(), Stack::new());
    let mut bundle = theirs.message(&theirs.hand(KeyKind::EcdsaP256));
    let policy = Policy::identity(me());
    let reason = Reason::TimestampAuthorityUnknown;
    near(&ours, &bundle, &policy, (reason, &["of that name is trusted", "another instance"]));
    let report = ours.verifier().verify(&bundle, &Artifact::of_bytes(ARTIFACT), &policy);
    assert!(report.refusal().unwrap().found.contains("first root of example"), "{report}");

    bundle.timestamps = vec![ours.stamp(0, bundle.content.signature(), NOW)];
    let reason = Reason::CertificateAuthorityUnknown;
    near(&ours, &bundle, &policy, (reason, &["of that name is trusted", "another key"]));

    let hand = Hand::managed(KeyKind::EcdsaP256);
    let mut bundle = theirs.message(&hand);
    bundle.timestamps.clear();
    let policy = Policy::key(hand.key.public().clone());
    near(&ours, &bundle, &policy, (Reason::LogUnknown, &["log.example.com", "another key"]));
}

#[test]
fn a_log_id_says_to_whom_it_belongs() {
    let stack = Stack::new();
    let root = stack.root();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let policy = Policy::identity(me());
    let mut bundle = stack.message(&hand);
    bundle.entries[0].log_id = root.ctlogs[0].log_id.key_id.clone();
    near(&stack, &bundle, &policy, (Reason::LogUnknown, &["a CT log"]));

    // The checkpoint is of the v2 log, the entry says that it is of the v1 log.
    let mut bundle = stack.message(&hand);
    bundle.entries[0].log_id = root.tlogs[0].log_id.key_id.clone();
    let words: &[&str] = &["signed it", "a log of the trusted root"];
    near(&stack, &bundle, &policy, (Reason::CheckpointUnsigned, words));

    let mut swapped = stack.root();
    let ids = (swapped.tlogs[0].clone(), swapped.ctlogs[0].clone());
    (swapped.ctlogs[0], swapped.tlogs[0]) = ids;
    let bundle = stack.message(&hand);
    let artifact = Artifact::of_bytes(ARTIFACT);
    let words: &[&str] = &["a log of signatures"];
    near_of((&swapped, &artifact), &bundle, &policy, (Reason::SctLogUnknown, words));
}

#[test]
fn a_tree_says_how_it_differs() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let (mut bundle, other) =
        (stack.message(&hand), stack.message(&stack.hand(KeyKind::EcdsaP256)));
    let theirs = other.entries[0].inclusion_proof.clone().unwrap().checkpoint;
    bundle.entries[0].inclusion_proof.as_mut().unwrap().checkpoint = theirs;
    let words: &[&str] = &["two trees of one size"];
    near(&stack, &bundle, &Policy::identity(me()), (Reason::CheckpointMismatch, words));
}

#[test]
fn a_changed_file_says_how_it_was_changed() {
    let stack = Stack::new();
    let policy = Policy::identity(me());
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let with_line_end = [ARTIFACT, b"\n"].concat();
    let artifact = Artifact::of_bytes(&with_line_end);
    let words: &[&str] = &["without the line end"];
    near_of((&stack.root(), &artifact), &bundle, &policy, (Reason::ArtifactMismatch, words));
    let artifact = Artifact::of_bytes(b"something else");
    near_of((&stack.root(), &artifact), &bundle, &policy, (Reason::ArtifactMismatch, &[]));

    let bundle = stack.attestation(&stack.hand(KeyKind::EcdsaP256));
    let reason = Reason::SubjectMismatch;
    let artifact = Artifact::of_bytes(b"another").named("tool");
    near_of(
        (&stack.root(), &artifact),
        &bundle,
        &policy,
        (reason, &["names tool", "another digest"]),
    );
    let artifact = Artifact::of_bytes(&with_line_end);
    near_of((&stack.root(), &artifact), &bundle, &policy, (reason, &["tool", "line end"]));
    let digest = HashAlgorithm::Sha512.digest(ARTIFACT);
    let artifact = Artifact::of_digests([(HashAlgorithm::Sha512, digest)]);
    near_of((&stack.root(), &artifact), &bundle, &policy, (reason, &["by its sha256 digest"]));
}

#[test]
fn evidence_of_something_else_says_of_what() {
    let stack = Stack::new();
    let policy = Policy::identity(me());
    let hand = stack.hand(KeyKind::EcdsaP256);
    let mut bundle = stack.message(&hand);
    bundle.timestamps = vec![stack.stamp(0, ARTIFACT, NOW)];
    near(&stack, &bundle, &policy, (Reason::TimestampImprint, &["over the artifact"]));

    let mut bundle = stack.message(&hand);
    bundle.timestamps.clear();
    near(&stack, &bundle, &policy, (Reason::TimeMissing, &["a v2 log signs no time"]));

    let mut bundle = stack.message(&hand);
    bundle.entries = stack.message(&stack.hand(KeyKind::EcdsaP256)).entries;
    near(&stack, &bundle, &policy, (Reason::EntryVerifierMismatch, &["the log names", SIGNER]));

    let mut bundle = stack.message(&hand);
    bundle.entries[0].version = "0.0.3".to_owned();
    let report = stack.verifier().verify(&bundle, &Artifact::of_bytes(ARTIFACT), &policy);
    assert!(!report.is_accepted(), "{report}");
}

#[test]
fn a_signature_over_the_bare_payload_is_called_that() {
    let stack = Stack::new();
    let hand = Hand::managed(KeyKind::EcdsaP256);
    let mut bundle = stack.attestation(&hand);
    let Content::Dsse(envelope) = &mut bundle.content else { unreachable!("it is an envelope") };
    envelope.signature.sig = hand.key.sign(HashAlgorithm::Sha256, &envelope.payload).unwrap();
    bundle.timestamps.clear();
    let mut policy = Policy::key(hand.key.public().clone());
    policy.insecure.insecure_skip_log = true;
    near(&stack, &bundle, &policy, (Reason::SignatureInvalid, &["payload alone"]));
}

#[test]
fn a_predicate_of_another_version_is_called_that() {
    let stack = Stack::new();
    let bundle = stack.attestation(&stack.hand(KeyKind::EcdsaP256));
    let mut policy = Policy::identity(me());
    policy.predicate_type = Some("https://example.com/tested/v2".to_owned());
    near(&stack, &bundle, &policy, (Reason::PredicateTypeMismatch, &["another version"]));
}
