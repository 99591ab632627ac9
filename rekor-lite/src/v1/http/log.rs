//! `/api/v1/log`: what the tree is now, its key, and proofs that it only grew.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use lite_sequencer::ReadError;
use serde::{Deserialize, Serialize};

use super::body;
use super::entries::{number, required};
use super::error::{ApiError, code};
use super::json::GoJson;
use crate::v1::app::V1;

const JSON: &str = "application/json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogInfo {
    /// Older trees of the log: there are none.
    inactive_shards: [(); 0],
    root_hash: String,
    signed_tree_head: String,
    #[serde(rename = "treeID")]
    tree_id: String,
    tree_size: u64,
}

/// `GET /api/v1/log`
pub(crate) async fn info(
    State(app): State<V1>,
    headers: HeaderMap,
) -> Result<GoJson<LogInfo>, ApiError> {
    body::accepts(&headers, JSON)?;
    let tree = app.log.checkpoint();
    Ok(GoJson(LogInfo {
        inactive_shards: [],
        root_hash: hex::encode(tree.root),
        signed_tree_head: tree.checkpoint.to_string(),
        tree_id: app.tree_id.to_string(),
        tree_size: tree.size,
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OfTree {
    #[serde(rename = "treeID")]
    tree_id: Option<String>,
}

/// `GET /api/v1/log/publicKey`
pub(crate) async fn public_key(
    State(app): State<V1>,
    headers: HeaderMap,
    query: Result<Query<OfTree>, QueryRejection>,
) -> Result<Response, ApiError> {
    const PEM: &str = "application/x-pem-file";
    body::accepts(&headers, PEM)?;
    is_this_tree(&app, query.map(|Query(of)| of).unwrap_or_default().tree_id.as_deref())?;
    Ok(([(header::CONTENT_TYPE, PEM)], app.public_key.to_string()).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Sizes {
    first_size: Option<String>,
    last_size: Option<String>,
    #[serde(rename = "treeID")]
    tree_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsistencyProof {
    hashes: Vec<String>,
    /// Of the newest tree, as upstream has it, whatever the last size was.
    root_hash: String,
}

/// `GET /api/v1/log/proof?firstSize=A&lastSize=B`
pub(crate) async fn proof(
    State(app): State<V1>,
    headers: HeaderMap,
    query: Result<Query<Sizes>, QueryRejection>,
) -> Result<GoJson<ConsistencyProof>, ApiError> {
    body::accepts(&headers, JSON)?;
    let sizes = query.map(|Query(sizes)| sizes).unwrap_or_default();
    let first = number("firstSize", 1, sizes.first_size.as_deref())?.unwrap_or(1);
    let last = number("lastSize", 1, sizes.last_size.as_deref())?;
    let last = last.ok_or_else(|| required("lastSize"))?;
    is_this_tree(&app, sizes.tree_id.as_deref())?;
    if first > last {
        let message = format!("firstSize({first}) must be less than lastSize({last})");
        return Err(ApiError::BadRequest(message));
    }
    let log = app.log.clone();
    let job = move || {
        let view = log.view();
        let size = view.tree().size;
        if last > size {
            return Err(ApiError::BadRequest(format!(
                "the tree size requested({last}) was greater than what is currently observable({size})"
            )));
        }
        let hashes = view.consistency_proof(first, last).map_err(|error: ReadError| error)?;
        Ok(ConsistencyProof {
            hashes: hashes.iter().map(hex::encode).collect(),
            root_hash: hex::encode(view.tree().root),
        })
    };
    app.limits.readers.run(job).await?.map(GoJson)
}

/// A request may name the tree that it means; there is one.
fn is_this_tree(app: &V1, named: Option<&str>) -> Result<(), ApiError> {
    let Some(named) = named.filter(|named| !named.is_empty()) else { return Ok(()) };
    if !named.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::invalid(code::PATTERN, "treeID in query should match '^[0-9]+$'"));
    }
    if named == app.tree_id.to_string() {
        return Ok(());
    }
    Err(ApiError::BadRequest(format!("invalid tree ID specified: {named}")))
}
