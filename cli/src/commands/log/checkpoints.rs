//! Checkpoints of either tree, held to the logs of the trusted root.

use lite_bundle::trust::TrustedRoot;
use lite_tlog::{Checkpoint, LogId};
use lite_verifier::{SignedTree, Trust};

use crate::trust::LogVersion;

/// A checkpoint that a trusted log signed.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) checkpoint: Checkpoint,
    /// The checkpoint as it is signed.
    pub(super) note: String,
    /// The ID of the log that signed it.
    pub(super) log_id: LogId,
}

impl Signed {
    /// Reads a checkpoint; `None` unless a log of the trusted root signed it, under the name that
    /// a log of this version has.
    pub(super) fn open(note: &[u8], root: &TrustedRoot, version: LogVersion) -> Option<Self> {
        let tree = Trust::new(root).signed_tree(note, version.into()).ok()?;
        Self::of(tree, note)
    }

    /// What was verified, with the note that says it.
    pub(super) fn of(tree: SignedTree, note: &[u8]) -> Option<Self> {
        Some(Self {
            checkpoint: tree.checkpoint,
            note: String::from_utf8(note.to_vec()).ok()?,
            log_id: LogId(tree.log_id.try_into().ok()?),
        })
    }

    /// The number of a v1 tree, which its origin ends with.
    pub(super) fn tree_id(&self) -> Option<&str> {
        tree_id(&self.checkpoint.origin)
    }
}

/// The number of a v1 tree, which its origin ends with.
pub(super) fn tree_id(origin: &str) -> Option<&str> {
    origin.split_once(" - ").map(|(_, tree)| tree).filter(|tree| is_number(tree))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
