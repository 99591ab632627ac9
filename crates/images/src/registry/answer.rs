//! What an answer that brings nothing means.

use std::error::Error;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use reqwest::Response;
use serde::Deserialize;

use crate::error::{ImageError, Said};

/// Longest text of an error that is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// Longest message of a registry that is passed on, in characters.
const MAX_SHOWN: usize = 400;

/// No answer at all: sorts the TLS library's refusals from a network that is silent.
pub(super) fn no_answer(registry: &str, source: reqwest::Error) -> ImageError {
    let registry = registry.to_owned();
    match tls_fault(&source) {
        Some(rustls::Error::InvalidMessage(_)) => ImageError::PlainHttp { registry },
        Some(_) => ImageError::Tls { registry, source },
        None => ImageError::Unreachable { registry, source },
    }
}

/// The TLS library's own error, which lies below those of HTTP and inside one of IO.
fn tls_fault(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    None
}

/// Reads a body, at most `limit` bytes of it.
pub(super) async fn body(
    mut answer: Response,
    registry: &str,
    limit: usize,
    name: impl FnOnce() -> String,
) -> Result<Bytes, ImageError> {
    let mut read = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| no_answer(registry, error))? {
        if read.len() + piece.len() > limit {
            return Err(ImageError::TooLarge { name: name(), limit: limit as u64 });
        }
        read.extend_from_slice(&piece);
    }
    Ok(read.freeze())
}

/// OCI distribution specification, "Error Codes".
#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    code: String,
    #[serde(default)]
    message: Option<String>,
}

/// What the registry says about its refusal.
pub(super) async fn said(mut answer: Response) -> Said {
    let mut read = BytesMut::new();
    while let Ok(Some(piece)) = answer.chunk().await {
        if read.len() + piece.len() > MAX_ERROR_BYTES {
            break;
        }
        read.extend_from_slice(&piece);
    }
    let short = |text: &str| text.trim().chars().take(MAX_SHOWN).collect();
    match serde_json::from_slice::<Errors>(&read).ok().and_then(|all| all.errors.into_iter().next())
    {
        Some(OneError { code, message }) => {
            Said { code: short(&code), message: short(&message.unwrap_or_default()) }
        }
        None => Said { code: String::new(), message: short(&String::from_utf8_lossy(&read)) },
    }
}

/// A status that is none of those the request can be answered with.
pub(super) async fn refusal(
    answer: Response,
    registry: &str,
    name: impl FnOnce() -> String,
    had_credential: bool,
) -> ImageError {
    let status = answer.status();
    let source = said(answer).await;
    let registry = registry.to_owned();
    match status {
        StatusCode::UNAUTHORIZED => ImageError::Unauthorized { registry, had_credential, source },
        StatusCode::FORBIDDEN => ImageError::Denied { registry, source },
        StatusCode::NOT_FOUND => ImageError::NotFound { name: name() },
        StatusCode::METHOD_NOT_ALLOWED => ImageError::Unsupported { registry },
        _ => ImageError::Server { registry, status, source },
    }
}
