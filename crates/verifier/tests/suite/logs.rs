//! Entries and trees of logs, without a bundle around them.

use lite_bundle::TransparencyLogEntry;
use lite_keys::KeyKind;
use lite_time::Time;
use lite_verifier::{LogVersion, Reason, Trust};

use crate::stack::{NOW, Stack};

/// The entries of a v1 and of a v2 log.
fn entries(stack: &Stack) -> [(LogVersion, TransparencyLogEntry); 2] {
    let hand = stack.hand(KeyKind::EcdsaP256);
    let (v1, v2) = (stack.v1(&hand, "dsse"), stack.message(&hand));
    [(LogVersion::V1, v1.entries[0].clone()), (LogVersion::V2, v2.entries[0].clone())]
}

/// What is done to an entry, with the refusals by a log of v1 and of v2.
type Change = (fn(&mut TransparencyLogEntry), Option<Reason>, Option<Reason>);

const CHANGES: [Change; 10] = [
    (|_| {}, None, None),
    (|e| e.log_id[0] ^= 1, Some(Reason::LogUnknown), Some(Reason::LogUnknown)),
    (
        |e| e.canonicalized_body[0] ^= 1,
        Some(Reason::InclusionProofInvalid),
        Some(Reason::InclusionProofInvalid),
    ),
    (
        |e| e.inclusion_proof = None,
        Some(Reason::InclusionProofMissing),
        Some(Reason::InclusionProofMissing),
    ),
    (
        |e| e.inclusion_proof.as_mut().unwrap().checkpoint = None,
        Some(Reason::CheckpointMissing),
        Some(Reason::CheckpointMissing),
    ),
    (
        |e| {
            let note = e.inclusion_proof.as_mut().unwrap().checkpoint.as_mut().unwrap();
            *note = note.replacen("log.", "lag.", 1);
        },
        Some(Reason::CheckpointOrigin),
        Some(Reason::CheckpointOrigin),
    ),
    // Over all trees of v1, and the index of the leaf in v2.
    (|e| e.log_index += 1, Some(Reason::SetSignature), Some(Reason::LogIndexMismatch)),
    (|e| e.integrated_time = Some(NOW.secs() + 1), Some(Reason::SetSignature), None),
    (|e| e.integrated_time = None, Some(Reason::SetMissing), None),
    (|e| e.inclusion_promise = None, Some(Reason::SetMissing), None),
];

#[test]
fn an_entry_is_in_a_tree_that_its_log_signed() {
    let stack = Stack::new();
    let trust = Trust::new(&stack.root());
    for (version, good) in entries(&stack) {
        for (number, (change, v1, v2)) in CHANGES.into_iter().enumerate() {
            let mut entry = good.clone();
            change(&mut entry);
            let expected = if version == LogVersion::V1 { v1 } else { v2 };
            let found = trust.logged_entry(&entry, version);
            let reason = found.as_ref().err().map(|refusal| refusal.reason);
            assert_eq!(reason, expected, "{version:?}, change {number}: {found:?}");
        }
        let logged = trust.logged_entry(&good, version).unwrap();
        let at = (version == LogVersion::V1).then_some(NOW);
        assert_eq!((logged.integrated_at, logged.leaf_index), (at, 1));
        assert_eq!((logged.tree.checkpoint.size, logged.tree.log_id), (2, good.log_id.clone()));
    }
}

#[test]
fn a_tree_is_signed_under_the_name_that_its_version_has() {
    let stack = Stack::new();
    let trust = Trust::new(&stack.root());
    for (version, entry) in entries(&stack) {
        let note = entry.inclusion_proof.unwrap().checkpoint.unwrap();
        let other = if version == LogVersion::V1 { LogVersion::V2 } else { LogVersion::V1 };
        let reason = |note: &str, version| {
            trust.signed_tree(note.as_bytes(), version).err().map(|refusal| refusal.reason)
        };
        assert_eq!(reason(&note, version), None);
        assert_eq!(reason(&note, other), Some(Reason::CheckpointOrigin));
        assert_eq!(
            reason(&note.replacen("\n2\n", "\n3\n", 1), version),
            Some(Reason::CheckpointSignature)
        );
        assert_eq!(reason("", version), Some(Reason::CheckpointUnsigned));
        let tree = trust.signed_tree(note.as_bytes(), version).unwrap();
        assert_eq!(tree.log_id, entry.log_id);
    }
    let nobody = Trust::new(&lite_bundle::trust::TrustedRoot::new());
    let refusal = nobody.signed_tree(b"", LogVersion::V2).unwrap_err();
    assert_eq!(refusal.reason, Reason::LogUnknown);
}

#[test]
fn a_promise_outside_the_logs_window_does_not_count() {
    let stack = Stack::new();
    let [(version, entry), _] = entries(&stack);
    let mut root = stack.root();
    root.tlogs[0].public_key.valid_for = Some(Time::from_secs(NOW.secs() + 1).into());
    let refusal = Trust::new(&root).logged_entry(&entry, version).unwrap_err();
    assert_eq!(refusal.reason, Reason::LogWindow);
    root.tlogs[0].public_key.valid_for = None;
    let refusal = Trust::new(&root).logged_entry(&entry, version).unwrap_err();
    assert_eq!(refusal.reason, Reason::LogWindowMissing);
}
