//! `/token` and `/userinfo`: what redeems, what does not, and in which words.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::support::*;

#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.json()["error_description"].is_string());
}

#[tokio::test]
async fn a_code_is_redeemed_once() {
    let world = World::new();
    let code = code(&world).await;
    let first = world.redeem(&code, &[]).await;
    first.claims(&world);
    assert_eq!(first.header("cache-control"), "no-store");
    refused(&world.redeem(&code, &[]).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_redeemers_at_once_one_gets_the_token() {
    let world = std::sync::Arc::new(World::new());
    let code = code(&world).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, code) = (world.clone(), code.clone());
        tasks.spawn(async move { world.redeem(&code, &[]).await.status });
    }
    let answers = tasks.join_all().await;
    let count = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((count(StatusCode::OK), count(StatusCode::BAD_REQUEST)), (1, 15));
}

#[tokio::test]
async fn a_code_is_bound_to_its_time_its_address_and_its_verifier() {
    let world = World::new();
    for change in [
        ("redirect_uri", "http://localhost:41237/auth/callback/"),
        ("redirect_uri", "http://localhost:41237/auth/Callback"),
        ("redirect_uri", "http://127.0.0.1:41237/auth/callback"),
        ("redirect_uri", OOB),
        ("code_verifier", CHALLENGE),
        ("code_verifier", "short"),
        ("code", "another"),
    ] {
        let code = code(&world).await;
        refused(&world.redeem(&code, &[change]).await, 400, "invalid_grant");
    }
    let late = code(&world).await;
    world.clock.advance(Duration::from_secs(120));
    refused(&world.redeem(&late, &[]).await, 400, "invalid_grant");
    let removed = code(&world).await;
    world.server.accounts().remove(EMAIL).unwrap();
    refused(&world.redeem(&removed, &[]).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_wrong_try_at_a_code_uses_it_up() {
    let world = World::new();
    let code = code(&world).await;
    refused(&world.redeem(&code, &[("code_verifier", CHALLENGE)]).await, 400, "invalid_grant");
    refused(&world.redeem(&code, &[]).await, 400, "invalid_grant");
}

#[tokio::test]
async fn what_is_missing_is_named_and_uses_nothing_up() {
    let world = World::new();
    let code = code(&world).await;
    for name in ["grant_type", "code", "redirect_uri", "code_verifier"] {
        let answer = world.redeem(&code, &[(name, "-")]).await;
        refused(&answer, 400, "invalid_request");
        assert_eq!(answer.json()["error_description"], format!("{name} is required"));
        refused(&world.redeem(&code, &[(name, "")]).await, 400, "invalid_request");
    }
    let unknown = world.redeem(&code, &[("grant_type", "refresh_token")]).await;
    refused(&unknown, 400, "unsupported_grant_type");
    world.redeem(&code, &[]).await.claims(&world);
}

/// cosign tries Basic first and then the form, with the same code; sigstore-python sends Basic with
/// an empty secret; sigstore-js and sigstore-java the form alone.
#[tokio::test]
async fn a_refused_client_does_not_use_the_code_up() {
    let world = World::new();
    let code = code(&world).await;
    let send = async |authorization: &str, changes: &[(&str, &str)]| {
        let base = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let mut request = post("/token", &pairs(&changed(&base, changes)));
        if !authorization.is_empty() {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.parse().unwrap());
        }
        world.send(request).await
    };
    for (authorization, changes) in [
        (basic("sigstore", "wrong"), vec![]),
        (basic("other", ""), vec![]),
        ("Basic !".to_owned(), vec![]),
        ("Basic".to_owned(), vec![]),
        ("Bearer x".to_owned(), vec![]),
        (String::new(), vec![]),
        (String::new(), vec![("client_id", "other")]),
        (String::new(), vec![("client_id", "sigstore"), ("client_secret", "wrong")]),
    ] {
        let answer = send(&authorization, &changes).await;
        refused(&answer, 401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "));
    }
    let twice = send(&basic("sigstore", ""), &[("client_id", "other")]).await;
    refused(&twice, 400, "invalid_request");
    let machine = send(&basic("build-bot", &world.secret), &[]).await;
    refused(&machine, 400, "unauthorized_client");
    let both = [("client_id", "sigstore"), ("client_secret", "")];
    send(&basic("sigstore", ""), &both).await.claims(&world);
}

#[tokio::test]
async fn every_style_of_the_public_client_redeems() {
    let world = World::new();
    for (authorization, id) in [
        (None, "sigstore"),
        (Some(basic("sigstore", "")), "-"),
        (Some(basic("sigstore", "")), "sigstore"),
    ] {
        let code = code(&world).await;
        let base = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            // What sigstore-java adds.
            ("nonce", "x"),
        ];
        let mut request = post("/token", &pairs(&changed(&base, &[("client_id", id)])));
        if let Some(authorization) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.parse().unwrap());
        }
        world.send(request).await.claims(&world);
    }
}

