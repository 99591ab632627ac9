//! The pages: their policy, their forms, guessing, sessions.

use std::time::Duration;

use axum::http::StatusCode;

use crate::support::*;

#[tokio::test]
async fn every_page_has_the_strict_policy() {
    let world = World::new();
    let own = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; \
               base-uri 'none'";
    let then = own.replace("'self'; frame", "'self' http://localhost:41237; frame");
    for (path, policy) in [
        (auth_path(&[]), then.as_str()),
        (auth_path(&[("redirect_uri", OOB)]), own),
        (auth_path(&[("redirect_uri", "http://[::1]:1/")]), own),
        (auth_path(&[("client_id", "other")]), own),
        ("/device".to_owned(), own),
        ("/device?user_code=BCDF-GHJK".to_owned(), own),
        ("/logout".to_owned(), own),
    ] {
        let page = world.get(&path).await;
        assert_eq!(page.header("content-security-policy"), policy, "{path}");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        for word in ["<script", " style=", "onclick"] {
            assert!(!page.body.contains(word), "{path} has {word}");
        }
    }
    let css = world.get("/static/login.css").await;
    assert_eq!(css.header("content-type"), "text/css; charset=utf-8");
}

#[tokio::test]
async fn what_a_stranger_writes_is_shown_and_never_run() {
    let world = World::new();
    let evil = "\"><script>alert(1)</script>";
    let hint = world.get(&auth_path(&[("login_hint", evil)])).await;
    let address = format!("http://localhost:1/{}", "%3Cscript%3E'\"><b>");
    let redirect = world.get(&auth_path(&[("redirect_uri", &address)])).await;
    let typed = world.get("/device?user_code=%22%3E%3Cscript%3E").await;
    let mut browser = world.browser();
    let wrong = browser.log_in(&auth_path(&[]), &[("email", evil)]).await;
    for page in [&hint, &redirect, &typed, &wrong] {
        assert!(!page.body.contains("<script>") && !page.body.contains("<b>"), "{}", page.body);
    }
    assert!(hint.body.contains("&#60;script&#62;"));
}

#[tokio::test]
async fn a_form_without_its_page_its_browser_or_its_time_is_refused() {
    let world = World::new();
    let mut browser = world.browser();
    let page = browser.get(&auth_path(&[])).await;
    let ticket = page.field("ticket");
    let fields = |ticket| {
        [("ticket", ticket), ("action", "password"), ("email", EMAIL), ("password", PASSWORD)]
    };
    let refused = |answer: &Answer| {
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
        assert!(answer.body.contains("Please start again"));
    };

    // No ticket, a forged one, one of another form.
    refused(&browser.submit("/auth/login", &fields("")).await);
    refused(&browser.submit("/auth/login", &fields("e30.e30")).await);
    refused(&browser.submit("/logout", &fields(&ticket)).await);
    refused(&browser.submit("/device/approve", &fields(&ticket)).await);

    // Another browser, and none.
    let mut other = world.browser();
    other.get(&auth_path(&[])).await;
    refused(&other.submit("/auth/login", &fields(&ticket)).await);
    refused(&world.browser().submit("/auth/login", &fields(&ticket)).await);

    // A page of another origin, which a browser reports.
    for site in ["cross-site", "same-site"] {
        let mut request = post("/auth/login", &fields(&ticket));
        request.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
        refused(&browser.send(request).await);
    }

    // Too late.
    world.clock.advance(Duration::from_secs(30 * 60));
    refused(&browser.submit("/auth/login", &fields(&ticket)).await);
}

