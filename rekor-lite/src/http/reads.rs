//! Checkpoint, tiles and entry bundles: C2SP tlog-tiles, under two prefixes.
//!
//! Rekor's API has them under `/api/v2`, its clients read them at the root. The path is matched as
//! it was sent, percent signs and all, so that a tile has one name.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Uri, header};
use lite_tlog::{EntryBundlePath, TilePath};

use super::error::ApiError;
use crate::app::App;

/// A checkpoint changes with every batch.
const MUTABLE: &str = "no-cache";

/// A tile never changes; its name says how much of it there is.
const IMMUTABLE: &str = "max-age=604800, immutable";

/// `GET …/checkpoint`
pub(crate) async fn checkpoint(State(app): State<App>) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, MUTABLE)];
    let tree = app.log.checkpoint();
    (headers, tree.checkpoint.to_string()).into_response()
}

/// `GET …/tile/…`
pub(crate) async fn tile(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let path = uri.path().strip_prefix("/api/v2").unwrap_or(uri.path());
    let path = path.strip_prefix('/').unwrap_or(path);
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, IMMUTABLE)];
    Ok((headers, read(&app, path).await?).into_response())
}

/// The bytes of `tile/…`: a tile or an entry bundle.
pub(crate) async fn read(app: &App, path: &str) -> Result<Vec<u8>, ApiError> {
    let log = app.log.clone();
    let bytes = if let Ok(bundle) = path.parse::<EntryBundlePath>() {
        app.readers.run(move || log.read_bundle(&bundle)).await??
    } else {
        let tile = path.parse::<TilePath>().map_err(|_| ApiError::NotFound)?;
        app.readers.run(move || log.read_tile(&tile)).await??
    };
    bytes.ok_or(ApiError::NotFound)
}
