//! `GET /ct/v1/get-sth`, `get-sth-consistency`, `get-proof-by-hash` (RFC 6962, Sections 4.3 to 4.5)

use axum::Json;
use axum::extract::{Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use lite_http::rpc::Base64Bytes;
use lite_store::View;
use lite_tlog::Hash;

use crate::http::error::ApiError;
use crate::log::CtLog;

#[derive(Serialize)]
pub(crate) struct Sth {
    tree_size: u64,
    timestamp: u64,
    sha256_root_hash: String,
    tree_head_signature: String,
}

#[derive(Deserialize)]
pub(crate) struct ConsistencyQuery {
    first: u64,
    second: u64,
}

#[derive(Serialize)]
pub(crate) struct Consistency {
    consistency: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct ProofQuery {
    hash: String,
    tree_size: u64,
}

#[derive(Serialize)]
pub(crate) struct Proof {
    leaf_index: u64,
    audit_path: Vec<String>,
}

pub(crate) async fn get_sth(State(log): State<CtLog>) -> Result<Json<Sth>, ApiError> {
    let head = log.tree_head(log.view().tree()).map_err(|error| ApiError::internal(&error))?;
    Ok(Json(Sth {
        tree_size: head.size,
        timestamp: head.timestamp,
        sha256_root_hash: STANDARD.encode(head.root),
        tree_head_signature: STANDARD.encode(head.signature),
    }))
}

pub(crate) async fn get_sth_consistency(
    State(log): State<CtLog>,
    Query(query): Query<ConsistencyQuery>,
) -> Result<Json<Consistency>, ApiError> {
    let view = log.view();
    check_size(&view, query.second)?;
    if query.first > query.second {
        return Err(ApiError::bad_request("first is after second"));
    }
    // The empty tree is a part of every tree, without proof.
    let proof = match query.first {
        0 => Vec::new(),
        first => view.consistency_proof(first, query.second)?,
    };
    Ok(Json(Consistency { consistency: encode(&proof) }))
}

pub(crate) async fn get_proof_by_hash(
    State(log): State<CtLog>,
    Query(query): Query<ProofQuery>,
) -> Result<Json<Proof>, ApiError> {
    // A plus sign that nobody escaped arrives as a space.
    let hash = Base64Bytes::decode(&query.hash.replace(' ', "+"));
    let hash: Option<Hash> = hash.ok().and_then(|hash| hash.0.try_into().ok());
    let hash = hash.ok_or_else(|| ApiError::bad_request("hash is not the base64 of 32 bytes"))?;
    let view = log.view();
    check_size(&view, query.tree_size)?;
    // The index may have to catch up, which reads and writes files.
    let found = tokio::task::spawn_blocking(move || {
        let index = log.find(&view, &hash)?.filter(|index| *index < query.tree_size);
        index.map(|index| prove(&view, index, query.tree_size)).transpose()
    });
    let found = found.await.map_err(|error| ApiError::internal(&error))??;
    found.map(Json).ok_or_else(|| ApiError::not_found("no such leaf in that tree"))
}

fn prove(view: &View, leaf_index: u64, tree_size: u64) -> Result<Proof, ApiError> {
    let proof = view.inclusion_proof(leaf_index, tree_size)?;
    Ok(Proof { leaf_index, audit_path: encode(&proof) })
}

pub(crate) fn check_size(view: &View, size: u64) -> Result<(), ApiError> {
    let there = view.tree().size;
    if size > there {
        return Err(ApiError::bad_request(format!("the tree has {there} leaves")));
    }
    Ok(())
}

pub(crate) fn encode(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}
