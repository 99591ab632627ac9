//! Checkpoint, tiles and entry bundles: C2SP tlog-tiles, under two prefixes.
//!
//! Rekor's API has them under `/api/v2`, its clients read them at the root. The path is matched as
//! it was sent, percent signs and all, so that a tile has one name.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Uri, header};
use lite_store::Log;
use lite_tlog::{EntryBundlePath, TilePath};

use super::error::ApiError;
use crate::app::App;
use crate::workers::Workers;

/// A checkpoint changes with every batch.
const MUTABLE: &str = "no-cache";

/// A tile never changes; its name says how much of it there is.
const IMMUTABLE: &str = "max-age=604800, immutable";

/// `GET …/checkpoint`
pub(crate) async fn checkpoint(State(app): State<App>) -> Response {
    checkpoint_of(&app.log)
}

/// `GET …/tile/…`
pub(crate) async fn tile(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    tile_of(&app.log, &app.limits.readers, &uri, "/api/v2").await
}

/// The newest signed checkpoint of a tree.
pub(crate) fn checkpoint_of(log: &Log) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, MUTABLE)];
    let tree = log.checkpoint();
    (headers, tree.checkpoint.to_string()).into_response()
}

/// The tile or entry bundle that a path names, below a prefix or at the root.
pub(crate) async fn tile_of(
    log: &Arc<Log>,
    readers: &Workers,
    uri: &Uri,
    prefix: &str,
) -> Result<Response, ApiError> {
    let path = uri.path().strip_prefix(prefix).unwrap_or(uri.path());
    let path = path.strip_prefix('/').unwrap_or(path);
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, IMMUTABLE)];
    Ok((headers, read(log, readers, path).await?).into_response())
}

/// The bytes of `tile/…`: a tile or an entry bundle.
pub(crate) async fn read(
    log: &Arc<Log>,
    readers: &Workers,
    path: &str,
) -> Result<Vec<u8>, ApiError> {
    let log = Arc::clone(log);
    let bytes = if let Ok(bundle) = path.parse::<EntryBundlePath>() {
        readers.run(move || log.read_bundle(&bundle)).await??
    } else {
        let tile = path.parse::<TilePath>().map_err(|_| ApiError::NotFound)?;
        readers.run(move || log.read_tile(&tile)).await??
    };
    bytes.ok_or(ApiError::NotFound)
}
