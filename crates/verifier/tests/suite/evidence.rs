//! Entries, timestamps, SCTs and windows: what counts, how often, and when.

use lite_bundle::Bundle;
use lite_bundle::trust::{TrustedRoot, ValidityWindow};
use lite_keys::KeyKind;
use lite_time::Time;
use lite_tlog::{KeyId, NoteSignature, SignedNote};
use lite_verifier::{Artifact, Policy, Reason, Trust, Verifier};

use crate::judged::{accept, refuse, verify};
use crate::stack::{ARTIFACT, NOW, Parts, Stack, me};

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
    let stack = Stack::of(&Parts { log: KeyKind::EcdsaP256, ..Parts::default() });
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

#[test]
fn scts_count_by_log_and_may_have_extensions() {
    let stack = Stack::new();
    let (mut one, mut two) = (Policy::identity(me()), Policy::identity(me()));
    (one.min_scts, two.min_scts) = (1, 2);
    let message =
        |scts: &[(usize, &[u8])]| stack.message(&stack.hand_with(KeyKind::EcdsaP256, scts));
    accept(&stack, &message(&[(0, &[]), (1, &[])]), &two);
    // The place in the log, as static-ct-api has it: it is signed, so a lost byte is noticed.
    let place = [0, 0, 5, 0, 0, 0, 1, 2];
    accept(&stack, &message(&[(1, &place)]), &one);
    accept(&stack, &message(&[(0, &place), (1, &[])]), &two);
    // One log twice is one log.
    refuse(&stack, &message(&[(0, &[]), (0, &place)]), &two, Reason::SctMissing);

    // An SCT of an unknown log is not evidence and no offence.
    let bundle = message(&[(0, &[]), (1, &[])]);
    let mut root = stack.root();
    root.ctlogs.remove(0);
    let verifier = Verifier::new(Trust::new(&root));
    let artifact = Artifact::of_bytes(ARTIFACT);
    assert!(verifier.verify(&bundle, &artifact, &one).is_accepted());
    let report = verifier.verify(&bundle, &artifact, &two);
    assert_eq!(report.refusal().map(|refusal| refusal.reason), Some(Reason::SctLogUnknown));
}

#[test]
fn a_timestamp_brings_its_certificate_or_the_trusted_root_does() {
    let stack = Stack::new();
    let hand = stack.hand(KeyKind::EcdsaP256);
    let mut bundle = stack.message(&hand);
    let artifact = Artifact::of_bytes(ARTIFACT);
    let mut without_leaf = stack.root();
    for authority in &mut without_leaf.timestamp_authorities {
        let chain: Vec<Vec<u8>> = authority.chain().skip(1).map(<[u8]>::to_vec).collect();
        *authority = lite_bundle::trust::CertificateAuthority::new(
            "example",
            "tsa",
            "https://log.example.com",
            chain,
            Time::from_secs(NOW.secs() - 1000),
        );
    }
    for (root, embedded, expected) in [
        (stack.root(), false, None),
        (stack.root(), true, None),
        (without_leaf.clone(), true, None),
        (without_leaf, false, Some(Reason::TimestampAuthorityUnknown)),
    ] {
        bundle.timestamps = vec![stack.stamp_with(0, bundle.content.signature(), NOW, embedded)];
        let report =
            Verifier::new(Trust::new(&root)).verify(&bundle, &artifact, &Policy::identity(me()));
        assert_eq!(report.refusal().map(|refusal| refusal.reason), expected, "{report}");
    }
}

