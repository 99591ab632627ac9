//! The entry as clients of Rekor v1 read it: all numbers are numbers, all hashes hex.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::SignError;
use lite_sequencer::{ReadError, Sequenced, View};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::app::V1;
use super::entry_id::EntryId;
use super::promise;

/// One member, named by the entry's ID.
pub(crate) struct LogEntry {
    id: EntryId,
    entry: Entry,
}

#[derive(Serialize)]
struct Entry {
    body: String,
    #[serde(rename = "integratedTime")]
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    #[serde(rename = "logIndex")]
    log_index: u64,
    verification: Verification,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: InclusionProof,
    signed_entry_timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InclusionProof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

/// Why a stored entry is not rendered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    #[error("its promise cannot be signed")]
    Signing(#[from] SignError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl LogEntry {
    /// The entry that was just sequenced, or was there before.
    pub(crate) fn sequenced(
        log: &V1,
        leaf: &[u8],
        sequenced: &Sequenced,
    ) -> Result<Self, SignError> {
        let Sequenced { index, leaf_hash, time, tree, proof, .. } = sequenced;
        // Clients compare whole seconds, and the start of the log's validity is one.
        let integrated_time = time.floor_to_second().millis() / 1000;
        let set = promise::sign(log.signer.key(), leaf, integrated_time, &log.log_id, *index)?;
        let entry = Entry {
            body: STANDARD.encode(leaf),
            integrated_time,
            log_id: hex::encode(log.log_id.0),
            log_index: *index,
            verification: Verification {
                inclusion_proof: InclusionProof {
                    checkpoint: tree.checkpoint.to_string(),
                    hashes: proof.iter().map(hex::encode).collect(),
                    log_index: *index,
                    root_hash: hex::encode(tree.root),
                    tree_size: tree.size,
                },
                signed_entry_timestamp: STANDARD.encode(set),
            },
        };
        Ok(Self { id: EntryId { tree: log.tree_id, leaf: *leaf_hash }, entry })
    }

    /// The entry at an index, with its proof in this tree.
    pub(crate) fn stored(log: &V1, view: &View, index: u64) -> Result<Self, AnswerError> {
        let leaf = view.leaf(index)?;
        let tree = view.tree();
        let sequenced = Sequenced {
            index,
            duplicate: true,
            leaf_hash: leaf.hash(),
            time: leaf.time,
            tree: tree.clone(),
            proof: view.inclusion_proof(index, tree.size)?,
        };
        Ok(Self::sequenced(log, &leaf.bytes, &sequenced)?)
    }

    /// How it is named.
    pub(crate) fn id(&self) -> &EntryId {
        &self.id
    }
}

impl Serialize for LogEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.id.to_string(), &self.entry)?;
        map.end()
    }
}
