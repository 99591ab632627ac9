//! `POST /ct/v1/add-chain`, `POST /ct/v1/add-pre-chain`, `GET /ct/v1/get-roots`

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use lite_http::rpc::Base64Bytes;
use lite_pki::Sct;

use crate::http::error::ApiError;
use crate::log::CtLog;

#[derive(Deserialize)]
struct Submission {
    chain: Vec<Base64Bytes>,
}

/// RFC 6962, Section 4.1.
#[derive(Serialize)]
pub(crate) struct SctAnswer {
    sct_version: u8,
    id: String,
    timestamp: u64,
    extensions: String,
    signature: String,
}

#[derive(Serialize)]
pub(crate) struct Roots {
    certificates: Vec<String>,
}

pub(crate) async fn add_chain(
    State(log): State<CtLog>,
    body: Bytes,
) -> Result<Json<SctAnswer>, ApiError> {
    render(&log.submit_chain(&parse(&body)?).await?)
}

pub(crate) async fn add_pre_chain(
    State(log): State<CtLog>,
    body: Bytes,
) -> Result<Json<SctAnswer>, ApiError> {
    render(&log.submit_pre_chain(&parse(&body)?).await?)
}

pub(crate) async fn get_roots(State(log): State<CtLog>) -> Json<Roots> {
    let certificates = log.roots().iter().map(|root| STANDARD.encode(root.der())).collect();
    Json(Roots { certificates })
}

/// Whatever the content type says: CT clients send different ones.
fn parse(body: &[u8]) -> Result<Vec<Vec<u8>>, ApiError> {
    let submission: Submission = serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("the body is not a chain: {error}")))?;
    Ok(submission.chain.into_iter().map(|certificate| certificate.0).collect())
}

fn render(sct: &Sct) -> Result<Json<SctAnswer>, ApiError> {
    // An ECDSA signature is far shorter than its length field allows.
    let signature = sct.digitally_signed().ok_or_else(|| ApiError::bad_request("no signature"))?;
    Ok(Json(SctAnswer {
        sct_version: 0, // v1
        id: STANDARD.encode(sct.log_id),
        timestamp: sct.timestamp,
        extensions: STANDARD.encode(&sct.extensions),
        signature: STANDARD.encode(signature),
    }))
}
