//! `TransparencyLogEntry`: a leaf, where it stands in which log, and the evidence for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::JsonError;
use crate::bundle::BundleError;
use crate::encoding::{Int64, Limited, Object, Text, object};

/// Most hashes of an inclusion proof: a tree of 2^63 leaves needs 63.
pub const MAX_PROOF_HASHES: usize = 64;
/// Longest leaf that is read. Rekor v1 leaves may be larger than the 65,535 bytes of a tile's.
const MAX_BODY_BYTES: usize = 16 << 20;
/// Longest signature, hash or log ID, with room for algorithms to come.
const MAX_SIGNATURE_BYTES: usize = 16 << 10;
/// Longest name of a kind, a version, a type or a key; hints of keys are 44 characters.
const MAX_NAME_BYTES: usize = 4 << 10;
/// Longest checkpoint: a body and a hundred signature lines.
const MAX_CHECKPOINT_BYTES: usize = 64 << 10;

/// A leaf of a signature log, with the evidence that the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransparencyLogEntry {
    /// Index over all shards of the log (v1), or the leaf index (v2).
    pub log_index: u64,
    /// The log's ID, 32 bytes.
    pub log_id: Vec<u8>,
    /// For example `hashedrekord`.
    pub kind: String,
    /// For example `0.0.2`.
    pub version: String,
    /// Rekor v1's time of inclusion, seconds since 1970. Nothing but the SET authenticates it.
    pub integrated_time: Option<i64>,
    /// The SET; Rekor v2 issues none.
    pub inclusion_promise: Option<Vec<u8>>,
    /// The Merkle proof and its checkpoint.
    pub inclusion_proof: Option<InclusionProof>,
    /// The leaf.
    pub canonicalized_body: Vec<u8>,
}

/// That a leaf is under a root, and who signed the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The leaf index.
    pub log_index: u64,
    /// The root hash, 32 bytes.
    pub root_hash: Vec<u8>,
    /// The tree size.
    pub tree_size: u64,
    /// Sibling hashes, lowest first, 32 bytes each.
    pub hashes: Vec<Vec<u8>>,
    /// The signed note; bundles of v0.1 may lack it.
    pub checkpoint: Option<String>,
}

/// The bytes that a signed entry timestamp (SET) is over: RFC 8785 of body, time in seconds, log and
/// index (rekor:pkg/api/entries.go, `signEntry`). None of them holds a character that JSON escapes.
#[must_use]
pub fn promised_bytes(leaf: &[u8], integrated: i64, log_id: &[u8], index: u64) -> Vec<u8> {
    let (body, log_id) = (STANDARD.encode(leaf), hex::encode(log_id));
    let text = format!(
        r#"{{"body":"{body}","integratedTime":{integrated},"logID":"{log_id}","logIndex":{index}}}"#
    );
    text.into_bytes()
}

impl TransparencyLogEntry {
    /// Reads what a Rekor v2 log answers.
    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        let Object::<WireEntry<'_>>(wire) =
            serde_json::from_slice(json).map_err(JsonError::from)?;
        wire.read()
    }

    /// What a SET of this entry signs; an entry without a time is signed as of 1970.
    #[must_use]
    pub fn promised_bytes(&self) -> Vec<u8> {
        promised_bytes(
            &self.canonicalized_body,
            self.integrated_time.unwrap_or(0),
            &self.log_id,
            self.log_index,
        )
    }

    /// The entry as bundles hold it: members with default values are left out.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and lists always serialise.
        serde_json::to_string(&WireEntry::from(self)).unwrap_or_default()
    }

    /// The entry as a Rekor v2 log answers it: every member is there, as proto-JSON with
    /// `EmitUnpopulated` writes it, and nothing else. Strict clients refuse any decoration.
    #[must_use]
    pub fn to_answer_json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer<'a> {
            log_index: Int64,
            log_id: WireLogId<'a>,
            kind_version: WireKindVersion<'a>,
            integrated_time: Int64,
            inclusion_promise: Option<WirePromise<'a>>,
            inclusion_proof: Option<AnswerProof<'a>>,
            canonicalized_body: Text<'a>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct AnswerProof<'a> {
            log_index: Int64,
            root_hash: Text<'a>,
            tree_size: Int64,
            hashes: Limited<Text<'a>, MAX_PROOF_HASHES>,
            checkpoint: Option<WireCheckpoint<'a>>,
        }
        let wire = WireEntry::from(self);
        let answer = Answer {
            log_index: wire.log_index,
            log_id: wire.log_id.unwrap_or_default(),
            kind_version: wire.kind_version.unwrap_or_default(),
            integrated_time: wire.integrated_time,
            inclusion_promise: wire.inclusion_promise,
            inclusion_proof: wire.inclusion_proof.map(|proof| AnswerProof {
                log_index: proof.log_index,
                root_hash: proof.root_hash,
                tree_size: proof.tree_size,
                hashes: proof.hashes,
                checkpoint: proof.checkpoint,
            }),
            canonicalized_body: wire.canonicalized_body,
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }
}

