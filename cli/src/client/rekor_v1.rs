//! The transparency log, API v1: entries in; entries by name and by what they are found by, and
//! proofs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use lite_bundle::{Envelope, InclusionProof, TransparencyLogEntry};
use lite_keys::HashAlgorithm;
use lite_tlog::Hash;
use serde::Deserialize;
use serde_json::{Value, json};

use super::rekor::WHAT;
use super::{Answer, Web, below};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// `hashedrekord` 0.0.1, as it is proposed.
pub(crate) fn hashedrekord(
    hash: HashAlgorithm,
    digest: &[u8],
    signature: &[u8],
    verifier_pem: &str,
) -> Value {
    json!({
        "kind": "hashedrekord",
        "apiVersion": "0.0.1",
        "spec": {
            "data": { "hash": { "algorithm": hash.short_name(), "value": hex::encode(digest) } },
            "signature": {
                "content": STANDARD.encode(signature),
                "publicKey": { "content": STANDARD.encode(verifier_pem) },
            },
        },
    })
}

/// `dsse` 0.0.1, as it is proposed.
pub(crate) fn dsse(envelope: &Envelope, verifier_pem: &str) -> Value {
    json!({
        "kind": "dsse",
        "apiVersion": "0.0.1",
        "spec": { "proposedContent": {
            "envelope": envelope.to_json(),
            "verifiers": [STANDARD.encode(verifier_pem)],
        }},
    })
}

/// How an entry is named.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<'a> {
    /// By its index over all trees of the log.
    Index(u64),
    /// By 64 hexadecimal digits of its leaf hash, or 80 with its tree.
    Uuid(&'a str),
}

/// An entry; `None` if the log has none of this name. Its proof and promise are unverified.
pub(crate) async fn entry(
    web: &Web,
    base: &str,
    name: Name<'_>,
) -> Outcome<Option<TransparencyLogEntry>> {
    let path = match name {
        Name::Index(index) => format!("api/v1/log/entries?logIndex={index}"),
        Name::Uuid(uuid) => format!("api/v1/log/entries/{uuid}"),
    };
    let answer = web.get(WHAT, &below(base, &path)).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    only_entry(&answer.with_status(WHAT, StatusCode::OK)?).map(Some)
}

/// Asks the log to take an entry. The answer's proof and promise are unverified.
pub(crate) async fn create(
    web: &Web,
    base: &str,
    proposed: &Value,
) -> Outcome<TransparencyLogEntry> {
    let answer = post(web, base, proposed).await?;
    if answer.status == StatusCode::CONFLICT {
        return Err(answer
            .refusal(WHAT)
            .hint("this very signature is logged already: use the bundle that was made then"));
    }
    taken(&answer)
}

/// The same; `None` if the log has the entry already and does not show it here.
pub(crate) async fn upload(
    web: &Web,
    base: &str,
    proposed: &Value,
) -> Outcome<Option<TransparencyLogEntry>> {
    let answer = post(web, base, proposed).await?;
    if answer.status == StatusCode::CONFLICT {
        return Ok(None);
    }
    taken(&answer).map(Some)
}

async fn post(web: &Web, base: &str, proposed: &Value) -> Outcome<Answer> {
    web.post_json(WHAT, &below(base, "api/v1/log/entries"), proposed, None).await
}

fn taken(answer: &Answer) -> Outcome<TransparencyLogEntry> {
    match answer.status {
        StatusCode::CREATED => only_entry(answer),
        _ => Err(answer.refusal(WHAT)),
    }
}

/// The entry that the log made of this, if it did. Its proof and promise are unverified.
pub(crate) async fn held(
    web: &Web,
    base: &str,
    proposed: &Value,
) -> Outcome<Option<TransparencyLogEntry>> {
    let url = below(base, "api/v1/log/entries/retrieve");
    let answer = web.post_json(WHAT, &url, &json!({ "entries": [proposed] }), None).await?;
    let answer = answer.with_status(WHAT, StatusCode::OK)?;
    let found: Vec<BTreeMap<String, LogEntry>> = answer.json(WHAT)?;
    let Some((_, entry)) = found.into_iter().flatten().next() else { return Ok(None) };
    entry.read().map(Some).ok_or_else(|| answer.nonsense(WHAT))
}

