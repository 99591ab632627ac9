//! `GET /ct/v1/get-entries`, `get-entry-and-proof` (RFC 6962, Sections 4.6 and 4.8)

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use lite_store::{Leaf, ReadError, View};

use crate::http::error::ApiError;
use crate::http::proofs::{check_size, encode};
use crate::log::{CtLog, LeafParts};

#[derive(Deserialize)]
pub(crate) struct EntriesQuery {
    start: u64,
    end: u64,
}

#[derive(Serialize)]
pub(crate) struct Entries {
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    leaf_input: String,
    extra_data: String,
}

#[derive(Deserialize)]
pub(crate) struct EntryQuery {
    leaf_index: u64,
    tree_size: u64,
}

#[derive(Serialize)]
pub(crate) struct EntryAndProof {
    leaf_input: String,
    extra_data: String,
    audit_path: Vec<String>,
}

const WIDTH: u64 = 256;

pub(crate) async fn get_entries(
    State(log): State<CtLog>,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<Entries>, ApiError> {
    let view = log.view();
    if query.start > query.end || query.start >= view.tree().size {
        return Err(ApiError::bad_request("no such entries"));
    }
    blocking(move || {
        let entries = leaves(&view, query.start, query.end)?;
        let entries = entries.iter().map(|leaf| entry(&log, leaf)).collect::<Result<_, _>>()?;
        Ok(Entries { entries })
    })
    .await
}

pub(crate) async fn get_entry_and_proof(
    State(log): State<CtLog>,
    Query(query): Query<EntryQuery>,
) -> Result<Json<EntryAndProof>, ApiError> {
    let view = log.view();
    check_size(&view, query.tree_size)?;
    if query.leaf_index >= query.tree_size {
        return Err(ApiError::bad_request("the leaf is not in that tree"));
    }
    blocking(move || {
        let Entry { leaf_input, extra_data } = entry(&log, &*view.leaf(query.leaf_index)?)?;
        let proof = view.inclusion_proof(query.leaf_index, query.tree_size)?;
        Ok(EntryAndProof { leaf_input, extra_data, audit_path: encode(&proof) })
    })
    .await
}

/// Reads files, so it leaves the runtime's threads.
async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<Json<T>, ApiError> {
    let read = tokio::task::spawn_blocking(read).await;
    Ok(Json(read.map_err(|error| ApiError::internal(&error))??))
}

/// Up to the end of the bundle in which `start` lies. RFC 6962, Section 4.6: logs "MAY restrict
/// the number of entries that can be retrieved per request", and clients ask for the rest.
fn leaves(view: &View, start: u64, end: u64) -> Result<Vec<Arc<Leaf>>, ReadError> {
    let leaves = view.leaves(start / WIDTH)?;
    let wanted = end.saturating_sub(start).saturating_add(1);
    let skip = usize::try_from(start % WIDTH).unwrap_or(usize::MAX); // Below 256.
    let take = usize::try_from(wanted).unwrap_or(usize::MAX);
    Ok(leaves.iter().skip(skip).take(take).cloned().collect())
}

fn entry(log: &CtLog, leaf: &Leaf) -> Result<Entry, ReadError> {
    let extra = extra_data(&log.chain_of(leaf)?);
    Ok(Entry { leaf_input: STANDARD.encode(&leaf.bytes), extra_data: STANDARD.encode(extra) })
}

/// `PrecertChainEntry` or `certificate_chain` of `X509ChainEntry`: the precertificate, if there is
/// one, then the chain; each certificate and the chain itself with a uint24 length.
fn extra_data(parts: &LeafParts) -> Vec<u8> {
    let mut extra = Vec::new();
    if let Some(precertificate) = &parts.precertificate {
        put_vector24(&mut extra, precertificate);
    }
    let mut chain = Vec::new();
    for issuer in &parts.issuers {
        put_vector24(&mut chain, issuer);
    }
    put_vector24(&mut extra, &chain);
    extra
}

fn put_vector24(out: &mut Vec<u8>, bytes: &[u8]) {
    // A chain has at most ten certificates of 64 KiB, which 24 bits can count.
    let [.., a, b, c] = bytes.len().to_be_bytes();
    out.extend_from_slice(&[a, b, c]);
    out.extend_from_slice(bytes);
}
