//! A request's body and headers, read as go-openapi reads them.

use axum::body::HttpBody as _;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Request};
use http::{HeaderMap, header};

use super::error::{ApiError, code};
use crate::v1::app::V1;

const JSON: &str = "application/json";

/// Reads the body of a request that must be JSON. `name` is what the schema calls it.
///
/// The answer holds the permit for its memory: keep it while the bytes are in use.
pub(crate) async fn read(
    app: &V1,
    request: Request,
    name: &str,
) -> Result<(Bytes, tokio::sync::OwnedSemaphorePermit), ApiError> {
    let headers = request.headers();
    accepts(headers, JSON)?;
    if !has_body(&request) {
        return Err(missing(name));
    }
    is_json(headers)?;
    let memory = app.limits.body_memory.reserve(&request).ok_or(ApiError::Busy)?;
    let body = Bytes::from_request(request, &()).await;
    let body = body.map_err(|_| ApiError::BodyTooLong(app.limits.max_body_bytes))?;
    if body.is_empty() {
        return Err(missing(name));
    }
    Ok((body, memory))
}

/// Whether the client takes what this route answers with.
pub(crate) fn accepts(headers: &HeaderMap, offer: &'static str) -> Result<(), ApiError> {
    let mut ranges = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .filter(|range| !range.is_empty())
        .peekable();
    let kind = offer.split('/').next().unwrap_or_default();
    let fits = |range: &str| {
        range == "*/*"
            || range.eq_ignore_ascii_case(offer)
            || range.strip_suffix("/*").is_some_and(|of| of.eq_ignore_ascii_case(kind))
    };
    // No header, or an empty one: anything will do.
    if ranges.peek().is_none() || ranges.any(fits) {
        Ok(())
    } else {
        Err(ApiError::NotAcceptable(offer))
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let found =
        headers.get(header::CONTENT_TYPE).map_or(Ok("application/octet-stream"), |found| {
            found.to_str().map_err(|_| ApiError::MediaType(String::new()))
        })?;
    let plain = found.split(';').next().unwrap_or_default().trim();
    if plain.eq_ignore_ascii_case(JSON) {
        Ok(())
    } else {
        Err(ApiError::MediaType(found.to_owned()))
    }
}

fn has_body(request: &Request<Body>) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let announced = length.is_some_and(|length| length != "0");
    announced || (length.is_none() && !request.body().is_end_stream())
}

fn missing(name: &str) -> ApiError {
    ApiError::invalid(code::REQUIRED, format!("{name} in body is required"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, fits: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        assert_eq!(accepts(&headers, JSON).is_ok(), fits, "{accept}");
    }

    #[test]
    fn a_client_may_say_what_it_takes() {
        accepts(&HeaderMap::new(), JSON).unwrap();
        for accept in ["", "*/*", "application/json", "application/*", "text/html, */*;q=0.8"] {
            check(accept, true);
        }
        for accept in ["text/html", "application/x-pem-file", "application/jsonx"] {
            check(accept, false);
        }
    }
}
