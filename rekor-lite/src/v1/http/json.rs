//! JSON as Go's encoder writes it.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;

/// A document with a line feed at its end, as every answer of upstream's has: the crate `sigstore`
/// cuts the last two characters off before it reads an entry.
#[derive(Debug)]
pub(crate) struct GoJson<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for GoJson<T> {
    fn into_response(self) -> Response {
        let Ok(mut text) = serde_json::to_vec(&self.0) else {
            // Strings and numbers always serialise.
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        text.push(b'\n');
        ([(header::CONTENT_TYPE, "application/json")], text).into_response()
    }
}
