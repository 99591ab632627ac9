//! The transparency log, of either API: entries in; entries, tiles and checkpoints out.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use lite_bundle::body::{EntryVerifier, HashedRekord002};
use lite_bundle::{Envelope, InclusionProof, TransparencyLogEntry};
use lite_keys::HashAlgorithm;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Web, below};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

pub(super) const WHAT: &str = "the transparency log";

/// Asks the log to take a signature. The answer's proof and checkpoint are unverified.
pub(crate) async fn create_entry(
    web: &Web,
    base: &str,
    entry: &HashedRekord002,
) -> Outcome<TransparencyLogEntry> {
    let verifier = match &entry.verifier {
        EntryVerifier::Certificate(der) => json!({
            "x509Certificate": { "rawBytes": STANDARD.encode(der) },
            "keyDetails": entry.key_details.name(),
        }),
        EntryVerifier::PublicKey(der) => json!({
            "publicKey": { "rawBytes": STANDARD.encode(der) },
            "keyDetails": entry.key_details.name(),
        }),
    };
    let body = json!({
        "hashedRekordRequestV002": {
            "digest": STANDARD.encode(&entry.digest),
            "signature": { "content": STANDARD.encode(&entry.signature), "verifier": verifier },
        },
    });
    let answer = web.post_json(WHAT, &below(base, "api/v2/log/entries"), &body, None).await?;
    match answer.status {
        StatusCode::CREATED => TransparencyLogEntry::parse(&answer.body)
            .map_err(|error| answer.nonsense(WHAT).because(&error)),
        // A log in strict mode keeps the proof of the earlier entry to itself.
        StatusCode::CONFLICT => Err(answer
            .refusal(WHAT)
            .hint("this very signature is logged already: use the bundle that was made then")),
        _ => Err(answer.refusal(WHAT)),
    }
}

