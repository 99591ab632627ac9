//! A signed token in compact form (RFC 7515, Section 7.1).
//!
//! ```text
//! BASE64URL(header JSON) '.' BASE64URL(payload) '.' BASE64URL(signature)
//! `---------- signed as ASCII, both parts ----------'
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::json;
use crate::token::{MAX_TOKEN_BYTES, TokenError};

/// The three parts, decoded, with nothing believed yet.
#[derive(Clone)]
pub(crate) struct CompactJws {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) signing_input: String,
}

impl CompactJws {
    pub(crate) fn parse(text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(TokenError::NotCompact)?;
        let (header, payload) = signing_input.split_once('.').ok_or(TokenError::NotCompact)?;
        if payload.contains('.') {
            return Err(TokenError::NotCompact);
        }
        let (algorithm, key_id) = read_header(&decode(header)?)?;
        Ok(Self {
            algorithm,
            key_id,
            payload: decode(payload)?,
            signature: decode(signature)?,
            signing_input: signing_input.to_owned(),
        })
    }
}

/// Of the header only `alg`, `kid` and `crit` are read: everything that would name or carry a key
/// from elsewhere is a stranger's word.
fn read_header(bytes: &[u8]) -> Result<(Algorithm, Option<String>), TokenError> {
    let Value::Object(header) = json::parse(bytes, MAX_TOKEN_BYTES)? else {
        return Err(TokenError::Json(json::JsonError::Shape));
    };
    // RFC 7515, Section 4.1.11: an extension that is critical and not understood invalidates the
    // token. We understand none.
    if header.contains_key("crit") {
        return Err(TokenError::CriticalHeader);
    }
    let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name);
    let algorithm = algorithm.ok_or(TokenError::AlgorithmNotAllowed)?;
    let key_id = match header.get("kid") {
        None | Some(Value::Null) => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err(TokenError::Json(json::JsonError::Shape)),
    };
    Ok((algorithm, key_id))
}

/// RFC 7515, Section 2: base64url "with all trailing '=' characters omitted" and nothing else in it.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Base64)
}
