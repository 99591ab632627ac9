//! An entry of either tree, with the proof that the log holds it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::TransparencyLogEntry;
use lite_bundle::trust::TrustedRoot;
use lite_entries::SearchKey;
use lite_keys::{HashAlgorithm, PublicKey};
use lite_time::Time;
use lite_tlog::{Hash, leaf_hash, verify_inclusion};
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
        let refuse = |sentence: &str| {
            Failure::new(Exit::Refused, sentence).note("index", answer.log_index.to_string())
        };
        // (1) A log that is trusted signed the tree.
        let log = root.tlogs.iter().find(|log| log.log_id.key_id == answer.log_id);
        let log = log.ok_or_else(|| {
            refuse("the entry is of a log that is not trusted")
                .note("found", hex::encode(&answer.log_id))
                .hint("does this log belong to the trusted root? siglite use URL fetches another")
        })?;
        let proof = answer.inclusion_proof.as_ref();
        let proof = proof.ok_or_else(|| refuse("the entry comes without a proof"))?;
        let note = proof.checkpoint.as_deref().unwrap_or_default().as_bytes();
        let signed = Signed::open_of(note, log, version)
            .ok_or_else(|| refuse("the checkpoint is not signed by the entry's log"))?;
        // (2) The proof leads from the leaf to that tree.
        let hash = |bytes: &Vec<u8>| Hash::try_from(bytes.as_slice()).ok();
        let hashes: Option<Vec<Hash>> = proof.hashes.iter().map(hash).collect();
        let hashes = hashes.ok_or_else(|| refuse("the proof has a hash that is none"))?;
        let (size, root_hash) = (signed.checkpoint.size, signed.checkpoint.root);
        let leaf = leaf_hash(&answer.canonicalized_body);
        verify_inclusion(&leaf, proof.log_index, size, &hashes, &root_hash)
            .map_err(|error| refuse("the log does not hold this entry").because(&error))?;
        if version == LogVersion::V2 && proof.log_index != answer.log_index {
            return Err(
                refuse("the proof is of another entry").note("found", proof.log_index.to_string())
            );
        }
        // (3) The promise is the log's, and made while the log was trusted.
        let promised = match (version, answer.integrated_time, &answer.inclusion_promise) {
            (LogVersion::V2, _, _) => None,
            (LogVersion::V1, Some(at), Some(signature)) => {
                let at = Time::from_secs(at);
                PublicKey::from_spki_der(&log.public_key.raw_bytes)
                    .map_err(|error| refuse("the log's key cannot be read").because(&error))?
                    .verify(HashAlgorithm::Sha256, &answer.promised_bytes(), signature)
                    .map_err(|error| refuse("the promise is not the log's").because(&error))?;
                if !log.window().is_some_and(|window| window.contains(at)) {
                    return Err(refuse("the entry is of a time when the log was not trusted")
                        .note("found", at.to_rfc3339()));
                }
                Some(Promised { at, signature: signature.clone() })
            }
            (LogVersion::V1, _, _) => return Err(refuse("the entry comes without a promise")),
        };
        Ok(Self {
            index: answer.log_index,
            leaf: answer.canonicalized_body.clone(),
            leaf_index: proof.log_index,
            proof: hashes,
            signed,
            promised,
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
