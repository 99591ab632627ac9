//! `GET /checkpoint`, `/tile/…`, `/issuer/…`: static-ct-api's files.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};

use lite_store::ReadError;
use lite_tlog::TilePath;
use lite_tlog::tile_path::parse_index;

use crate::http::error::ApiError;
use crate::log::CtLog;
use crate::stored;

/// What is served under a name that never changes its contents.
const FOREVER: &str = "public, max-age=31536000, immutable";

pub(crate) async fn checkpoint(State(log): State<CtLog>) -> Response {
    let checkpoint = log.view().tree().checkpoint.to_string();
    // c2sp.org/static-ct-api, "Checkpoints": `text/plain; charset=utf-8`.
    let headers = headers("text/plain; charset=utf-8", "no-store");
    (headers, checkpoint).into_response()
}

/// `/tile/<L>/<N>[.p/<W>]` and `/tile/data/<N>[.p/<W>]`. Every other path is one of no tile: it is
/// matched as it was sent, percent signs and all, so that a tile has one name.
pub(crate) async fn tile(State(log): State<CtLog>, uri: Uri) -> Result<Response, ApiError> {
    let unknown = || ApiError::not_found("no such tile");
    let path = uri.path().strip_prefix("/tile/").ok_or_else(unknown)?.to_owned();
    let read = tokio::task::spawn_blocking(move || match path.strip_prefix("data/") {
        Some(index) => match parse_index(index) {
            Ok((index, width)) => data_tile(&log, index, width),
            Err(_) => Ok(None),
        },
        None => match format!("tile/{path}").parse::<TilePath>() {
            Ok(path) => log.engine().read_tile(&path),
            Err(_) => Ok(None),
        },
    });
    let bytes = read.await.map_err(|error| ApiError::internal(&error))??.ok_or_else(unknown)?;
    Ok((headers("application/octet-stream", FOREVER), bytes).into_response())
}

pub(crate) async fn issuer(
    State(log): State<CtLog>,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let unknown = || ApiError::not_found("no such issuer");
    let lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    let name = hex::decode(&name).ok().filter(|_| lower).and_then(|name| name.try_into().ok());
    let der: Bytes = name.and_then(|name| log.issuers().get(&name)).ok_or_else(unknown)?;
    Ok((headers("application/pkix-cert", FOREVER), der).into_response())
}

/// Exactly `width` leaves; `None` if the tree has fewer.
fn data_tile(log: &CtLog, index: u64, width: u16) -> Result<Option<Vec<u8>>, ReadError> {
    let leaves = match log.view().leaves(index) {
        Ok(leaves) => leaves,
        Err(ReadError::OutOfRange) => return Ok(None),
        Err(error) => return Err(error),
    };
    let leaves = leaves.get(..usize::from(width));
    Ok(leaves.map(|leaves| leaves.iter().flat_map(|leaf| stored::tile_leaf(leaf)).collect()))
}

fn headers(kind: &'static str, caching: &'static str) -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
    ]
}
