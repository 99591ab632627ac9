//! The device flow (RFC 8628): a program without a browser asks, a person with one approves.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use lite_time::Time;
use serde::{Deserialize, Serialize};

use super::authorize::{Form, PAGE_LIFE, signed_in, stay};
use super::login::{explain, open_form, prove, with_retry};
use super::oauth_error::OAuthError;
use super::page::{ApprovePage, DevicePage, Forms, Frame, MessagePage, Who, html};
use super::token::{Client, form, identify};
use super::visitor::{Visitor, browser_cookie};
use crate::device::{Answer, Approval, DEVICE_LIFE, Grant, INTERVAL, fold, shown};
use crate::params::Params;
use crate::pkce::Challenge;
use crate::request::has_word;
use crate::server::App;
use crate::throttle::address_key;

const APPROVE: &str = "approve";

/// RFC 8628, Section 3.2.
#[derive(Serialize)]
struct Begun {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u32,
}

/// `POST /device/code`
pub(crate) async fn begin(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let mut params = form(&headers, &body)?;
    let Client::Public = identify(&app, &headers, &mut params)? else {
        return Err(OAuthError::UnauthorizedClient);
    };
    let scope = params.get("scope");
    if scope.is_some() && !has_word(scope, "openid") {
        return Err(OAuthError::Scope);
    }
    let challenge = match (params.get("code_challenge"), params.get("code_challenge_method")) {
        (None, None) => None,
        (challenge, method) => {
            Some(Challenge::parse(challenge, method).map_err(OAuthError::Challenge)?)
        }
    };
    let now = app.clock.now();
    let throttled = app.device_throttle.take(&address_key(visitor.address), now);
    throttled.map_err(|t| OAuthError::Unavailable { seconds: t.seconds })?;
    let email = scope.is_none() || has_word(scope, "email");
    let codes = app
        .devices
        .begin(challenge, email, visitor.address, now)
        .map_err(|_| OAuthError::Unavailable { seconds: 30 })?;
    let verification_uri = format!("{}/device", app.config.issuer);
    let begun = Begun {
        verification_uri_complete: format!("{verification_uri}?user_code={}", codes.user_code),
        verification_uri,
        device_code: codes.device_code,
        user_code: codes.user_code,
        expires_in: DEVICE_LIFE.as_secs(),
        interval: INTERVAL,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(begun)).into_response())
}

/// `GET /device`: asks for the user code, or, with one, for the approval. Looking changes nothing,
/// so the first form needs no ticket.
pub(crate) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let params = Params::parse(query.as_bytes()).ok();
    let Some(typed) = params.as_ref().and_then(|p| p.get("user_code")) else {
        return ask_code(&app, "", StatusCode::OK, None);
    };
    let now = app.clock.now();
    // RFC 8628, Section 5.1: a user code is short, so guessing it must be slow.
    let address = address_key(visitor.address);
    if let Err(throttled) = app.device_throttle.take(&address, now) {
        let alert = "Too many attempts. Please wait a little and try again.".to_owned();
        let page = ask_code(&app, "", StatusCode::TOO_MANY_REQUESTS, Some(alert));
        return with_retry(page, Some(throttled.seconds));
    }
    let found = fold(typed).and_then(|code| Some((app.devices.find(&code, now)?, code)));
    let Some((grant, code)) = found else {
        let alert = "No device waits with that code. It may have expired: codes are good for ten \
                     minutes, and once."
            .to_owned();
        return ask_code(&app, typed, StatusCode::NOT_FOUND, Some(alert));
    };
    app.device_throttle.give_back(&address);
    approve_page(&app, &visitor, &code, &grant, StatusCode::OK, Form::default())
}

/// What the approval's ticket seals.
#[derive(Serialize, Deserialize)]
struct Sealed {
    user_code: String,
}

