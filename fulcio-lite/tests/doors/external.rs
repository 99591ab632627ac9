//! Issuers behind HTTP: fetched from when they are configured, and never otherwise.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use lite_http::{Listeners, Shutdown};
use serde_json::{Value, json};

use crate::support::{ADA, Idp, Log, NOW, World, issuers_file, key_request, p256, world_with};

/// An issuer on a loopback port, whose answers a test can change.
pub(crate) struct Issuer {
    pub(crate) url: String,
    shared: Arc<Shared>,
    shutdown: Shutdown,
}

#[derive(Default)]
struct Shared {
    url: Mutex<String>,
    keys: Mutex<Vec<Value>>,
    discovery: Mutex<Option<Value>>,
    away: Mutex<Option<String>>,
    down: std::sync::atomic::AtomicBool,
    /// While there is one, answers wait for a permit of it.
    gate: Mutex<Option<Arc<tokio::sync::Semaphore>>>,
    discoveries: AtomicUsize,
    key_sets: AtomicUsize,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .with_state(Arc::clone(&shared));
        let listeners = Listeners::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://127.0.0.1:{}", listeners.port());
        shared.url.lock().unwrap().clone_from(&url);
        let shutdown = Shutdown::default();
        tokio::spawn(listeners.serve(router, shutdown.clone()));
        Self { url, shared, shutdown }
    }

    pub(crate) fn set_keys(&self, idps: &[&Idp]) {
        *self.shared.keys.lock().unwrap() = idps.iter().map(|idp| idp.jwk()).collect();
    }

    fn fetches(&self) -> (usize, usize) {
        (
            self.shared.discoveries.load(Ordering::SeqCst),
            self.shared.key_sets.load(Ordering::SeqCst),
        )
    }

    fn token(&self, idp: &Idp) -> String {
        idp.sign(&json!({"iss": self.url, "aud": "sigstore", "sub": "7", "exp": NOW + 86_400,
            "email": ADA, "email_verified": true}))
    }

    fn world(&self) -> World {
        world_as("oidc-issuers", &self.url)
    }
}