/// The names of entries that the log's search gives. Unverified: a search can leave out, and what
/// it names is to be fetched and looked at.
pub(crate) async fn search(web: &Web, base: &str, query: &Value) -> Outcome<Vec<String>> {
    let answer = web.post_json(WHAT, &below(base, "api/v1/index/retrieve"), query, None).await?;
    if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED) {
        return Err(Failure::new(Exit::Instance, "the log has no search")
            .note("server", base)
            .hint("siglite log get INDEX reads one entry"));
    }
    answer.with_status(WHAT, StatusCode::OK)?.json(WHAT)
}

/// The newest checkpoint, unverified.
pub(crate) async fn checkpoint(web: &Web, base: &str) -> Outcome<Vec<u8>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Info {
        signed_tree_head: String,
    }
    let answer = web.get(WHAT, &below(base, "api/v1/log")).await?;
    let info: Info = answer.with_status(WHAT, StatusCode::OK)?.json(WHAT)?;
    Ok(info.signed_tree_head.into_bytes())
}

/// A consistency proof between two sizes of the tree that is named, unverified.
pub(crate) async fn consistency(
    web: &Web,
    base: &str,
    tree: &str,
    old: u64,
    new: u64,
) -> Outcome<Vec<Hash>> {
    #[derive(Deserialize)]
    struct Proof {
        hashes: Vec<String>,
    }
    let query = format!("firstSize={old}&lastSize={new}&treeID={tree}");
    let answer = web.get(WHAT, &below(base, &format!("api/v1/log/proof?{query}"))).await?;
    let answer = answer.with_status(WHAT, StatusCode::OK)?;
    let Proof { hashes } = answer.json(WHAT)?;
    let hash = |text: &String| {
        let mut hash = Hash::default();
        hex::decode_to_slice(text, &mut hash).map_err(|_| answer.nonsense(WHAT))?;
        Ok(hash)
    };
    hashes.iter().map(hash).collect()
}

/// `{"<name>": {entry}}`, as all answers about one entry are.
fn only_entry(answer: &Answer) -> Outcome<TransparencyLogEntry> {
    let entries: BTreeMap<String, LogEntry> = answer.json(WHAT)?;
    let nonsense = || answer.nonsense(WHAT);
    let (_, entry) = entries.into_iter().next().ok_or_else(nonsense)?;
    entry.read().ok_or_else(nonsense)
}

/// rekor:openapi.yaml, `LogEntry`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEntry {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: Verification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: Proof,
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

impl LogEntry {
    fn read(self) -> Option<TransparencyLogEntry> {
        let leaf = STANDARD.decode(&self.body).ok()?;
        // A leaf that does not say what it is, is for its reader to refuse.
        let (kind, version) = lite_entries::kind_of(&leaf).unwrap_or_default();
        let Verification { inclusion_proof: proof, signed_entry_timestamp } = self.verification;
        Some(TransparencyLogEntry {
            log_index: self.log_index,
            log_id: hex::decode(&self.log_id).ok()?,
            kind,
            version,
            integrated_time: Some(self.integrated_time),
            inclusion_promise: Some(STANDARD.decode(&signed_entry_timestamp).ok()?),
            inclusion_proof: Some(InclusionProof {
                log_index: proof.log_index,
                root_hash: hex::decode(&proof.root_hash).ok()?,
                tree_size: proof.tree_size,
                hashes: proof
                    .hashes
                    .iter()
                    .map(|hash| hex::decode(hash).ok())
                    .collect::<Option<_>>()?,
                checkpoint: Some(proof.checkpoint),
            }),
            canonicalized_body: leaf,
        })
    }
}