#[test]
fn cosignatures_stand_beside_the_logs_own_line() {
    let stack = Stack::new();
    let good = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let policy = Policy::identity(me());
    let checkpoint = good.entries[0].inclusion_proof.clone().unwrap().checkpoint.unwrap();
    let line = |name: &str, id: u8, signature: &[u8]| {
        NoteSignature::new(name, KeyId([id; 4]), signature.to_vec()).unwrap().to_string() + "\n"
    };
    let witness = line("witness.example.com", 1, &[7; 72]);
    let second_key = line("log.example.com", 2, &[7; 64]);
    let (text, own) = checkpoint.rsplit_once("\n\n").unwrap();
    let (_, own_bytes) = own.trim_end().rsplit_once(' ').unwrap();
    let broken = {
        let mut note = SignedNote::parse(checkpoint.as_bytes()).unwrap();
        let first = note.signatures()[0].clone();
        let mut bytes = first.signature().to_vec();
        bytes[9] ^= 1;
        note.append(NoteSignature::new(first.name(), first.key_id(), bytes).unwrap()).unwrap();
        note.to_string()
    };
    let cases = [
        (format!("{text}\n\n{own}{witness}"), None),
        (format!("{text}\n\n{witness}{own}{second_key}"), None),
        (format!("{text}\n\n{witness}"), Some(Reason::CheckpointUnsigned)),
        (format!("{text}\n\n{second_key}{witness}"), Some(Reason::CheckpointUnsigned)),
        // The log's signature under a witness's name is not the log's line.
        (
            format!("{text}\n\n\u{2014} witness.example.com {own_bytes}\n"),
            Some(Reason::CheckpointUnsigned),
        ),
        (broken, Some(Reason::CheckpointSignature)),
    ];
    for (note, expected) in cases {
        let mut bundle = good.clone();
        bundle.entries[0].inclusion_proof.as_mut().unwrap().checkpoint = Some(note);
        let report = verify(&stack, &bundle, &policy);
        assert_eq!(report.refusal().map(|refusal| refusal.reason), expected, "{report}");
    }
}

/// The signatures within an authority's chain are verified once; its windows are asked each time.
#[test]
fn the_certificates_of_the_authorities_count_at_both_ends() {
    let policy = Policy::identity(me());
    for (window, accepted) in
        [((0, 0), true), ((-9, 0), true), ((0, 9), true), ((-9, -1), false), ((1, 9), false)]
    {
        let stack = Stack::of(&Parts { tsa: window, ..Parts::default() });
        let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
        let report = verify(&stack, &bundle, &policy);
        let found = report.refusal().map(|refusal| refusal.reason);
        assert_eq!(found, (!accepted).then_some(Reason::TimestampChain), "{window:?} {report}");
    }
    // A CA issues nothing that lives longer than itself, and here just as long.
    let stack = Stack::of(&Parts { ca: (0, 600), ..Parts::default() });
    let mut bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    for seconds in [0, 600] {
        let at = Time::from_secs(NOW.secs() + seconds);
        bundle.timestamps = vec![stack.stamp(0, bundle.content.signature(), at)];
        accept(&stack, &bundle, &policy);
    }
}

/// A chain whose signature does not verify is not remembered as one that does.
#[test]
fn a_trusted_chain_that_does_not_hold_together_proves_nothing() {
    let stack = Stack::new();
    let bundle = stack.message(&stack.hand(KeyKind::EcdsaP256));
    let mut root = stack.root();
    let chain = |stack: &Stack| {
        let [issuer, _] = stack.ca_chain() else { unreachable!("an authority has two") };
        issuer.der().to_vec()
    };
    // Our issuer below the root of somebody of the same name.
    let other = Stack::new();
    root.certificate_authorities = other.root().certificate_authorities;
    let theirs: Vec<Vec<u8>> =
        root.certificate_authorities[0].chain().skip(1).map(<[u8]>::to_vec).collect();
    root.certificate_authorities = vec![lite_bundle::trust::CertificateAuthority::new(
        "example",
        "ca",
        "https://log.example.com",
        [vec![chain(&stack)], theirs].concat(),
        Time::from_secs(NOW.secs() - 1000),
    )];
    let artifact = Artifact::of_bytes(ARTIFACT);
    let report =
        Verifier::new(Trust::new(&root)).verify(&bundle, &artifact, &Policy::identity(me()));
    let reason = report.refusal().map(|refusal| refusal.reason);
    assert_eq!(reason, Some(Reason::CertificateAuthorityUnknown), "{report}");
}