fn world_as(section: &str, key: &str) -> World {
    let dir = tempfile::tempdir().unwrap();
    let file = json!({section: {key: {"client-id": "sigstore", "type": "email"}}});
    world_with(Log::new(), issuers_file(dir.path(), &file))
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Response {
    shared.discoveries.fetch_add(1, Ordering::SeqCst);
    let gate = shared.gate.lock().unwrap().clone();
    if let Some(gate) = gate {
        gate.acquire().await.unwrap().forget();
    }
    if shared.down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if let Some(away) = shared.away.lock().unwrap().as_ref() {
        return Redirect::temporary(away).into_response();
    }
    if let Some(document) = shared.discovery.lock().unwrap().as_ref() {
        return axum::Json(document.clone()).into_response();
    }
    let url = shared.url.lock().unwrap().clone();
    let document = json!({"issuer": url, "jwks_uri": format!("{url}/keys"),
        "id_token_signing_alg_values_supported": ["RS256"]});
    axum::Json(document).into_response()
}

async fn keys(State(shared): State<Arc<Shared>>) -> Response {
    shared.key_sets.fetch_add(1, Ordering::SeqCst);
    let keys = shared.keys.lock().unwrap().clone();
    axum::Json(json!({"keys": keys})).into_response()
}

async fn status(world: &World, token: &str) -> u16 {
    world.post(token, &key_request(&p256(), ADA)).await.status.as_u16()
}

#[tokio::test]
async fn keys_are_fetched_once_kept_and_fetched_again_for_a_new_one() {
    let issuer = Issuer::start().await;
    let (first, second) = (Idp::new("first"), Idp::new("second"));
    issuer.set_keys(&[&first]);
    let world = issuer.world();
    for _ in 0..3 {
        assert_eq!(status(&world, &issuer.token(&first)).await, 200);
    }
    assert_eq!(issuer.fetches(), (1, 1), "one fetch serves many");

    issuer.set_keys(&[&first, &second]);
    assert_eq!(status(&world, &issuer.token(&second)).await, 400, "too soon after the last fetch");
    assert_eq!(issuer.fetches(), (1, 1));
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(status(&world, &issuer.token(&second)).await, 200);
    assert_eq!(issuer.fetches(), (2, 2));

    issuer.set_keys(&[&second]);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(status(&world, &issuer.token(&first)).await, 400, "a key that was withdrawn");
    assert_eq!(status(&world, &issuer.token(&second)).await, 200);
}

#[tokio::test]
async fn an_issuer_that_is_down_is_not_asked_again_at_once_and_what_was_fetched_stays() {
    let issuer = Issuer::start().await;
    let idp = Idp::new("k");
    issuer.set_keys(&[&idp]);
    issuer.shared.down.store(true, Ordering::SeqCst);
    let world = issuer.world();
    for _ in 0..3 {
        assert_eq!(status(&world, &issuer.token(&idp)).await, 400);
    }
    assert_eq!(issuer.fetches(), (1, 0), "a failure is remembered");
    assert_eq!(world.submissions(), 0);

    issuer.shared.down.store(false, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(status(&world, &issuer.token(&idp)).await, 200);
    issuer.shared.down.store(true, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(status(&world, &issuer.token(&idp)).await, 200, "old keys are better than none");
    assert_eq!(issuer.fetches(), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_share_one_fetch() {
    let issuer = Issuer::start().await;
    let idp = Idp::new("k");
    issuer.set_keys(&[&idp]);
    let world = Arc::new(issuer.world());
    let asked: Vec<_> = (0..16)
        .map(|_| {
            let (world, token) = (Arc::clone(&world), issuer.token(&idp));
            tokio::spawn(async move { status(&world, &token).await })
        })
        .collect();
    for one in asked {
        assert_eq!(one.await.unwrap(), 200);
    }
    assert_eq!(issuer.fetches(), (1, 1));
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_take_the_fetch_along() {
    let issuer = Issuer::start().await;
    let idp = Idp::new("k");
    issuer.set_keys(&[&idp]);
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    *issuer.shared.gate.lock().unwrap() = Some(Arc::clone(&gate));
    let world = Arc::new(issuer.world());
    let (impatient, token) = (Arc::clone(&world), issuer.token(&idp));
    let asked = tokio::spawn(async move { status(&impatient, &token).await });
    while issuer.fetches().0 == 0 {
        tokio::task::yield_now().await;
    }
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    assert_eq!(status(&world, &issuer.token(&idp)).await, 200);
    assert_eq!(issuer.fetches(), (1, 1));
}

#[tokio::test]
async fn an_unconfigured_issuer_is_never_fetched_from() {
    let canary = Issuer::start().await;
    let idp = Idp::new("k");
    canary.set_keys(&[&idp]);
    let elsewhere = Issuer::start().await;
    for world in [
        elsewhere.world(),
        world_as("meta-issuers", "http://127.0.0.1:*.example/"),
        crate::support::world(),
    ] {
        for suffix in ["", "/", "/x", "?", "#"] {
            let token = idp
                .sign(&json!({"iss": format!("{}{suffix}", canary.url), "aud": "sigstore",
                "exp": NOW + 60, "email": ADA, "email_verified": true}));
            assert_eq!(status(&world, &token).await, 400);
        }
        assert_eq!(world.submissions(), 0);
    }
    assert_eq!(canary.fetches(), (0, 0));
    assert_eq!(elsewhere.fetches(), (0, 0));
}

#[tokio::test]
async fn a_pattern_is_an_issuer_where_it_matches() {
    let issuer = Issuer::start().await;
    let idp = Idp::new("k");
    issuer.set_keys(&[&idp]);
    let world = world_as("meta-issuers", "http://127.0.0.1:*");
    assert_eq!(status(&world, &issuer.token(&idp)).await, 200);
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_or_elsewhere_brings_no_keys() {
    let (issuer, canary) = (Issuer::start().await, Issuer::start().await);
    let idp = Idp::new("k");
    issuer.set_keys(&[&idp]);
    canary.set_keys(&[&idp]);
    let keys = format!("{}/keys", issuer.url);
    for document in [
        json!({"issuer": format!("{}/", issuer.url), "jwks_uri": keys}),
        json!({"issuer": canary.url, "jwks_uri": keys}),
        json!({"issuer": issuer.url, "jwks_uri": "file:///etc/passwd"}),
        json!({"issuer": issuer.url}),
        json!({"issuer": issuer.url, "jwks_uri": keys, "x": "x".repeat(300_000)}),
        json!({"issuer": issuer.url, "jwks_uri": keys, "id_token_signing_alg_values_supported": ["ES256"]}),
    ] {
        *issuer.shared.discovery.lock().unwrap() = Some(document);
        assert_eq!(status(&issuer.world(), &issuer.token(&idp)).await, 400);
    }
    *issuer.shared.discovery.lock().unwrap() = None;
    let away = format!("{}/.well-known/openid-configuration", canary.url);
    *issuer.shared.away.lock().unwrap() = Some(away);
    assert_eq!(status(&issuer.world(), &issuer.token(&idp)).await, 400);
    assert_eq!(canary.fetches(), (0, 0), "a redirect to another host is not followed");
}
