//! JSON as upstream writes it: a document and a newline.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;

/// An answer with a newline at its end. The Rust crate `sigstore` cuts the last two bytes off an
/// entry before it reads it (its `src/rekor/apis/entries_api.rs`), whatever they are.
pub(crate) struct Line<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Line<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(mut bytes) => {
                bytes.push(b'\n');
                ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