#[tokio::test]
async fn a_request_that_is_no_form_or_says_something_twice_is_refused() {
    let world = World::new();
    let json = Request::post("/token")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"))
        .unwrap();
    refused(&world.send(json).await, 400, "invalid_request");
    let twice = [("client_id", "sigstore"), ("client_id", "sigstore")];
    refused(&world.post("/token", &twice).await, 400, "invalid_request");
    assert_eq!(world.get("/token").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_machine_gets_a_token_with_a_uri_and_no_email() {
    let world = World::new();
    let grant = |id, secret| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", "openid email"),
        ]
    };
    // Under the public client's name: what cosign does without `--oidc-client-id`.
    let claims = world.post("/token", &grant("sigstore", &world.secret)).await.claims(&world);
    assert_eq!(claims["sub"], "http://localhost:7070/machine/build-bot");
    assert_eq!(claims["aud"], "sigstore");
    for absent in ["email", "email_verified", "nonce", "auth_time", "azp"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    // Under its own: cosign then looks for that name in `aud`.
    let claims = world.post("/token", &grant("build-bot", &world.secret)).await.claims(&world);
    assert_eq!(claims["aud"], json!(["sigstore", "build-bot"]));
    assert_eq!(claims["azp"], "build-bot");

    for (id, secret) in [
        ("sigstore", "build-bot.wrong"),
        ("sigstore", ""),
        ("build-bot", ""),
        ("build-bot", "build-bot.wrong"),
        ("other-bot", world.secret.as_str()),
        (EMAIL, PASSWORD),
        ("", world.secret.as_str()),
    ] {
        let answer = world.post("/token", &grant(id, secret)).await;
        refused(&answer, 401, "invalid_client");
    }
    let renewed = world.server.accounts().renew_secret("build-bot").unwrap();
    let old = world.post("/token", &grant("sigstore", &world.secret)).await;
    refused(&old, 401, "invalid_client");
    world.post("/token", &grant("sigstore", &renewed)).await.claims(&world);
}

fn by_password(changes: &[(&str, &str)]) -> Request<Body> {
    let base = [
        ("grant_type", "password"),
        ("client_id", "sigstore"),
        ("username", EMAIL),
        ("password", PASSWORD),
        ("scope", "openid email"),
    ];
    post("/token", &pairs(&changed(&base, changes)))
}

#[tokio::test]
async fn a_local_program_trades_a_password_for_a_token() {
    let world = World::new();
    let claims = world.send(by_password(&[])).await.claims(&world);
    assert_eq!(claims["email"], EMAIL);
    refused(&world.send(by_password(&[("password", "x")])).await, 400, "invalid_grant");
    refused(&world.send(by_password(&[("username", "x")])).await, 400, "invalid_grant");
    refused(&world.send(by_password(&[("password", "-")])).await, 400, "invalid_request");
    refused(&world.send(by_password(&[("username", "-")])).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_password_is_refused_from_afar_from_a_browser_and_through_a_proxy() {
    let world = World::new();
    let mut afar = by_password(&[]);
    let peer: SocketAddr = "192.0.2.1:5000".parse().unwrap();
    afar.extensions_mut().insert(ConnectInfo(peer));
    refused(&world.send(afar).await, 400, "unauthorized_client");
    for (name, value) in [
        ("origin", "http://localhost:7070"),
        ("sec-fetch-site", "cross-site"),
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"),
    ] {
        let mut request = by_password(&[]);
        request.headers_mut().insert(name, value.parse().unwrap());
        refused(&world.send(request).await, 400, "unauthorized_client");
    }
    let never = World::with(|config| config.password_grant = oidc_lite::PasswordGrant::Never);
    refused(&never.send(by_password(&[])).await, 400, "unauthorized_client");
    let anywhere = World::with(|config| config.password_grant = oidc_lite::PasswordGrant::Anywhere);
    let mut afar = by_password(&[]);
    afar.extensions_mut().insert(ConnectInfo(peer));
    anywhere.send(afar).await.claims(&anywhere);
}

#[tokio::test]
async fn guessing_at_the_token_endpoint_is_slowed_down() {
    let world = World::new();
    for _ in 0..10 {
        let answer = world.send(by_password(&[("password", "x")])).await;
        refused(&answer, 400, "invalid_grant");
    }
    let answer = world.send(by_password(&[])).await;
    refused(&answer, 429, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "30");
}

async fn userinfo(world: &World, token: &str) -> Answer {
    let request =
        Request::get("/userinfo").header(header::AUTHORIZATION, format!("Bearer {token}"));
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn userinfo_says_what_the_token_says() {
    let world = World::new();
    let issued = world.send(by_password(&[])).await.json();
    let token = issued["access_token"].as_str().unwrap();
    let info = userinfo(&world, token).await.json();
    let sub = &decode(token.split('.').nth(1).unwrap())["sub"];
    assert_eq!(info, json!({ "sub": sub, "email": EMAIL, "email_verified": true }));

    let machine = [("grant_type", "client_credentials"), ("client_id", "sigstore")];
    let machine = changed(&machine, &[("client_secret", &world.secret)]);
    let issued = world.post("/token", &pairs(&machine)).await.json();
    let info = userinfo(&world, issued["access_token"].as_str().unwrap()).await.json();
    assert_eq!(info, json!({ "sub": "http://localhost:7070/machine/build-bot" }));
}

#[tokio::test]
async fn userinfo_refuses_every_token_that_does_not_hold() {
    let world = World::new();
    let missing = world.get("/userinfo").await;
    assert_eq!(missing.status, StatusCode::UNAUTHORIZED);
    assert_eq!(missing.header("www-authenticate"), "Bearer realm=\"siglite\"");

    let issued = world.send(by_password(&[])).await.json();
    let token = issued["access_token"].as_str().unwrap().to_owned();
    let foreign = World::new().send(by_password(&[])).await.json();
    // {"alg":"none"}
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap());
    let check = async |token: &str| {
        let answer = userinfo(&world, token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
        assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
        assert_eq!(answer.json()["error"], "invalid_token");
    };
    for bad in ["x", "a.b.c", &unsigned, foreign["id_token"].as_str().unwrap()] {
        check(bad).await;
    }
    check(&format!("{token}A")).await;
    world.clock.advance(Duration::from_secs(301));
    check(&token).await;
    let issued = world.send(by_password(&[])).await.json();
    world.server.accounts().remove(EMAIL).unwrap();
    check(issued["access_token"].as_str().unwrap()).await;
}
