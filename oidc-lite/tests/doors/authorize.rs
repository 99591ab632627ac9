//! `/auth`: what a client may ask, and who hears of a refusal.

use axum::http::StatusCode;

use crate::support::*;

#[tokio::test]
async fn a_person_signs_in_and_the_client_gets_a_code_and_its_state() {
    let world = World::new();
    let answer = world.browser().log_in(&auth_path(&[]), &[]).await;
    assert!(answer.header("location").starts_with("http://localhost:41237/auth/callback?code="));
    assert_eq!(answer.sent("state").as_deref(), Some("s+t/a=t&e"));
    let issued = world.redeem(&answer.sent("code").unwrap(), &[]).await;
    let claims = issued.claims(&world);
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], "sigstore");
    assert_eq!(claims["email"], EMAIL);
    assert_eq!(claims["email_verified"], true);
    assert_eq!(claims["nonce"], "n-0S6");
    assert_eq!(claims["iat"], START);
    assert_eq!(claims["auth_time"], START);
    assert_eq!(claims["exp"], START + 300);
    assert!(claims.get("at_hash").is_none());
    assert_eq!(claims["sub"].as_str().unwrap().len(), 43);
}

#[tokio::test]
async fn every_stock_redirect_address_gets_its_code() {
    let world = World::new();
    for address in [
        "http://localhost:41237",
        "http://localhost:41237/Callback",
        "http://127.0.0.1:41237/callback",
    ] {
        let auth = auth_path(&[("redirect_uri", address)]);
        let answer = world.browser().log_in(&auth, &[]).await;
        assert!(answer.header("location").starts_with(address));
        let code = answer.sent("code").unwrap();
        let issued = world.redeem(&code, &[("redirect_uri", address)]).await;
        issued.claims(&world);
    }
}

#[tokio::test]
async fn out_of_band_shows_the_code_on_a_page() {
    let world = World::new();
    let answer = world.browser().log_in(&auth_path(&[("redirect_uri", OOB)]), &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let (_, rest) = answer.body.split_once("id=\"code\"").unwrap();
    let code = rest.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    world.redeem(code, &[("redirect_uri", OOB)]).await.claims(&world);
}

#[tokio::test]
async fn an_ipv6_client_is_reached_by_a_page_that_leads_on() {
    let world = World::new();
    let address = "http://[::1]:41237/callback";
    let answer = world.browser().log_in(&auth_path(&[("redirect_uri", address)]), &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer
            .body
            .contains("http-equiv=\"refresh\" content=\"0;url=http://[::1]:41237/callback?code=")
    );
}

#[tokio::test]
async fn a_form_works_as_well_as_a_query() {
    let world = World::new();
    let path = auth_path(&[]);
    let query = path.split_once('?').unwrap().1;
    let fields: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect();
    let page = world.post("/auth", &fields).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("type=\"password\""));
}

/// Refusals for which no address can be trusted stay on a page.
#[tokio::test]
async fn what_names_no_trusted_address_is_refused_on_a_page() {
    let world = World::new();
    for changes in [
        ("client_id", "-"),
        ("client_id", "other"),
        ("redirect_uri", "-"),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", "http://localhost.evil.example:1/"),
        ("redirect_uri", "http://localhost@evil.example/"),
        ("redirect_uri", "javascript:alert(1)"),
    ] {
        let answer = world.get(&auth_path(&[changes])).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{changes:?}");
        assert_eq!(answer.header("location"), "", "{changes:?}");
        assert!(answer.body.contains("cannot go on"));
    }
    let twice = format!("{}&client_id=sigstore", auth_path(&[]));
    assert_eq!(world.get(&twice).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn every_other_refusal_is_told_to_the_client() {
    let world = World::new();
    let long = "x".repeat(1025);
    for (change, error) in [
        (("response_type", "-"), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", "code id_token"), "unsupported_response_type"),
        (("response_mode", "form_post"), "invalid_request"),
        (("scope", "-"), "invalid_scope"),
        (("scope", "email"), "invalid_scope"),
        (("code_challenge", "-"), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "-"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("nonce", long.as_str()), "invalid_request"),
        (("request", "x.y.z"), "request_not_supported"),
        (("request_uri", "http://x/"), "request_not_supported"),
        (("prompt", "none"), "login_required"),
    ] {
        let answer = world.get(&auth_path(&[change])).await;
        assert!(answer.header("location").starts_with(CALLBACK), "{change:?}");
        assert_eq!(answer.sent("error").as_deref(), Some(error), "{change:?}");
        assert_eq!(answer.sent("state").as_deref(), Some("s+t/a=t&e"), "{change:?}");
        assert_eq!(answer.sent("code"), None);
    }
    let answer = world.get(&auth_path(&[("state", &long)])).await;
    assert_eq!(answer.sent("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn an_out_of_band_refusal_stays_on_a_page() {
    let world = World::new();
    let path = auth_path(&[("redirect_uri", OOB), ("code_challenge", "-")]);
    let answer = world.get(&path).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("code_challenge is required"));
}

#[tokio::test]
async fn without_the_email_scope_the_token_names_no_address() {
    let world = World::new();
    let answer = world.browser().log_in(&auth_path(&[("scope", "openid")]), &[]).await;
    let claims = world.redeem(&answer.sent("code").unwrap(), &[]).await.claims(&world);
    assert!(claims.get("email").is_none() && claims.get("email_verified").is_none());
}

#[tokio::test]
async fn cancel_tells_the_client_no() {
    let world = World::new();
    let answer = world.browser().log_in(&auth_path(&[]), &[("action", "cancel")]).await;
    assert_eq!(answer.sent("error").as_deref(), Some("access_denied"));
    assert_eq!(answer.sent("state").as_deref(), Some("s+t/a=t&e"));
}