#[tokio::test]
async fn a_wrong_password_says_nothing_about_which_half_was_wrong() {
    let world = World::new();
    let mut browser = world.browser();
    let strip = |answer: Answer| {
        let ticket = answer.field("ticket");
        assert!(!answer.body.contains("correct horsf"));
        answer.body.replace(&ticket, "").replace("nobody@example.com", EMAIL)
    };
    let wrong = browser.log_in(&auth_path(&[]), &[("password", "correct horsf")]).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.body.contains("role=\"alert\"") && wrong.body.contains("aria-invalid=\"true\""));
    let nobody = [("email", "nobody@example.com"), ("password", "correct horsf")];
    let unknown = browser.log_in(&auth_path(&[]), &nobody).await;
    assert_eq!(unknown.status, StatusCode::FORBIDDEN);
    assert_eq!(strip(wrong), strip(unknown));
    for (email, password) in [("build-bot", world.secret.as_str()), ("", ""), (EMAIL, "")] {
        let wrong = [("email", email), ("password", password)];
        let answer = browser.log_in(&auth_path(&[]), &wrong).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{email}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_right_password_waits_too() {
    let world = World::new();
    let mut browser = world.browser();
    for _ in 0..10 {
        let answer = browser.log_in(&auth_path(&[]), &[("password", "x")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let throttled = browser.log_in(&auth_path(&[]), &[]).await;
    assert_eq!(throttled.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(throttled.header("retry-after"), "30");
    assert!(throttled.body.contains("Please wait 30 seconds"), "{}", throttled.body);
    world.clock.advance(Duration::from_secs(30));
    assert!(browser.log_in(&auth_path(&[]), &[]).await.sent("code").is_some());
    // A right guess was given back: the next may follow at once.
    assert!(browser.log_in(&auth_path(&[]), &[]).await.sent("code").is_some());
}

#[tokio::test]
async fn guessing_at_many_accounts_from_one_address_is_slowed_down() {
    let world = World::new();
    let mut browser = world.browser();
    for n in 0..30 {
        let email = format!("person{n}@example.com");
        let answer = browser.log_in(&auth_path(&[]), &[("email", &email)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let answer = browser.log_in(&auth_path(&[]), &[]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn who_stays_signed_in_confirms_with_a_button_and_no_password() {
    let world = World::new();
    let mut browser = world.browser();
    browser.log_in(&auth_path(&[]), &[("stay", "yes")]).await.sent("code").unwrap();
    let page = browser.get(&auth_path(&[])).await;
    assert!(page.body.contains("Continue as alice@example.com"), "{}", page.body);
    assert!(!page.body.contains("type=\"password\""));
    world.clock.advance(Duration::from_secs(60));
    let answer = browser.log_in(&auth_path(&[]), &[("action", "continue")]).await;
    let claims = world.redeem(&answer.sent("code").unwrap(), &[]).await.claims(&world);
    assert_eq!((&claims["email"], &claims["auth_time"]), (&EMAIL.into(), &START.into()));

    // `prompt=login`, `max_age` and "use another account" ask for a password all the same.
    for fresh in [("prompt", "login"), ("max_age", "0")] {
        let fresh = browser.get(&auth_path(&[fresh])).await;
        assert!(fresh.body.contains("type=\"password\""));
        let ticket = fresh.field("ticket");
        let forced =
            browser.submit("/auth/login", &[("ticket", &ticket), ("action", "continue")]).await;
        assert_eq!(forced.status, StatusCode::FORBIDDEN);
    }
    let switched = browser.log_in(&auth_path(&[]), &[("action", "switch")]).await;
    assert!(switched.body.contains("type=\"password\""));
}

#[tokio::test]
async fn nobody_stays_signed_in_who_did_not_ask_to() {
    let world = World::new();
    let mut browser = world.browser();
    browser.log_in(&auth_path(&[]), &[]).await;
    assert_eq!(browser.cookies.len(), 1);
    let never = World::with(|config| config.session_seconds = 0);
    let mut browser = never.browser();
    let answer = browser.log_in(&auth_path(&[]), &[("stay", "yes")]).await;
    assert!(answer.sent("code").is_some());
    assert_eq!(browser.cookies.len(), 1);
    assert!(!never.get(&auth_path(&[])).await.body.contains("Stay signed in"));
}

#[tokio::test]
async fn a_session_ends_by_time_by_a_new_password_by_removal_and_by_signing_out() {
    type End = fn(&World);
    let ends: [End; 3] = [
        |world| world.clock.advance(Duration::from_secs(3600)),
        |world| world.server.accounts().set_password(EMAIL, "new").unwrap(),
        |world| world.server.accounts().remove(EMAIL).unwrap(),
    ];
    for end in ends {
        let world = World::new();
        let mut browser = world.browser();
        browser.log_in(&auth_path(&[]), &[("stay", "yes")]).await;
        end(&world);
        assert!(browser.get(&auth_path(&[])).await.body.contains("type=\"password\""));
        let answer = browser.log_in(&auth_path(&[]), &[("action", "continue")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.body.contains("Your session has ended"));
    }

    let world = World::new();
    let mut browser = world.browser();
    browser.log_in(&auth_path(&[]), &[("stay", "yes")]).await;
    let stolen = browser.cookies.clone();
    let page = browser.get("/logout").await;
    let answer = browser.submit("/logout", &[("ticket", &page.field("ticket"))]).await;
    assert!(answer.body.contains("You are signed out"));
    assert_eq!(browser.cookies.len(), 1);
    browser.cookies = stolen;
    assert!(browser.get(&auth_path(&[])).await.body.contains("type=\"password\""));
}

#[tokio::test]
async fn a_code_dies_with_the_password_it_was_given_for() {
    let world = World::new();
    let code = code(&world).await;
    world.server.accounts().set_password(EMAIL, "new").unwrap();
    let answer = world.redeem(&code, &[]).await;
    assert_eq!(answer.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn an_oversized_form_is_refused() {
    let world = World::new();
    let password = "x".repeat(40_000);
    let answer = world.post("/token", &[("password", &password)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut browser = world.browser();
    let answer = browser.log_in(&auth_path(&[]), &[("password", &"x".repeat(2000))]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_damaged_accounts_file_is_said_to_the_operator_and_not_overwritten() {
    let world = World::new();
    let path = world.dir.path().join("oidc/accounts.json");
    #[expect(clippy::disallowed_methods, reason = "the damage is the point")]
    std::fs::write(&path, "{").unwrap();
    assert!(world.server.health().unwrap_err().contains("damaged"));
    let answer = world.browser().log_in(&auth_path(&[]), &[]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("The accounts cannot be read"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{");
}
