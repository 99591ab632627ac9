//! A running identity provider, and a program that waits for its code.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Query;
use axum::http::{Request, header};
use axum::routing::get;
use axum::{Router, response::Html};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::BodyExt as _;
use lite_http::{Listeners, Shutdown};
use lite_time::{Clock, ManualClock, Time};
use oidc_lite::{Config, Server};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{Mutex, mpsc};
use tower::ServiceExt as _;
use url::form_urlencoded::Serializer;

pub(crate) const EMAIL: &str = "alice@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const CALLBACK_PATH: &str = "/auth/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Stack {
    pub(crate) listener: Listener,
    issuer: String,
    router: Router,
    shutdown: Shutdown,
    _server: Server,
    _dir: TempDir,
}

/// What a client's redirect listener hears.
pub(crate) struct Listener {
    pub(crate) port: u16,
    heard: Mutex<mpsc::UnboundedReceiver<HashMap<String, String>>>,
}

impl Stack {
    /// Both on ports of their own; the client's listener on `host`.
    pub(crate) async fn start(host: &str) -> Stack {
        let shutdown = Shutdown::default();
        let sockets = Listeners::bind("localhost:0").await.unwrap();
        let issuer = format!("http://localhost:{}/oidc", sockets.port());
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Time::from_secs(1_800_000_000)));
        let server = Server::open(Config::new(&issuer, dir.path()), clock.clone()).unwrap();
        server.accounts().add_person(EMAIL, PASSWORD, clock.now()).unwrap();
        let router = server.router_at_issuer_path();
        tokio::spawn(sockets.serve(router.clone(), shutdown.clone()));
        let listener = Listener::start(host, &shutdown).await;
        Stack { listener, issuer, router, shutdown, _server: server, _dir: dir }
    }

    pub(crate) fn auth_url(&self, redirect: &str) -> String {
        let query = Serializer::new(String::new())
            .append_pair("client_id", "sigstore")
            .append_pair("redirect_uri", redirect)
            .append_pair("response_type", "code")
            .append_pair("scope", "openid email")
            .append_pair("state", "state & more")
            .append_pair("nonce", "nonce")
            .append_pair("code_challenge", CHALLENGE)
            .append_pair("code_challenge_method", "S256")
            .finish();
        format!("{}/auth?{query}", self.issuer)
    }

    /// Redeems a code; the claims of the token.
    pub(crate) async fn redeem(&self, code: &str, redirect: &str) -> Value {
        let answer = self
            .post(
                "/token",
                &[
                    ("grant_type", "authorization_code"),
                    ("client_id", "sigstore"),
                    ("code", code),
                    ("redirect_uri", redirect),
                    ("code_verifier", VERIFIER),
                ],
            )
            .await;
        let token = answer["id_token"].as_str().expect("a token").to_owned();
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice(&payload).unwrap()
    }

    pub(crate) async fn begin_device(&self) -> Value {
        self.post("/device/code", &[("client_id", "sigstore"), ("scope", "openid email")]).await
    }

    pub(crate) async fn poll(&self, device: &Value) -> Value {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let code = device["device_code"].as_str().unwrap();
        let fields = [("grant_type", grant), ("client_id", "sigstore"), ("device_code", code)];
        self.post("/token", &fields).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Value {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(format!("/oidc{path}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

impl Listener {
    async fn start(host: &str, shutdown: &Shutdown) -> Listener {
        let sockets = Listeners::bind(&format!("{host}:0")).await.unwrap();
        let port = sockets.port();
        let (tell, heard) = mpsc::unbounded_channel();
        let hear = move |Query(query): Query<HashMap<String, String>>| async move {
            // Browsers also come for an icon, without a query.
            if !query.is_empty() {
                let _ = tell.send(query);
            }
            Html("<!doctype html><title>done</title><h1>You can close this window</h1>")
        };
        let router = Router::new()
            .route("/", get(hear.clone()))
            .route("/callback", get(hear.clone()))
            .route(CALLBACK_PATH, get(hear));
        tokio::spawn(sockets.serve(router, shutdown.clone()));
        Listener { port, heard: Mutex::new(heard) }
    }

    /// The next answer that a browser brings.
    pub(crate) async fn next(&self) -> HashMap<String, String> {
        let next = async { self.heard.lock().await.recv().await.expect("an answer") };
        let patience = std::time::Duration::from_secs(60);
        tokio::time::timeout(patience, next).await.expect("the browser brings an answer")
    }
}
