//! A log in a folder of its own, and requests to send to it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use lite_time::{ManualClock, Time};
use rekor_lite::{Config, OpenError, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) const ENTRIES: &str = "/api/v2/log/entries";
pub(crate) const URL: &str = "http://rekor.example:7070";

/// When a log of the tests is created: not a whole second.
pub(crate) const CREATED: i64 = 1_700_000_000_700;

/// A running log.
pub(crate) struct Stack {
    pub(crate) server: Server,
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<ManualClock>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Stack {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Time::from_millis(CREATED)));
        let mut config = Config::new(dir.path(), URL);
        change(&mut config);
        let server = Server::open(config, clock.clone()).unwrap();
        clock.advance(Duration::from_secs(5));
        Self { server, dir, clock }
    }

    /// Closes the log, and opens its folder again.
    pub(crate) fn reopen(
        self,
        change: impl FnOnce(&mut Config),
    ) -> (Result<Server, OpenError>, TempDir) {
        let Self { server, dir, clock } = self;
        server.close();
        let mut config = Config::new(dir.path(), URL);
        change(&mut config);
        (Server::open(config, clock), dir)
    }

    pub(crate) async fn post(&self, body: impl Into<Body>) -> Answer {
        // In the shell that is around it in life: its layers change what a handler sees of a body.
        let router = lite_http::shell::wrap(self.server.router());
        send(router, Method::POST, ENTRIES, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.server.router(), Method::GET, path, Body::empty()).await
    }

    pub(crate) fn size(&self) -> u64 {
        self.server.log().checkpoint().size
    }
}

pub(crate) async fn send(
    router: Router,
    method: Method,
    path: &str,
    body: impl Into<Body>,
) -> Answer {
    let body = body.into();
    let mut request = Request::builder().method(method).uri(path);
    if let Some(length) = body.size_hint().exact() {
        request = request.header(CONTENT_LENGTH, length);
    }
    let request = request.body(body).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The index of the entry, of an answer with status 201.
    #[track_caller]
    pub(crate) fn index(&self) -> u64 {
        assert_eq!(self.status, 201, "{}", self.text());
        self.json()["logIndex"].as_str().unwrap().parse().unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_status(&self, http: u16, code: i32, message: &str) {
        assert_eq!(self.status.as_u16(), http, "{}", self.text());
        assert_eq!(self.headers["content-type"], "application/json");
        let expected = json!({ "code": code, "message": message, "details": [] });
        assert_eq!(self.json(), expected);
    }
}

/// Who signs requests.
pub(crate) struct Client {
    pub(crate) key: SigningKey,
}

impl Client {
    pub(crate) fn new(kind: KeyKind) -> Self {
        let key = SigningKey::generate(kind);
        Self { key }
    }

    pub(crate) fn hash(&self) -> HashAlgorithm {
        self.key.kind().default_hash()
    }

    pub(crate) fn details(&self) -> &'static str {
        self.key
            .public()
            .details_for_entries()
            .map_or("PUBLIC_KEY_DETAILS_UNSPECIFIED", |details| details.name())
    }

    pub(crate) fn verifier(&self) -> Value {
        json!({
            "publicKey": { "rawBytes": b64(self.key.public().spki_der()) },
            "keyDetails": self.details(),
        })
    }

    /// A certificate for the key, signed by itself, valid in 1970, with an extension of so many
    /// bytes.
    pub(crate) fn certificate(&self, bytes: usize) -> Vec<u8> {
        let key = rcgen::KeyPair::from_pem(&self.key.to_pkcs8_pem()).unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.not_before = rcgen::date_time_ymd(1970, 1, 1);
        params.not_after = rcgen::date_time_ymd(1970, 1, 2);
        let private = [1, 3, 6, 1, 4, 1, 55555, 1];
        let extension = rcgen::CustomExtension::from_oid_content(&private, vec![4; bytes]);
        params.custom_extensions.push(extension);
        params.self_signed(&key).unwrap().der().to_vec()
    }

    /// A request whose verifier is a certificate.
    pub(crate) fn certificate_request(&self, artifact: &[u8], certificate: &[u8]) -> Value {
        let mut request = self.request(artifact);
        request["hashedRekordRequestV002"]["signature"]["verifier"] = json!({
            "x509Certificate": { "rawBytes": b64(certificate) },
            "keyDetails": self.details(),
        });
        request
    }

    /// A request for a signature over an artifact.
    pub(crate) fn request(&self, artifact: &[u8]) -> Value {
        let digest = self.hash().digest(artifact);
        let signature = self.key.sign_digest(self.hash(), &digest).unwrap();
        json!({ "hashedRekordRequestV002": {
            "digest": b64(&digest),
            "signature": { "content": b64(&signature), "verifier": self.verifier() },
        }})
    }

    /// A request as clients before 2026 sent it for an envelope.
    pub(crate) fn dsse_request(&self, payload: &[u8]) -> Value {
        let pae = lite_bundle::dsse::pae("text/plain", payload);
        let digest = self.hash().digest(&pae);
        let signature = self.key.sign_digest(self.hash(), &digest).unwrap();
        json!({ "dsseRequestV002": {
            "envelope": {
                "payload": b64(payload),
                "payloadType": "text/plain",
                "signatures": [{ "sig": b64(&signature), "keyid": "" }],
            },
            "verifiers": [self.verifier()],
        }})
    }
}

/// A request that is accepted, from a P-256 key.
pub(crate) fn valid_request(artifact: &[u8]) -> Value {
    Client::new(KeyKind::EcdsaP256).request(artifact)
}

pub(crate) fn b64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn from_b64(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap()).unwrap()
}
