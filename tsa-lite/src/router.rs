//! The doors, as sigstore/timestamp-authority's `openapi.yaml` describes them.

use std::error::Error as _;
use std::future::{Ready, ready};
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_body_util::LengthLimitError;
use lite_http::cors;
use lite_pki::Certificate;
use lite_pki::timestamp::{TimestampRequest, TimestampRequestError};
use serde_json::json;

use crate::config::ENDPOINT;
use crate::json;
use crate::stamper::{StampError, Stamper};

/// The largest body in DER, as upstream limits it; what is read of it is far smaller.
const MAX_DER: usize = 1 << 20;
/// The largest body in JSON.
const MAX_JSON: usize = 1024;
const GENERATING: &str = "Error generating timestamp response";

/// An error as upstream writes it: `{"code":400,"message":"…"}`.
#[derive(Debug)]
struct Refusal(StatusCode, String);

/// In which form the request came.
#[derive(Clone, Copy)]
enum Form {
    Der,
    Json,
}

/// The routes, without a prefix.
pub(crate) fn router(stamper: Arc<Stamper>) -> Router {
    let chain = Bytes::from(Certificate::chain_to_pem(stamper.chain()));
    Router::new()
        .route(ENDPOINT, post(timestamp).fallback(|| not_allowed("POST")))
        .route(
            "/api/v1/timestamp/certchain",
            get(move || ready(certificate_chain(chain.clone()))).fallback(|| not_allowed("GET")),
        )
        .layer(from_fn(cors::open))
        .with_state(stamper)
}

/// `/ping`, which answers for a whole process and so belongs to whoever owns the address.
pub(crate) fn ping() -> Router {
    Router::new().route("/ping", get(|| ready(".")))
}

async fn timestamp(State(stamper): State<Arc<Stamper>>, request: Request) -> Response {
    let answer = answer(&stamper, request).await;
    let outcome = answer.as_ref().map_or_else(|refusal| refusal.0.as_u16(), |_| 200);
    metrics::counter!("timestamp_requests_total", "code" => outcome.to_string()).increment(1);
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    // A timestamp is of its moment; upstream forbids every cache to keep it.
    let headers = response.headers_mut();
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static(
            "no-cache, no-store, no-transform, must-revalidate, private, max-age=0",
        ),
    );
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

async fn answer(stamper: &Stamper, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let form = form(&parts.headers)?;
    let body = read(body, form).await?;
    let request = match form {
        Form::Der => TimestampRequest::from_der(&body),
        Form::Json => json::parse(&body),
    }?;
    let reply = stamper.stamp(&request)?;
    Ok(([(CONTENT_TYPE, "application/timestamp-reply")], reply).into_response())
}

/// RFC 9110, Section 8.3.1: types are compared without case, parameters are allowed.
fn form(headers: &HeaderMap) -> Result<Form, Refusal> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/timestamp-query") {
        return Ok(Form::Der);
    }
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(Form::Json);
    }
    let only =
        "unsupported media type, only [application/json application/timestamp-query] are allowed";
    Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, only.to_owned()))
}

async fn read(body: Body, form: Form) -> Result<Bytes, Refusal> {
    let (limit, over) = match form {
        Form::Der => (MAX_DER, StatusCode::PAYLOAD_TOO_LARGE),
        Form::Json => (MAX_JSON, StatusCode::BAD_REQUEST),
    };
    to_bytes(body, limit).await.map_err(|error| {
        if error.source().is_some_and(<dyn std::error::Error>::is::<LengthLimitError>) {
            Refusal(over, TimestampRequestError::TooLarge.to_string())
        } else {
            Refusal(StatusCode::BAD_REQUEST, GENERATING.to_owned())
        }
    })
}

fn certificate_chain(pem: Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/pem-certificate-chain"),
        (CACHE_CONTROL, "max-age=86400, immutable"),
    ];
    (headers, pem).into_response()
}

fn not_allowed(allowed: &'static str) -> Ready<Response> {
    let message = format!("method not allowed, only [{allowed}] is");
    let mut response = Refusal(StatusCode::METHOD_NOT_ALLOWED, message).into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    ready(response)
}

impl From<TimestampRequestError> for Refusal {
    /// Upstream's words, where it has any; the rest is one text, so that nobody learns from it.
    fn from(error: TimestampRequestError) -> Self {
        let message = match error {
            TimestampRequestError::TooLarge => "timestamp request is too large",
            TimestampRequestError::WeakHash => "Weak hash algorithm in timestamp request",
            TimestampRequestError::DigestLength => {
                "Message digest has incorrect length for specified algorithm"
            }
            TimestampRequestError::OidTooLong => {
                "OID should be comprised of at most 128 components"
            }
            TimestampRequestError::Extension => {
                "unaccepted extension: timestamp requests with extensions are not supported"
            }
            _ => GENERATING,
        };
        Self(StatusCode::BAD_REQUEST, message.to_owned())
    }
}

impl From<StampError> for Refusal {
    fn from(error: StampError) -> Self {
        let status = match error {
            StampError::Policy => StatusCode::BAD_REQUEST,
            // Both pass when the clock is right again, or the operator has seen to it.
            StampError::ClockWentBack | StampError::NotValidNow => StatusCode::SERVICE_UNAVAILABLE,
            StampError::Sign(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(%error, "no timestamp");
        }
        Self(status, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let body = Json(json!({ "code": status.as_u16(), "message": message }));
        let mut response = (status, body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
