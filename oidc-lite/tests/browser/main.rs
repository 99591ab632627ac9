//! The pages in a real browser: headless Chromium against a running server.
//!
//! Without Chromium the tests say so and pass, unless `SIGLITE_REQUIRE_BROWSER=1`. With
//! `SIGLITE_SCREENSHOTS=DIR` they leave a picture of every page there.

#[cfg(test)]
mod stack;

use lite_testkit::{Chromium, Locator};

use stack::{CALLBACK_PATH, EMAIL, PASSWORD, Stack};

/// Opens a browser, or returns from the test.
macro_rules! browser {
    ($($look:tt)*) => {
        match Chromium::start($($look)*).await {
            Some(browser) => browser,
            None => return,
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_after_one_wrong_password() {
    let browser = browser!(&[]);
    let stack = Stack::start("127.0.0.1").await;
    let address = format!("http://localhost:{}{CALLBACK_PATH}", stack.listener.port);
    let asked = stack.auth_url(&address);

    browser.open(&asked).await;
    browser.screenshot("login").await;
    assert_eq!(browser.focused().await, "email");
    browser.type_into("email", EMAIL).await;
    browser.type_into("password", "wrong").await;
    browser.press("password").await;
    browser.says(Locator::Css("[role=alert]"), "do not belong together").await;
    assert_eq!(browser.value("email").await, EMAIL);
    assert_eq!(browser.value("password").await, "");
    assert_eq!(browser.focused().await, "password");
    browser.screenshot("login-wrong").await;

    browser.type_into("password", PASSWORD).await;
    browser.press("password").await;
    let answer = stack.listener.next().await;
    assert_eq!(answer.get("state").map(String::as_str), Some("state & more"));
    let claims = stack.redeem(&answer["code"], &address).await;
    assert_eq!((&claims["email"], &claims["nonce"]), (&EMAIL.into(), &"nonce".into()));
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_stays_signed_in_only_presses_a_button_and_can_leave() {
    let browser = browser!(&[]);
    let stack = Stack::start("127.0.0.1").await;
    let address = format!("http://127.0.0.1:{}/", stack.listener.port);
    let asked = stack.auth_url(&address);

    browser.open(&asked).await;
    browser.type_into("email", EMAIL).await;
    browser.type_into("password", PASSWORD).await;
    browser.click(Locator::Id("stay")).await;
    browser.press("password").await;
    stack.listener.next().await;

    browser.open(&asked).await;
    browser.screenshot("continue").await;
    browser.press("continue").await;
    let answer = stack.listener.next().await;
    let claims = stack.redeem(&answer["code"], &address).await;
    assert_eq!(claims["email"], EMAIL);

    browser.open(&asked).await;
    browser.click(Locator::LinkText("Sign out")).await;
    browser.screenshot("logout").await;
    browser.click(Locator::Css("button.main")).await;
    browser.says(Locator::Css("h1"), "You are signed out").await;
    browser.screenshot("signed-out").await;
    browser.open(&asked).await;
    browser.find(Locator::Id("password")).await;

    browser.press("cancel").await;
    assert_eq!(stack.listener.next().await["error"], "access_denied");
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_shown_for_copying() {
    let browser = browser!(&[]);
    let stack = Stack::start("127.0.0.1").await;
    let oob = "urn:ietf:wg:oauth:2.0:oob";
    browser.open(&stack.auth_url(oob)).await;
    browser.screenshot("login-oob").await;
    browser.type_into("email", EMAIL).await;
    browser.type_into("password", PASSWORD).await;
    browser.press("password").await;
    let code = browser.value("code").await;
    assert_eq!(browser.selected_by_tab().await, code);
    browser.screenshot("code").await;
    let claims = stack.redeem(&code, oob).await;
    assert_eq!(claims["email"], EMAIL);
    browser.quit().await;
}

/// `form-action` cannot name an IPv6 address, so this way is another.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_on_ipv6_gets_its_code() {
    if tokio::net::TcpListener::bind("[::1]:0").await.is_err() {
        eprintln!("skipped: no IPv6");
        return;
    }
    let browser = browser!(&[]);
    let stack = Stack::start("[::1]").await;
    let address = format!("http://[::1]:{}/callback", stack.listener.port);
    browser.open(&stack.auth_url(&address)).await;
    browser.type_into("email", EMAIL).await;
    browser.type_into("password", PASSWORD).await;
    browser.press("password").await;
    let answer = stack.listener.next().await;
    assert_eq!(stack.redeem(&answer["code"], &address).await["email"], EMAIL);
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_approved_by_its_code_and_another_denied() {
    let browser = browser!(&[]);
    let stack = Stack::start("127.0.0.1").await;

    let device = stack.begin_device().await;
    assert_eq!(stack.poll(&device).await["error"], "authorization_pending");
    browser.open(device["verification_uri"].as_str().unwrap()).await;
    assert_eq!(browser.focused().await, "user_code");
    browser.type_into("user_code", "bcdf ghjk").await;
    browser.click(Locator::Css("button.main")).await;
    browser.says(Locator::Css("[role=alert]"), "No device waits").await;
    browser.screenshot("device-wrong").await;

    let user_code = device["user_code"].as_str().unwrap();
    browser.clear("user_code").await;
    browser.type_into("user_code", &user_code.to_lowercase().replace('-', "")).await;
    browser.click(Locator::Css("button.main")).await;
    browser.says(Locator::Css("p.code"), user_code).await;
    browser.screenshot("approve").await;
    browser.type_into("email", EMAIL).await;
    browser.type_into("password", PASSWORD).await;
    browser.press("password").await;
    browser.says(Locator::Css("h1"), "Approved").await;
    browser.screenshot("approved").await;
    let issued = stack.poll(&device).await;
    assert!(issued["id_token"].is_string(), "{issued}");

    let device = stack.begin_device().await;
    browser.open(device["verification_uri_complete"].as_str().unwrap()).await;
    browser.press("cancel").await;
    browser.says(Locator::Css("h1"), "Denied").await;
    assert_eq!(stack.poll(&device).await["error"], "access_denied");
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_narrow_screen_by_day_and_by_night() {
    for (name, look) in [("narrow", &["mobile"][..]), ("dark", &["mobile", "dark"][..])] {
        let browser = browser!(look);
        let stack = Stack::start("127.0.0.1").await;
        let device = stack.begin_device().await;
        let address = format!("http://localhost:{}{CALLBACK_PATH}", stack.listener.port);
        let refused = stack.auth_url("https://evil.example/");
        for (page, url) in [
            ("login", stack.auth_url(&address).as_str()),
            ("device", device["verification_uri"].as_str().unwrap()),
            ("approve", device["verification_uri_complete"].as_str().unwrap()),
            ("refused", refused.as_str()),
        ] {
            browser.open(url).await;
            assert_eq!(browser.width().await, 320, "{page} does not fit");
            browser.screenshot(&format!("{page}-{name}")).await;
        }
        // The style sheet was loaded under the page's own policy.
        let day = browser.background().await == "rgb(243, 244, 248)";
        assert_eq!(day, name == "narrow");
        browser.quit().await;
    }
}
