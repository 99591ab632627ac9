//! `POST <log>/ct/v1/add-pre-chain` (RFC 6962, Section 4.2), as certificate-transparency-go's client does it:
//! 200 or nothing, 408 again at once, 429 and 503 after `Retry-After`, silence with growing pauses.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};
use lite_http::client::{Client, ClientConfig, ClientError, Response};
use lite_issuer::ports::{CtLog, CtLogError};
use lite_keys::PublicKey;
use lite_pki::{Certificate, Sct};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::time::Instant;
use url::Url;

/// How long all attempts together may take: shorter than our own callers' patience.
const DEADLINE: Duration = Duration::from_secs(20);
/// The first pause after silence; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// An SCT is a few hundred bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// A CT log behind HTTP.
pub(crate) struct HttpLog {
    url: Url,
    key: PublicKey,
    client: Client,
    runtime: Handle,
}

/// RFC 6962, Section 4.1: the answer of `add-chain` and `add-pre-chain`.
#[derive(Deserialize)]
struct AddChainResponse {
    sct_version: u8,
    id: String,
    timestamp: u64,
    #[serde(default)]
    extensions: String,
    signature: String,
}

/// What to do with an answer.
enum Next {
    Done(Result<Sct, CtLogError>),
    Again(Duration),
}

impl HttpLog {
    /// A log at `base`. Must be called on a runtime.
    pub(crate) fn new(base: &str, key: PublicKey) -> Option<Self> {
        let url =
            Url::parse(&format!("{}/ct/v1/add-pre-chain", base.trim_end_matches('/'))).ok()?;
        let client = Client::new(ClientConfig {
            deadline: DEADLINE,
            max_body: MAX_ANSWER,
            ca_pem: Vec::new(),
        });
        let web = matches!(url.scheme(), "http" | "https");
        web.then(|| Self { url, key, client, runtime: Handle::current() })
    }

    async fn add(&self, body: &str) -> Result<Sct, CtLogError> {
        let deadline = Instant::now() + DEADLINE;
        let mut pause = FIRST_PAUSE;
        loop {
            let wait = match next(self.post(body).await) {
                Next::Done(done) => return done,
                Next::Again(wait) => wait.max(pause),
            };
            pause *= 2;
            if Instant::now() + wait >= deadline {
                return Err(CtLogError::Unavailable);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn post(&self, body: &str) -> Result<Response, ClientError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.client.post(&self.url, headers, body.to_owned()).await
    }
}

impl CtLog for HttpLog {
    /// Blocks: the machine runs on a thread where that is allowed.
    fn submit(&self, chain: &[Certificate]) -> Result<Sct, CtLogError> {
        let chain: Vec<_> = chain.iter().map(|one| STANDARD.encode(one.der())).collect();
        let body = serde_json::json!({ "chain": chain }).to_string();
        self.runtime.block_on(async {
            let added = tokio::time::timeout(DEADLINE, self.add(&body)).await;
            added.unwrap_or(Err(CtLogError::Unavailable))
        })
    }

    fn public_key(&self) -> &PublicKey {
        &self.key
    }
}

fn next(answer: Result<Response, ClientError>) -> Next {
    let answer = match answer {
        Ok(answer) => answer,
        Err(ClientError::Unreachable { .. }) => return Next::Again(Duration::ZERO),
        Err(why) => {
            tracing::warn!(%why, "the CT log does not answer as it should");
            return Next::Done(Err(CtLogError::Malformed));
        }
    };
    match answer.status.as_u16() {
        200 => Next::Done(parse(&answer.body).ok_or(CtLogError::Malformed)),
        408 => Next::Again(Duration::ZERO),
        429 | 503 => Next::Again(retry_after(&answer.headers)),
        status => {
            tracing::warn!(status, "the CT log refused a precertificate");
            Next::Done(Err(CtLogError::Refused))
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Duration {
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = text.and_then(|text| text.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(1)).min(DEADLINE)
}

fn parse(body: &[u8]) -> Option<Sct> {
    let answer: AddChainResponse = serde_json::from_slice(body).ok()?;
    if answer.sct_version != 0 {
        return None;
    }
    let id = STANDARD.decode(answer.id).ok()?.try_into().ok()?;
    let extensions = STANDARD.decode(answer.extensions).ok()?;
    let signature = STANDARD.decode(answer.signature).ok()?;
    Sct::from_response(id, answer.timestamp, extensions, &signature).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_answer_and_refuses_second_spellings() {
        let id = STANDARD.encode([7; 32]);
        let answer = |version: u8, id: &str, extensions: &str, signature: &[u8]| {
            let signature = STANDARD.encode(signature);
            let body = serde_json::json!({
                "sct_version": version, "id": id, "timestamp": 9, "extensions": extensions, "signature": signature,
            });
            parse(body.to_string().as_bytes())
        };
        let good = answer(0, &id, "", &[4, 3, 0, 1, 9]).unwrap();
        assert_eq!((good.log_id, good.timestamp, good.signature), ([7; 32], 9, vec![9]));
        assert!(answer(1, &id, "", &[4, 3, 0, 1, 9]).is_none(), "version");
        assert!(answer(0, "AA==", "", &[4, 3, 0, 1, 9]).is_none(), "length of the log ID");
        assert!(answer(0, &id, "-", &[4, 3, 0, 1, 9]).is_none(), "base64");
        assert!(answer(0, &id, "", &[4, 3, 0, 1, 9, 9]).is_none(), "bytes behind the signature");
        assert!(parse(b"<html>").is_none());
    }

    #[test]
    fn waits_as_long_as_the_log_asks() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), Duration::from_secs(1));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        assert_eq!(retry_after(&headers), Duration::from_secs(5));
        // No clock reaches this far, and adding it to one would panic.
        headers.insert(RETRY_AFTER, HeaderValue::from_static("18446744073709551615"));
        assert_eq!(retry_after(&headers), DEADLINE);
    }
}