/// `hashedrekord` 0.0.1, as it is proposed to a log with API v1.
pub(crate) fn proposed_hashedrekord(
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

/// `dsse` 0.0.1, as it is proposed to a log with API v1.
pub(crate) fn proposed_dsse(envelope: &Envelope, verifier_pem: &str) -> Value {
    json!({
        "kind": "dsse",
        "apiVersion": "0.0.1",
        "spec": { "proposedContent": {
            "envelope": envelope.to_json(),
            "verifiers": [STANDARD.encode(verifier_pem)],
        }},
    })
}

/// Asks a log with API v1 to take an entry. The answer's proof and promise are unverified.
pub(crate) async fn create_entry_of_v1(
    web: &Web,
    base: &str,
    proposed: &Value,
) -> Outcome<TransparencyLogEntry> {
    let answer = web.post_json(WHAT, &below(base, "api/v1/log/entries"), proposed, None).await?;
    match answer.status {
        StatusCode::CREATED => {
            let entries: BTreeMap<String, EntryOfV1> = answer.json(WHAT)?;
            let nonsense = || answer.nonsense(WHAT);
            let (_, entry) = entries.into_iter().next().ok_or_else(nonsense)?;
            entry.read().ok_or_else(nonsense)
        }
        StatusCode::CONFLICT => Err(answer
            .refusal(WHAT)
            .hint("this very signature is logged already: use the bundle that was made then")),
        _ => Err(answer.refusal(WHAT)),
    }
}

/// An entry of a log with API v1, as a bundle holds it. Its proof and promise are unverified.
pub(crate) async fn entry_of_v1(
    web: &Web,
    base: &str,
    index: u64,
) -> Outcome<TransparencyLogEntry> {
    let url = below(base, &format!("api/v1/log/entries?logIndex={index}"));
    let answer = web.get(WHAT, &url).await?.with_status(WHAT, StatusCode::OK)?;
    let entries: BTreeMap<String, EntryOfV1> = answer.json(WHAT)?;
    let nonsense = || answer.nonsense(WHAT);
    let (_, entry) = entries.into_iter().next().ok_or_else(nonsense)?;
    entry.read().ok_or_else(nonsense)
}

/// The entry that a log with API v1 made of this, if it did. Its proof and promise are unverified.
pub(crate) async fn held_by_v1(
    web: &Web,
    base: &str,
    proposed: &Value,
) -> Outcome<Option<TransparencyLogEntry>> {
    let url = below(base, "api/v1/log/entries/retrieve");
    let answer = web.post_json(WHAT, &url, &json!({ "entries": [proposed] }), None).await?;
    let answer = answer.with_status(WHAT, StatusCode::OK)?;
    let found: Vec<BTreeMap<String, EntryOfV1>> = answer.json(WHAT)?;
    let Some((_, entry)) = found.into_iter().flatten().next() else { return Ok(None) };
    entry.read().map(Some).ok_or_else(|| answer.nonsense(WHAT))
}

/// rekor:openapi.yaml, `LogEntry`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryOfV1 {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: VerificationOfV1,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerificationOfV1 {
    inclusion_proof: ProofOfV1,
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProofOfV1 {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

impl EntryOfV1 {
    pub(super) fn read(self) -> Option<TransparencyLogEntry> {
        /// What a leaf says that is no entry of ours is for its reader to refuse.
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            api_version: String,
            kind: String,
        }
        let leaf = STANDARD.decode(&self.body).ok()?;
        let Body { api_version, kind } = serde_json::from_slice(&leaf).unwrap_or_default();
        let VerificationOfV1 { inclusion_proof: proof, signed_entry_timestamp } = self.verification;
        Some(TransparencyLogEntry {
            log_index: self.log_index,
            log_id: hex::decode(&self.log_id).ok()?,
            kind,
            version: api_version,
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

/// The newest checkpoint, unverified.
pub(crate) async fn checkpoint(web: &Web, base: &str) -> Outcome<Vec<u8>> {
    let answer = web.get(WHAT, &below(base, "api/v2/checkpoint")).await?;
    Ok(answer.with_status(WHAT, StatusCode::OK)?.body.to_vec())
}

/// A tile or an entry bundle by its path, partial where the tree ends in it; a log that has let go
/// of the partial one has the full one, of which it is a prefix. `base` is that of the tree's API.
pub(crate) async fn resource(
    web: &Web,
    base: &str,
    path: &str,
    full_path: &str,
) -> Outcome<Vec<u8>> {
    let get = |path: &str| below(base, path);
    let mut answer = web.get(WHAT, &get(path)).await?;
    if answer.status == StatusCode::NOT_FOUND && path != full_path {
        answer = web.get(WHAT, &get(full_path)).await?;
    }
    if answer.status == StatusCode::NOT_FOUND {
        return Err(Failure::new(Exit::Instance, format!("{WHAT} does not serve {path}"))
            .note("server", base)
            .hint(
                "does this log serve tiles? every log of API v2 does, and of those of API v1 only \
                 siglite's",
            ));
    }
    Ok(answer.with_status(WHAT, StatusCode::OK)?.body.to_vec())
}

/// The indexes that the log's search gives for a query string, and how many entries it looked at.
/// Unverified: a search can leave out, and what it names is to be fetched and looked at.
pub(crate) async fn search(
    web: &Web,
    base: &str,
    query: &[(&str, String)],
) -> Outcome<(Vec<u64>, u64)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Found {
        log_indexes: Vec<String>,
        reached: String,
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let answer = web.get(WHAT, &below(base, &format!("api/v2/index?{query}"))).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Err(Failure::new(Exit::Instance, "the log has no search")
            .note("server", base)
            .hint("logs of API v2 that are not siglite's have none: siglite log get INDEX reads one entry"));
    }
    let answer = answer.with_status(WHAT, StatusCode::OK)?;
    let Found { log_indexes, reached } = answer.json(WHAT)?;
    let number = |text: &String| text.parse().map_err(|_| answer.nonsense(WHAT));
    Ok((log_indexes.iter().map(number).collect::<Outcome<_>>()?, number(&reached)?))
}
