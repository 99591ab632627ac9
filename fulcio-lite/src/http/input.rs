//! How grpc-gateway reads a request: any Content-Type, unknown fields passed over, an empty body as an empty
//! message, and every failure a 400.

use axum::extract::rejection::BytesRejection;
use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use lite_http::rpc::Status;
use serde::de::DeserializeOwned;

/// The message in the body.
pub(super) fn message<T: DeserializeOwned + Default>(
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Status> {
    let body = body.map_err(|why| Status::invalid_argument(why.body_text()))?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(T::default());
    }
    // serde would read a list as the members in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Status::invalid_argument("invalid JSON: not an object"));
    }
    serde_json::from_slice(&body)
        .map_err(|why| Status::invalid_argument(format!("invalid JSON: {why}")))
}

/// The token of the `Authorization` header, "with the first `Bearer ` removed" (fulcio:cmd/app/http.go).
/// Two headers are none: which of them did the caller mean?
pub(super) fn bearer(headers: &HeaderMap) -> String {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) => value.replacen("Bearer ", "", 1),
        _ => String::new(),
    }
}