/// `POST /device/approve`
pub(crate) async fn approve(State(app): State<App>, visitor: Visitor, body: Bytes) -> Response {
    // (1) Only the page that showed this code, in the browser that was given it.
    let (mut params, sealed) = match open_form::<Sealed>(&app, &visitor, APPROVE, &body) {
        Ok(opened) => opened,
        Err(refusal) => return *refusal,
    };
    let code = sealed.user_code;
    let Some(grant) = app.devices.find(&code, app.clock.now()) else { return too_late(&app) };

    // (2) A no needs no name.
    match params.get("action") {
        Some("cancel") => {
            if !app.devices.answer(&code, Answer::Denied, app.clock.now()) {
                return too_late(&app);
            }
            let text = "The device was told no. You can close this page.";
            return message(&app, StatusCode::OK, false, "Denied", text);
        }
        Some("switch") => {
            let form = Form { fresh: true, ..Form::default() };
            return approve_page(&app, &visitor, &code, &grant, StatusCode::OK, form);
        }
        _ => {}
    }

    // (3) A yes is somebody's.
    let proof = match prove(&app, &visitor, &mut params, true).await {
        Ok(proof) => proof,
        Err(error) => {
            let (status, alert, retry) = explain(&error);
            let email = params.take("email").unwrap_or_default();
            let form = Form { email, alert: Some(alert), fresh: true };
            let page = approve_page(&app, &visitor, &code, &grant, status, form);
            return with_retry(page, retry);
        }
    };

    // (4) The device hears it at its next poll.
    let approval = Approval {
        account: proof.account.name.clone(),
        stamp: proof.account.stamp(),
        auth_time: proof.auth_time,
    };
    if !app.devices.answer(&code, Answer::Approved(approval), app.clock.now()) {
        return too_late(&app);
    }
    let text = "Your device goes on in a few seconds. You can close this page.";
    let mut response = message(&app, StatusCode::OK, true, "Approved", text);
    proof.set_cookie(&mut response);
    response
}

fn ask_code(app: &App, typed: &str, status: StatusCode, alert: Option<String>) -> Response {
    let page = DevicePage { frame: Frame::of(app), typed, alert };
    html(status, &page, &Forms::Own)
}

fn approve_page(
    app: &App,
    visitor: &Visitor,
    code: &str,
    grant: &Grant,
    status: StatusCode,
    form: Form,
) -> Response {
    let (browser, is_new) = visitor.browser_or_new();
    let now = app.clock.now();
    let sealed = Sealed { user_code: code.to_owned() };
    let page = ApprovePage {
        frame: Frame::of(app),
        client: &app.config.client_id,
        user_code: &shown(code),
        from: origin(grant),
        ago: ago(grant.since, now),
        email_shared: grant.email,
        who: Who {
            ticket: app.tickets.seal(APPROVE, &browser, now.plus(PAGE_LIFE), &sealed),
            email: form.email,
            signed_in: signed_in(app, visitor).filter(|_| !form.fresh),
            stay: stay(app.config.session_seconds),
            alert: form.alert,
        },
    };
    let mut response = html(status, &page, &Forms::Own);
    if is_new {
        response.headers_mut().append(header::SET_COOKIE, browser_cookie(app, &browser));
    }
    response
}

fn origin(grant: &Grant) -> String {
    match grant.from {
        Some(address) if address.is_loopback() => "this computer".to_owned(),
        Some(address) => address.to_string(),
        None => "an unknown address".to_owned(),
    }
}

fn ago(since: Time, now: Time) -> String {
    match now.since(since).as_secs() {
        0..=1 => "just now".to_owned(),
        s @ 2..=89 => format!("{s} seconds ago"),
        s => format!("{} minutes ago", s.div_ceil(60)),
    }
}

fn too_late(app: &App) -> Response {
    let text = "The device waits no more. Let it ask again, and use its new code.";
    message(app, StatusCode::GONE, false, "Too late", text)
}

fn message(app: &App, status: StatusCode, good: bool, title: &str, text: &str) -> Response {
    let page = MessagePage { frame: Frame::of(app), good, title, text, detail: None };
    html(status, &page, &Forms::Own)
}
