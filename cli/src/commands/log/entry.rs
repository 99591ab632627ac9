//! An entry of either tree, with the proof that the log holds it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::TransparencyLogEntry;
use lite_bundle::trust::TrustedRoot;
use lite_entries::SearchKey;
use lite_time::Time;
use lite_tlog::{Hash, leaf_hash};
use lite_verifier::{Reason, Refusal, Trust};
use serde_json::{Value, json};

use super::checkpoints::{Signed, tree_id};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::trust::LogVersion;

/// An entry, proven to be in a tree that a trusted log signed.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// By which the log finds it: over all trees in v1, the leaf index in v2.
    pub(super) index: u64,
    pub(super) leaf: Vec<u8>,
    /// The leaf index, which the proof is about.
    pub(super) leaf_index: u64,
    pub(super) proof: Vec<Hash>,
    /// The tree that the proof leads to.
    pub(super) signed: Signed,
    /// When a log of v1 took it, which the log's promise says.
    pub(super) promised: Option<Promised>,
}

/// Why a log's answer is not the entry, in words.
fn refuse(index: u64, refusal: &Refusal) -> Failure {
    let sentence = match refusal.reason {
        Reason::LogUnknown => "the entry is of a log that is not trusted",
        Reason::LogWindow | Reason::LogWindowMissing => {
            "the entry is of a time when the log was not trusted"
        }
        Reason::InclusionProofMissing => "the entry comes without a proof",
        Reason::InclusionProofInvalid => "the log does not hold this entry",
        Reason::LogIndexMismatch => "the proof is of another entry",
        Reason::SetMissing => "the entry comes without a promise",
        Reason::SetSignature => "the promise is not the log's",
        _ => "the checkpoint is not signed by the entry's log",
    };
    let failure = Failure::new(Exit::Refused, sentence)
        .note("index", index.to_string())
        .note("expected", &refusal.expected)
        .note("found", &refusal.found);
    if refusal.reason == Reason::LogUnknown {
        failure.hint("does this log belong to the trusted root? siglite use URL fetches another")
    } else {
        failure
    }
}

/// What a log of v1 promises: a time, and its signature over that.
#[derive(Clone, Debug)]
pub(super) struct Promised {
    pub(super) at: Time,
    pub(super) signature: Vec<u8>,
}

impl Entry {
    /// Verifies what a log answered about one entry: that its proof leads to a tree that a trusted
    /// log signed, and that its promise, where there is one, is that log's.
    pub(super) fn verify(
        answer: &TransparencyLogEntry,
        root: &TrustedRoot,
        version: LogVersion,
    ) -> Outcome<Self> {
        let proven = Trust::new(root)
            .logged_entry(answer, version.into())
            .map_err(|refusal| refuse(answer.log_index, &refusal))?;
        let note = answer.inclusion_proof.as_ref().and_then(|proof| proof.checkpoint.as_deref());
        let signed = Signed::of(proven.tree, note.unwrap_or_default().as_bytes());
        let signed = signed.ok_or_else(|| {
            Failure::new(Exit::Trust, "the trusted root names the log by an ID that is none")
        })?;
        Ok(Self {
            index: answer.log_index,
            leaf: answer.canonicalized_body.clone(),
            leaf_index: proven.leaf_index,
            proof: proven.proof,
            signed,
            promised: proven
                .integrated_at
                .zip(answer.inclusion_promise.clone())
                .map(|(at, signature)| Promised { at, signature }),
        })
    }

    /// How a log of v1 names it: tree and leaf hash.
    pub(super) fn uuid(&self) -> Option<String> {
        let tree: u64 = tree_id(&self.signed.checkpoint.origin)?.parse().ok()?;
        Some(format!("{tree:016x}{}", hex::encode(leaf_hash(&self.leaf))))
    }

    /// What it is found by, as far as its leaf says.
    pub(super) fn keys(&self) -> Vec<SearchKey> {
        lite_entries::search_keys(&self.leaf)
    }

    /// Everything, for programs.
    pub(super) fn json(&self) -> Value {
        // Every leaf of Rekor is JSON; what is not is shown as bytes.
        let body = serde_json::from_slice(&self.leaf);
        let mut data = json!({
            "logIndex": self.index,
            "leafHash": STANDARD.encode(leaf_hash(&self.leaf)),
            "body": body.unwrap_or_else(|_| json!(STANDARD.encode(&self.leaf))),
            "inclusionProof": self.proof_json(),
            "checkpoint": self.signed.note,
        });
        if let Some(uuid) = self.uuid() {
            data["uuid"] = json!(uuid);
        }
        if let Some(promised) = &self.promised {
            data["integratedTime"] = json!(promised.at.secs());
            data["signedEntryTimestamp"] = json!(STANDARD.encode(&promised.signature));
        }
        data
    }

    /// The proof alone.
    pub(super) fn proof_json(&self) -> Value {
        let checkpoint = &self.signed.checkpoint;
        super::read::proof_json(self.leaf_index, checkpoint.size, &checkpoint.root, &self.proof)
    }

    /// One line for people: index, time, kind, who and what.
    pub(super) fn line(&self) -> String {
        let mut parts = vec![self.index.to_string()];
        parts.extend(self.promised.as_ref().map(|promised| promised.at.to_rfc3339()));
        match lite_entries::kind_of(&self.leaf) {
            Some((kind, version)) => parts.push(format!("{kind} {version}")),
            None => parts.push(format!("{} bytes", self.leaf.len())),
        }
        parts.extend(self.keys().iter().map(ToString::to_string));
        parts.join("  ")
    }

    /// Where it is, for the verdict.
    pub(super) fn sentence(&self) -> String {
        let (size, origin) = (self.signed.checkpoint.size, &self.signed.checkpoint.origin);
        format!("entry {} is in the tree of {size} that {origin} signed", self.index)
    }
}
