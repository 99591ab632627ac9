//! An authority, a log in a temporary folder, and a clock that the test owns.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ct_lite::{Config, OpenError, Server};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use lite_keys::{KeyKind, SigningKey};
use lite_pki::hierarchy::AuthoritySpec;
use lite_pki::name::AuthorityName;
use lite_pki::profile::{LeafSpec, Precertificate, Prepared};
use lite_pki::{AltName, Authority, Certificate, FulcioExtensions, IssuingCa, Purpose};
use lite_time::{Clock, ManualClock, Time};

pub(crate) const START: Time = Time::from_secs(1_772_366_400); // 2026-03-01T12:00:00Z
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The CA of an authority, with its root.
pub(crate) struct Ca {
    pub(crate) issuing: Arc<IssuingCa>,
    pub(crate) root: Certificate,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let authority = Authority::create(&AuthoritySpec {
            purpose: Purpose::CodeSigning,
            root_name: AuthorityName::new("lab", "lab root"),
            name: AuthorityName::new("lab", "lab intermediate"),
            key_kind: KeyKind::EcdsaP256,
            not_before: START,
            lifetime: YEAR * 10,
        });
        let authority = authority.unwrap();
        let (root, chain) = (authority.root.clone(), authority.chain());
        Self { issuing: IssuingCa::new(authority.key, chain, START).unwrap(), root }
    }

    /// The `serial`th precertificate of this CA.
    pub(crate) fn precertificate(&self, serial: u8) -> Precertificate {
        let spec = LeafSpec {
            public_key: SigningKey::generate(KeyKind::EcdsaP256).public().clone(),
            name: AltName::Email("alice@example.com".to_owned()),
            extensions: FulcioExtensions::for_issuer("http://localhost:7070/oidc"),
            serial: [serial; 20],
            now: START,
        };
        Prepared::new(Arc::clone(&self.issuing), spec).unwrap().precertificate().unwrap()
    }
}

pub(crate) fn der(chain: &[Certificate]) -> Vec<Vec<u8>> {
    chain.iter().map(|certificate| certificate.der().to_vec()).collect()
}

/// A folder, a clock and a CA; servers come and go.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ca: Ca,
    pub(crate) config: Config,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (dir, ca) = (tempfile::tempdir().unwrap(), Ca::new());
        let folder = dir.path().join("ct");
        let mut config = Config::new(folder, "http://localhost:7070/ct", &ca.root.to_pem());
        change(&mut config);
        Self { dir, clock: Arc::new(ManualClock::at(START)), ca, config }
    }

    pub(crate) fn try_open(&self) -> Result<Server, OpenError> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Server::open(&self.config, clock)
    }

    #[track_caller]
    pub(crate) fn open(&self) -> Server {
        self.try_open().unwrap()
    }

    /// A log with the leaves of the seed and `count` precertificates, a second apart.
    pub(crate) async fn filled(&self, count: u8) -> Server {
        let server = self.open();
        for serial in 1..=count {
            self.clock.advance(Duration::from_secs(1));
            let chain = der(&self.ca.precertificate(serial).submission());
            server.log().submit_pre_chain(&chain).await.unwrap();
        }
        server
    }
}

/// One request into the router, in its shell.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }
}

pub(crate) async fn send(
    server: &Server,
    method: &str,
    path: &str,
    body: impl Into<Body>,
) -> Answer {
    let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    call(server.router(), request).await
}

/// `GET path` of a router that is not a [`Server`]'s.
pub(crate) async fn ask(router: Router, path: &str) -> Answer {
    call(router, Request::builder().uri(path).body(Body::empty()).unwrap()).await
}

async fn call(router: Router, request: Request<Body>) -> Answer {
    let response = lite_http::shell::wrap(router).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) async fn get(server: &Server, path: &str) -> Answer {
    send(server, "GET", path, Body::empty()).await
}

pub(crate) async fn submit(server: &Server, endpoint: &str, chain: &[Vec<u8>]) -> Answer {
    let chain: Vec<String> = chain.iter().map(|der| STANDARD.encode(der)).collect();
    send(server, "POST", &format!("/ct/v1/{endpoint}"), json!({ "chain": chain }).to_string()).await
}

pub(crate) fn base64(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

pub(crate) fn hash(value: &Value) -> [u8; 32] {
    base64(value).try_into().unwrap()
}
