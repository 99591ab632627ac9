//! What a log says without a bundle around it: the tree that it signed, and an entry that it holds.
//!
//! The rules are those of steps (4) and (5). Who signed the entry, and what, is not asked here.

use lite_bundle::TransparencyLogEntry;
use lite_time::Time;
use lite_tlog::{Checkpoint, Hash};

use crate::reason::{Reason, Refusal};
use crate::steps::{checkpoint, inclusion, set};
use crate::trust::{Log, Trust};

/// The two generations of Rekor's API. They differ in the name under which a log signs, and in
/// what it promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogVersion {
    /// Signs `HOST - TREEID` as `HOST`, and promises a time in a SET.
    V1,
    /// Signs as its origin, the host of its URL, and vouches for no time.
    V2,
}

/// A tree that a log of the trusted root signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTree {
    /// Origin, size and root hash.
    pub checkpoint: Checkpoint,
    /// The log's ID, as the trusted root has it.
    pub log_id: Vec<u8>,
}

/// An entry that a log of the trusted root holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEntry {
    /// The tree that the proof leads to.
    pub tree: SignedTree,
    /// Index of the leaf in that tree.
    pub leaf_index: u64,
    /// Sibling hashes, lowest first.
    pub proof: Vec<Hash>,
    /// When a log of v1 took it, which its SET says; `None` of v2.
    pub integrated_at: Option<Time>,
}

impl Trust {
    /// Verifies that a log of the trusted root signed this checkpoint, under the name that a log of
    /// this version has. The refusal is that of the log that came nearest.
    pub fn signed_tree(&self, note: &[u8], version: LogVersion) -> Result<SignedTree, Refusal> {
        let text = std::str::from_utf8(note).map_err(|error| {
            Refusal::new(Reason::CheckpointMalformed, "a signed checkpoint", error)
        })?;
        let mut nearest = Refusal::new(
            Reason::LogUnknown,
            "a trusted root with logs",
            format!("{} logs", self.logs.len()),
        );
        for log in &self.logs {
            match checkpoint::open(text, log, version == LogVersion::V2) {
                Ok(checkpoint) => return Ok(tree(checkpoint, log)),
                Err(refusal) if rank(refusal.reason) > rank(nearest.reason) => nearest = refusal,
                Err(_) => {}
            }
        }
        Err(nearest)
    }

    /// Verifies that the log which the entry names holds it: that the proof leads from the leaf to
    /// a tree that this log signed, and for v1 that the SET is the log's and of a time when the log
    /// was trusted.
    pub fn logged_entry(
        &self,
        entry: &TransparencyLogEntry,
        version: LogVersion,
    ) -> Result<LoggedEntry, Refusal> {
        let log = inclusion::find(entry, self, &[])?;
        let v2 = version == LogVersion::V2;
        let missing = |reason, expected| Refusal::new(reason, expected, "none");
        let proof = entry.inclusion_proof.as_ref();
        let proof =
            proof.ok_or_else(|| missing(Reason::InclusionProofMissing, "an inclusion proof"))?;
        if v2 && proof.log_index != entry.log_index {
            return Err(Refusal::new(Reason::LogIndexMismatch, entry.log_index, proof.log_index));
        }
        let (root, path) = inclusion::verify_proof(&entry.canonicalized_body, proof)?;
        let note = proof.checkpoint.as_deref();
        let note = note.ok_or_else(|| missing(Reason::CheckpointMissing, "a signed checkpoint"))?;
        let checkpoint = checkpoint::verify(note, log, v2, root, proof.tree_size)?;
        let integrated_at = match (v2, entry.integrated_time, &entry.inclusion_promise) {
            (true, ..) => None,
            (false, Some(at), Some(promise)) => {
                set::verify_promise(entry, promise, log)?;
                Some(Time::from_secs(at))
            }
            (false, ..) => return Err(missing(Reason::SetMissing, "a SET with its time")),
        };
        Ok(LoggedEntry {
            tree: tree(checkpoint, log),
            leaf_index: proof.log_index,
            proof: path,
            integrated_at,
        })
    }
}

/// How near a log came: its name, then its key, then its signature.
const fn rank(reason: Reason) -> u8 {
    match reason {
        Reason::LogUnknown => 0,
        Reason::CheckpointOrigin => 1,
        Reason::CheckpointUnsigned => 2,
        _ => 3,
    }
}

fn tree(checkpoint: Checkpoint, log: &Log) -> SignedTree {
    SignedTree { checkpoint, log_id: log.id.clone() }
}
