//! `rfc3161` 0.0.1: a timestamp response.
//!
//! ```text
//! {"apiVersion":"0.0.1","kind":"rfc3161","spec":{"tsr":{"content":"<base64>"}}}
//! ```
//!
//! The response must hold the certificate of its signer, and verify under it: nothing else about it
//! is known. Found by the digest of the whole response.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::HashAlgorithm;
use lite_pki::timestamp::TimestampResponse;
use serde::Deserialize;

use super::{WireContent, given};
use crate::json::{self, Object};
use crate::{Accepted, Refusal, SearchKey};

/// Upstream's limit for a response, in bytes.
const MAX_RESPONSE: usize = 10 * 1024;

#[derive(Deserialize)]
struct Spec<'a> {
    #[serde(borrow, default)]
    tsr: Option<Object<WireContent<'a>>>,
}

pub(crate) fn accept(proposed: &[u8]) -> Result<Accepted, Refusal> {
    let spec: Spec<'_> = json::spec(proposed)?;
    let tsr = spec.tsr.ok_or(Refusal::Missing("tsr"))?.0;
    let content = given(tsr.content).ok_or(Refusal::Missing("tsr.content"))?;
    let response = json::base64(&content, "tsr content")?;
    if response.len() > MAX_RESPONSE {
        return Err(Refusal::TimestampTooLarge);
    }
    TimestampResponse::from_der(&response)?.verify_signer()?;

    let leaf = format!(
        r#"{{"apiVersion":"0.0.1","kind":"rfc3161","spec":{{"tsr":{{"content":"{}"}}}}}}"#,
        STANDARD.encode(&response)
    );
    let leaf = leaf.into_bytes();
    Ok(Accepted { kind: "rfc3161", version: "0.0.1", leaf, beside: Vec::new() })
}

pub(crate) fn search_keys(leaf: &[u8]) -> Option<Vec<SearchKey>> {
    let spec: Spec<'_> = json::spec(leaf).ok()?;
    let response = json::base64(&spec.tsr?.0.content?, "tsr content").ok()?;
    let digest = HashAlgorithm::Sha256.digest(&response);
    Some(vec![SearchKey::digest(HashAlgorithm::Sha256, &digest)])
}
