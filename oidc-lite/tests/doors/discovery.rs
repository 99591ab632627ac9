//! What clients read before they come.

use std::time::Duration;

use lite_http::standalone::Standalone as _;
use oidc_lite::{Alone, Config};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn discovery_has_everything_a_stock_client_looks_for() {
    let world = World::new();
    let document = world.get("/.well-known/openid-configuration").await.json();
    let at = |path: &str| json!(format!("{ISSUER}{path}"));
    for (name, value) in [
        ("issuer", at("")),
        ("authorization_endpoint", at("/auth")),
        ("token_endpoint", at("/token")),
        ("jwks_uri", at("/keys")),
        ("userinfo_endpoint", at("/userinfo")),
        ("device_authorization_endpoint", at("/device/code")),
        (
            "grant_types_supported",
            json!(["authorization_code", DEVICE_GRANT, "client_credentials"]),
        ),
        ("response_types_supported", json!(["code"])),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("scopes_supported", json!(["openid", "email"])),
        (
            "token_endpoint_auth_methods_supported",
            json!(["none", "client_secret_basic", "client_secret_post"]),
        ),
    ] {
        assert_eq!(document[name], value, "{name}");
    }
    assert!(document["claims_supported"].as_array().unwrap().contains(&json!("email_verified")));
}

#[tokio::test]
async fn the_keys_are_the_ones_given_in_process() {
    let world = World::new();
    let answer = world.get("/keys").await;
    assert_eq!(answer.body, *world.server.jwks());
    let keys = answer.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["alg"], &key["use"], &key["kty"]),
        (&json!("RS256"), &json!("sig"), &json!("RSA"))
    );
    assert!(key.get("d").is_none() && key.get("p").is_none());
}

#[tokio::test]
async fn a_token_signed_before_a_rotation_verifies_after_it() {
    let world = World::new();
    let day = Duration::from_secs(24 * 60 * 60);
    world.clock.advance(day * 29);
    world.server.tick().unwrap();
    world.clock.advance(Duration::from_secs(24 * 60 * 60 - 1));
    let last_of_old = code(&world).await;
    let last_of_old = world.redeem(&last_of_old, &[]).await;
    world.clock.advance(Duration::from_secs(1));
    let first_of_new = code(&world).await;
    let first_of_new = world.redeem(&first_of_new, &[]).await;
    world.server.tick().unwrap();
    let kid = |answer: &Answer| {
        let jwt = answer.json()["id_token"].as_str().unwrap().to_owned();
        decode(jwt.split('.').next().unwrap())["kid"].clone()
    };
    assert_ne!(kid(&last_of_old), kid(&first_of_new));
    last_of_old.claims(&world);
    first_of_new.claims(&world);
}

#[tokio::test]
async fn the_fragment_names_the_issuer_with_version_one() {
    let world = World::new();
    let fragment = world.server.fragment();
    let service = &fragment.services.oidc[0];
    assert_eq!((service.url.as_str(), service.major_api_version), (ISSUER, 1));
}

#[tokio::test]
async fn alone_it_writes_its_fragment_for_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let server = Alone::open(Config::new(ISSUER, dir.path())).await.unwrap();
    let file = std::fs::read(dir.path().join("public/fragment.json")).unwrap();
    let fragment = lite_bundle::trust::Fragment::parse(&file).unwrap();
    assert_eq!(fragment.services.oidc[0].url, ISSUER);
    server.close();
}

#[tokio::test]
async fn a_folder_in_use_is_refused_by_name() {
    let world = World::new();
    let config = Config::new(ISSUER, world.dir.path().join("oidc"));
    let second = oidc_lite::Server::open(config, world.clock.clone());
    assert!(matches!(second, Err(oidc_lite::OpenError::Lock(_))));
    // The command line's changes need no lock of the server.
    let accounts = oidc_lite::Accounts::open(&world.dir.path().join("oidc")).unwrap();
    accounts.add_person("bob@example.com", "x", lite_time::Time::from_secs(START)).unwrap();
    let answer = world
        .browser()
        .log_in(&auth_path(&[]), &[("email", "bob@example.com"), ("password", "x")])
        .await;
    assert!(answer.sent("code").is_some());
}

#[tokio::test]
async fn the_router_nests_at_the_issuers_path() {
    let world = World { router: World::new().server.router_at_issuer_path(), ..World::new() };
    let answer = world.get("/oidc/.well-known/openid-configuration").await;
    assert_eq!(answer.json()["issuer"], ISSUER);
}

#[tokio::test]
async fn no_method_but_the_right_one_is_served() {
    let world = World::new();
    for path in ["/device/code", "/auth/login", "/device/approve"] {
        assert_eq!(world.get(path).await.status.as_u16(), 405, "{path}");
    }
    for path in ["/keys", "/.well-known/openid-configuration", "/static/login.css", "/device"] {
        assert_eq!(world.post(path, &[]).await.status.as_u16(), 405, "{path}");
    }
    assert_eq!(world.get("/nowhere").await.status.as_u16(), 404);
}