/// The wire's shape. Every member may be missing, as proto-JSON allows; [`WireEntry::read`] says
/// which must not be.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WireEntry<'a> {
    #[serde(default, skip_serializing_if = "Int64::is_zero")]
    log_index: Int64,
    #[serde(borrow, default, deserialize_with = "object")]
    log_id: Option<WireLogId<'a>>,
    #[serde(borrow, default, deserialize_with = "object")]
    kind_version: Option<WireKindVersion<'a>>,
    #[serde(default, skip_serializing_if = "Int64::is_zero")]
    integrated_time: Int64,
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    inclusion_promise: Option<WirePromise<'a>>,
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    inclusion_proof: Option<WireProof<'a>>,
    #[serde(borrow, default)]
    canonicalized_body: Text<'a>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireLogId<'a> {
    #[serde(borrow, default)]
    key_id: Text<'a>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireKindVersion<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WirePromise<'a> {
    #[serde(borrow, default)]
    signed_entry_timestamp: Text<'a>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireProof<'a> {
    #[serde(default, skip_serializing_if = "Int64::is_zero")]
    log_index: Int64,
    #[serde(borrow, default)]
    root_hash: Text<'a>,
    #[serde(default, skip_serializing_if = "Int64::is_zero")]
    tree_size: Int64,
    #[serde(borrow, default, skip_serializing_if = "Limited::is_empty")]
    hashes: Limited<Text<'a>, MAX_PROOF_HASHES>,
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    checkpoint: Option<WireCheckpoint<'a>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireCheckpoint<'a> {
    #[serde(borrow, default)]
    envelope: Text<'a>,
}

impl WireEntry<'_> {
    /// Decodes, each part within its limit.
    pub(crate) fn read(self) -> Result<TransparencyLogEntry, BundleError> {
        let log_id = self.log_id.ok_or(BundleError::Missing("logId"))?;
        let kind_version = self.kind_version.ok_or(BundleError::Missing("kindVersion"))?;
        let inclusion_promise = self
            .inclusion_promise
            .map(|promise| {
                required(
                    "signedEntryTimestamp",
                    &promise.signed_entry_timestamp,
                    MAX_SIGNATURE_BYTES,
                )
            })
            .transpose()?;
        Ok(TransparencyLogEntry {
            log_index: natural("logIndex", self.log_index)?,
            log_id: required("logId", &log_id.key_id, MAX_SIGNATURE_BYTES)?,
            kind: named("kindVersion", kind_version.kind)?,
            version: named("kindVersion", kind_version.version)?,
            integrated_time: match natural("integratedTime", self.integrated_time)? {
                0 => None,
                _ => Some(self.integrated_time.0),
            },
            inclusion_promise,
            inclusion_proof: self.inclusion_proof.map(WireProof::read).transpose()?,
            canonicalized_body: required(
                "canonicalizedBody",
                &self.canonicalized_body,
                MAX_BODY_BYTES,
            )?,
        })
    }
}

impl WireProof<'_> {
    fn read(self) -> Result<InclusionProof, BundleError> {
        if self.hashes.overflow {
            return Err(BundleError::TooMany("inclusionProof.hashes"));
        }
        let hashes = self.hashes.items.iter();
        let checkpoint = self.checkpoint.map(|checkpoint| checkpoint.envelope.0);
        if checkpoint.as_ref().is_some_and(|envelope| envelope.len() > MAX_CHECKPOINT_BYTES) {
            return Err(BundleError::TooLong("checkpoint"));
        }
        Ok(InclusionProof {
            log_index: natural("inclusionProof.logIndex", self.log_index)?,
            root_hash: required("rootHash", &self.root_hash, MAX_SIGNATURE_BYTES)?,
            tree_size: natural("treeSize", self.tree_size)?,
            hashes: hashes
                .map(|hash| required("inclusionProof.hashes", hash, MAX_SIGNATURE_BYTES))
                .collect::<Result<_, _>>()?,
            checkpoint: checkpoint
                .filter(|envelope| !envelope.is_empty())
                .map(std::borrow::Cow::into_owned),
        })
    }
}

impl<'a> From<&'a TransparencyLogEntry> for WireEntry<'a> {
    fn from(entry: &'a TransparencyLogEntry) -> Self {
        Self {
            log_index: integer(entry.log_index),
            log_id: Some(WireLogId { key_id: Text::of_bytes(&entry.log_id) }),
            kind_version: Some(WireKindVersion {
                kind: Text(entry.kind.as_str().into()),
                version: Text(entry.version.as_str().into()),
            }),
            integrated_time: Int64(entry.integrated_time.unwrap_or(0)),
            inclusion_promise: entry
                .inclusion_promise
                .as_ref()
                .map(|set| WirePromise { signed_entry_timestamp: Text::of_bytes(set) }),
            inclusion_proof: entry.inclusion_proof.as_ref().map(WireProof::from),
            canonicalized_body: Text::of_bytes(&entry.canonicalized_body),
        }
    }
}

