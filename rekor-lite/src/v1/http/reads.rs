//! Checkpoint and tiles of the v1 tree: C2SP tlog-tiles, so that it can be audited as v2's is.

use axum::extract::State;
use axum::response::Response;
use http::Uri;

use crate::http::error::ApiError;
use crate::http::reads;
use crate::v1::app::V1;

/// `GET /api/v1/checkpoint`
pub(crate) async fn checkpoint(State(app): State<V1>) -> Response {
    reads::checkpoint_of(&app.log)
}

/// `GET /api/v1/tile/…`
pub(crate) async fn tile(State(app): State<V1>, uri: Uri) -> Result<Response, ApiError> {
    reads::tile_of(&app.log, &app.limits.readers, &uri, "/api/v1").await
}
