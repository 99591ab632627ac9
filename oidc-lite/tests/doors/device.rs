//! The device flow, as cosign without a terminal goes through it.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;

use crate::support::*;

async fn begin(world: &World) -> Value {
    let fields = [
        ("client_id", "sigstore"),
        ("scope", "openid email"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let answer = world.post("/device/code", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()
}

async fn poll(world: &World, device_code: &str, verifier: &str) -> Answer {
    let fields = [
        ("grant_type", DEVICE_GRANT),
        ("client_id", "sigstore"),
        ("device_code", device_code),
        ("code_verifier", verifier),
    ];
    world.post("/token", &fields).await
}

#[track_caller]
fn says(answer: &Answer, error: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (StatusCode::BAD_REQUEST, &error.into()));
}

async fn answer(world: &World, begun: &Value, more: &[(&str, &str)]) -> Answer {
    let mut browser = world.browser();
    let complete = begun["verification_uri_complete"].as_str().unwrap();
    let page = browser.get(complete.strip_prefix(ISSUER).unwrap()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains(begun["user_code"].as_str().unwrap()));
    assert!(page.body.contains("just now, from this computer"), "{}", page.body);
    let ticket = page.field("ticket");
    let base = [
        ("ticket", ticket.as_str()),
        ("action", "password"),
        ("email", EMAIL),
        ("password", PASSWORD),
    ];
    browser.submit("/device/approve", &pairs(&changed(&base, more))).await
}

#[tokio::test]
async fn a_person_approves_and_the_device_gets_one_token() {
    let world = World::new();
    let begun = begin(&world).await;
    assert_eq!(begun["verification_uri"], format!("{ISSUER}/device"));
    assert_eq!((&begun["interval"], &begun["expires_in"]), (&5.into(), &600.into()));
    let device_code = begun["device_code"].as_str().unwrap();
    says(&poll(&world, device_code, VERIFIER).await, "authorization_pending");
    says(&poll(&world, device_code, VERIFIER).await, "slow_down");
    let page = answer(&world, &begun, &[]).await;
    assert!(page.body.contains("Approved"), "{}", page.body);
    says(&poll(&world, device_code, CHALLENGE).await, "invalid_grant");
    let claims = poll(&world, device_code, VERIFIER).await.claims(&world);
    assert_eq!((&claims["email"], &claims["auth_time"]), (&EMAIL.into(), &START.into()));
    says(&poll(&world, device_code, VERIFIER).await, "expired_token");
}

#[tokio::test]
async fn a_person_denies_and_the_device_is_told() {
    let world = World::new();
    let begun = begin(&world).await;
    let page =
        answer(&world, &begun, &[("action", "cancel"), ("email", ""), ("password", "")]).await;
    assert!(page.body.contains("Denied"));
    says(&poll(&world, begun["device_code"].as_str().unwrap(), VERIFIER).await, "access_denied");
}

#[tokio::test]
async fn a_wrong_password_approves_nothing() {
    let world = World::new();
    let begun = begin(&world).await;
    let page = answer(&world, &begun, &[("password", "x")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains(begun["user_code"].as_str().unwrap()));
    let device_code = begun["device_code"].as_str().unwrap();
    says(&poll(&world, device_code, VERIFIER).await, "authorization_pending");
}

#[tokio::test]
async fn a_device_waits_ten_minutes() {
    let world = World::new();
    let begun = begin(&world).await;
    world.clock.advance(Duration::from_secs(600));
    says(&poll(&world, begun["device_code"].as_str().unwrap(), VERIFIER).await, "expired_token");
    let complete = begun["verification_uri_complete"].as_str().unwrap();
    let page = world.get(complete.strip_prefix(ISSUER).unwrap()).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("No device waits with that code"));
}

#[tokio::test]
async fn guessing_at_user_codes_is_slowed_down() {
    let world = World::new();
    for _ in 0..30 {
        let page = world.get("/device?user_code=BCDF-GHJK").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
    }
    let page = world.get("/device?user_code=BCDF-GHJK").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(page.header("retry-after"), "5");
}

#[tokio::test]
async fn a_device_without_a_client_a_scope_or_a_sound_challenge_is_refused() {
    let world = World::new();
    let base = [("client_id", "sigstore"), ("scope", "openid email")];
    for (changes, status, error) in [
        (vec![("client_id", "-")], 401, "invalid_client"),
        (vec![("client_id", "other")], 401, "invalid_client"),
        (vec![("scope", "email")], 400, "invalid_scope"),
        (vec![("code_challenge", CHALLENGE)], 400, "invalid_request"),
        (vec![("code_challenge_method", "S256")], 400, "invalid_request"),
        (
            vec![("code_challenge", CHALLENGE), ("code_challenge_method", "plain")],
            400,
            "invalid_request",
        ),
        (
            vec![("client_id", "build-bot"), ("client_secret", world.secret.as_str())],
            400,
            "unauthorized_client",
        ),
    ] {
        let answer = world.post("/device/code", &pairs(&changed(&base, &changes))).await;
        assert_eq!(answer.json()["error"], error, "{changes:?}");
        assert_eq!(answer.status.as_u16(), status, "{changes:?}");
    }
    // Without PKCE, as RFC 8628 has it, and without a scope.
    let answer = world.post("/device/code", &[("client_id", "sigstore")]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_flood_of_devices_from_one_address_is_slowed_down() {
    let world = World::new();
    for _ in 0..30 {
        begin(&world).await;
    }
    let answer = world.post("/device/code", &[("client_id", "sigstore")]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
}