impl<'a> From<&'a InclusionProof> for WireProof<'a> {
    fn from(proof: &'a InclusionProof) -> Self {
        Self {
            log_index: integer(proof.log_index),
            root_hash: Text::of_bytes(&proof.root_hash),
            tree_size: integer(proof.tree_size),
            hashes: proof.hashes.iter().map(|hash| Text::of_bytes(hash)).collect::<Vec<_>>().into(),
            checkpoint: proof
                .checkpoint
                .as_ref()
                .map(|envelope| WireCheckpoint { envelope: Text(envelope.as_str().into()) }),
        }
    }
}

/// Bytes that must be there.
pub(crate) fn required(
    member: &'static str,
    text: &Text<'_>,
    limit: usize,
) -> Result<Vec<u8>, BundleError> {
    use crate::encoding::Base64Problem;
    match text.decode(limit) {
        Ok(bytes) if bytes.is_empty() => Err(BundleError::Missing(member)),
        Ok(bytes) => Ok(bytes),
        Err(Base64Problem::NotBase64) => Err(BundleError::NotBase64(member)),
        Err(Base64Problem::TooLong) => Err(BundleError::TooLong(member)),
    }
}

/// A name, which may be empty.
pub(crate) fn named(member: &'static str, text: Text<'_>) -> Result<String, BundleError> {
    if text.0.len() > MAX_NAME_BYTES {
        return Err(BundleError::TooLong(member));
    }
    Ok(text.0.into_owned())
}

fn natural(member: &'static str, number: Int64) -> Result<u64, BundleError> {
    u64::try_from(number.0).map_err(|_| BundleError::Negative(member))
}

/// Indexes and sizes are `int64` on the wire; a tree never grows beyond it.
fn integer(number: u64) -> Int64 {
    Int64(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_is_canonical_json() {
        let leaf = br#"{"apiVersion":"0.0.1"}"#;
        let value = serde_json::json!({
            "logIndex": 9_007_199_254_740_991_u64,
            "logID": "07".repeat(32),
            "integratedTime": 1_700_000_000,
            "body": STANDARD.encode(leaf),
        });
        assert_eq!(
            promised_bytes(leaf, 1_700_000_000, &[7; 32], 9_007_199_254_740_991),
            serde_json_canonicalizer::to_vec(&value).unwrap()
        );
    }
}
