//! Entries, timestamps, SCTs and windows: what counts, how often, and when.

use lite_bundle::Bundle;
use lite_bundle::trust::{TrustedRoot, ValidityWindow};
use lite_keys::KeyKind;
use lite_time::Time;
use lite_verifier::{Artifact, Policy, Reason, Trust, Verifier};

use crate::judged::{accept, refuse, verify};
use crate::stack::{ARTIFACT, NOW, Stack, me};

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
fn an_entry_that_is_there_is_compared_even_if_the_log_is_not_asked() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let mut bundle = stack.message(&hand);
    bundle.entries = stack.message(&stack.hand(KeyKind::EcdsaP256)).entries;
    let mut policy = Policy::identity(me());
    policy.insecure.insecure_skip_log = true;
    refuse(&stack, &bundle, &policy, Reason::EntryVerifierMismatch);
}
