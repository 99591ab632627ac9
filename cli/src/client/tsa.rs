//! The timestamp authority: a signature in, an RFC 3161 timestamp out.

use http::StatusCode;
use lite_keys::{HashAlgorithm, fill_random};
use lite_pki::timestamp::{TimestampRequest, TimestampResponse};

use super::Web;
use crate::failure::Outcome;

const WHAT: &str = "the timestamp authority";

/// Asks for a timestamp of `signature`; `url` is complete, as signing configs have it.
///
/// The answer is to the question that was asked (digest and nonce are ours), and its signature is
/// unverified.
pub(crate) async fn timestamp(web: &Web, url: &str, signature: &[u8]) -> Outcome<Vec<u8>> {
    let request = TimestampRequest {
        nonce: Some(nonce()),
        ..TimestampRequest::of_message(HashAlgorithm::Sha256, signature)
    };
    let answer = web
        .post(WHAT, url, "application/timestamp-query", request.to_der())
        .await?
        .with_status_in(WHAT, &[StatusCode::OK, StatusCode::CREATED])?;
    let response = TimestampResponse::from_der(&answer.body)
        .map_err(|error| answer.nonsense(WHAT).because(&error))?;
    if response.nonce() != request.nonce.as_deref() {
        return Err(answer.nonsense(WHAT).note("found", "the answer to another request"));
    }
    Ok(answer.body.to_vec())
}

/// Eight random bytes as the content of a positive DER INTEGER of minimal length.
fn nonce() -> Vec<u8> {
    let mut bytes = [0; 8];
    fill_random(&mut bytes);
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    bytes.to_vec()
}
