//! The authority on its own: a CT log and an issuer behind HTTP, files for everything, the machine's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fulcio_lite::{Alone, Config};
use http::StatusCode;
use http_body_util::BodyExt as _;
use lite_http::standalone::Standalone as _;
use lite_http::{Listeners, Shutdown};
use lite_keys::{KeyKind, SigningKey};
use lite_pki::{Certificate, CtEntry, Sct};
use lite_store::SystemClock;
use lite_time::Clock as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::external::Issuer;
use crate::support::{ADA, Idp, key_request, p256};

/// A CT log on a loopback port. Its first answers are `refusals`, in order.
struct HttpLog {
    key: SigningKey,
    refusals: Vec<StatusCode>,
    asked: AtomicUsize,
}

async fn add_pre_chain(State(log): State<Arc<HttpLog>>, Json(body): Json<Value>) -> Response {
    let asked = log.asked.fetch_add(1, Ordering::SeqCst);
    if let Some(status) = log.refusals.get(asked) {
        return (*status, [("retry-after", "0")]).into_response();
    }
    let chain = body["chain"].as_array().unwrap();
    assert_eq!(chain.len(), 3, "precertificate, issuing CA, root");
    let certificate = |at: usize| {
        Certificate::from_der(&STANDARD.decode(chain[at].as_str().unwrap()).unwrap()).unwrap()
    };
    let entry = CtEntry::of_precertificate(&certificate(0), &certificate(1)).unwrap();
    let at = u64::try_from(SystemClock.now().millis()).unwrap();
    let sct = Sct::sign(&log.key, at, Vec::new(), &entry).unwrap();
    let answer = json!({"sct_version": 0, "id": STANDARD.encode(sct.log_id), "timestamp": sct.timestamp,
        "extensions": "", "signature": STANDARD.encode(sct.digitally_signed().unwrap())});
    Json(answer).into_response()
}

/// Opens an authority that runs alone, and asks it for one certificate.
async fn ask(
    refusals: Vec<StatusCode>,
    key_file_of: fn(&SigningKey) -> String,
) -> (StatusCode, usize) {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    let dir = tempfile::tempdir().unwrap();
    let (issuers, key_file) = (dir.path().join("issuers.yaml"), dir.path().join("ct"));
    let (issuer, idp) = (Issuer::start().await, Idp::new("k"));
    issuer.set_keys(&[&idp]);
    let yaml = format!(
        "oidc-issuers:\n  {0}:\n    issuer-url: {0}\n    client-id: sigstore\n    type: email\n",
        issuer.url
    );
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    {
        std::fs::write(&issuers, yaml).unwrap();
        std::fs::write(&key_file, key_file_of(&key)).unwrap();
    }
    let log = Arc::new(HttpLog { key, refusals, asked: AtomicUsize::new(0) });
    let router = Router::new()
        .route("/log/ct/v1/add-pre-chain", post(add_pre_chain))
        .with_state(Arc::clone(&log));
    let listeners = Listeners::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/log/", listeners.port());
    let shutdown = Shutdown::default();
    tokio::spawn(listeners.serve(router, shutdown.clone()));

    let config = Config {
        issuers_file: Some(issuers),
        ct_log_url: Some(url),
        ct_log_public_key_file: Some(key_file),
        ..Config::new(dir.path().join("fulcio"), "http://localhost:7072")
    };
    let server = Alone::open(config).await.unwrap();
    assert!(dir.path().join("fulcio/public/fragment.json").exists());
    assert!(dir.path().join("fulcio/public/root.pem").exists());
    let token = idp
        .sign(&json!({"iss": issuer.url, "aud": "sigstore", "email": ADA, "email_verified": true,
        "exp": SystemClock.now().secs() + 60}));
    let request = http::Request::post("/api/v2/signingCert")
        .header("authorization", format!("Bearer {token}"));
    let request =
        request.body(axum::body::Body::from(key_request(&p256(), ADA).to_string())).unwrap();
    let response = server.router().oneshot(request).await.unwrap();
    let status = response.status();
    response.into_body().collect().await.unwrap();
    shutdown.begin();
    (status, log.asked.load(Ordering::SeqCst))
}

fn pem(key: &SigningKey) -> String {
    key.public().to_pem()
}

fn fragment(key: &SigningKey) -> String {
    let spki = STANDARD.encode(key.public().spki_der());
    let id = STANDARD.encode(lite_pki::sct::log_id(key.public()));
    json!({"ctlogs": [{"baseUrl": "http://localhost:7073", "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": spki, "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2026-01-01T00:00:00Z"}},
        "logId": {"keyId": id}}]})
    .to_string()
}

fn another(_: &SigningKey) -> String {
    SigningKey::generate(KeyKind::EcdsaP256).public().to_pem()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_issues_with_a_log_and_an_issuer_behind_http() {
    assert_eq!(ask(vec![], pem).await, (StatusCode::OK, 1));
    assert_eq!(ask(vec![], fragment).await, (StatusCode::OK, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_asks_the_log_again_where_that_may_help_and_not_elsewhere() {
    let patience = vec![
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    assert_eq!(ask(patience, pem).await, (StatusCode::OK, 4));
    let refused = vec![StatusCode::BAD_REQUEST];
    assert_eq!(ask(refused, pem).await, (StatusCode::INTERNAL_SERVER_ERROR, 1));
    let created = vec![StatusCode::CREATED];
    assert_eq!(ask(created, pem).await, (StatusCode::INTERNAL_SERVER_ERROR, 1), "200 or nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_of_another_log_is_none() {
    assert_eq!(ask(vec![], another).await, (StatusCode::INTERNAL_SERVER_ERROR, 1));
}
