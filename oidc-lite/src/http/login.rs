//! `POST /auth/login`: a person answers. `/logout`: a person leaves.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use lite_time::Time;
use zeroize::Zeroizing;

use super::authorize::{
    Form, LOGIN, PAGE_LIFE, answer_code, answer_refusal, login_page, signed_in,
};
use super::page::{Forms, Frame, LogoutPage, MessagePage, html};
use super::visitor::{Visitor, browser_cookie, session_cookie};
use crate::accounts::Account;
use crate::params::Params;
use crate::request::{AnswerReason, AuthRequest};
use crate::secret::{self, token};
use crate::server::{App, Code, Session};
use crate::sign_in::SignInError;
use crate::ticket::TicketError;

const LOGOUT: &str = "logout";

/// `POST /auth/login`
pub(crate) async fn login(State(app): State<App>, visitor: Visitor, body: Bytes) -> Response {
    // (1) Only a page of ours, in the browser that was given it, can send this.
    let (mut params, request) = match open_form::<AuthRequest>(&app, &visitor, LOGIN, &body) {
        Ok(opened) => opened,
        Err(refusal) => return *refusal,
    };
    let state = request.state.as_deref();

    // (2) A no, or another account.
    match params.get("action") {
        Some("cancel") => {
            return answer_refusal(&app, &request.redirect, state, AnswerReason::Denied);
        }
        Some("switch") => {
            let form = Form { fresh: true, ..Form::default() };
            return login_page(&app, &visitor, &request, StatusCode::OK, form);
        }
        _ => {}
    }

    // (3) Who is it?
    let proof = match prove(&app, &visitor, &mut params, request.session_ok).await {
        Ok(proof) => proof,
        Err(error) => {
            let (status, alert, retry) = explain(&error);
            let email = params.take("email").unwrap_or_default();
            let form = Form { email, alert: Some(alert), fresh: true };
            let page = login_page(&app, &visitor, &request, status, form);
            return with_retry(page, retry);
        }
    };

    // (4) A code for this client, this address and this challenge.
    let code = secret::code();
    let grant = Code {
        redirect: request.redirect.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        email: request.email,
        account: proof.account.name.clone(),
        stamp: proof.account.stamp(),
        auth_time: proof.auth_time,
    };
    let now = app.clock.now();
    if app.codes.insert(&code, grant, now.plus(crate::server::CODE_LIFE), now).is_err() {
        return answer_refusal(&app, &request.redirect, state, AnswerReason::Unavailable);
    }

    // (5) Off it goes.
    let mut response = answer_code(&app, &request.redirect, state, &code);
    proof.set_cookie(&mut response);
    response
}

/// Reads a form of ours: parameters, and what the ticket sealed.
pub(crate) fn open_form<T: serde::de::DeserializeOwned>(
    app: &App,
    visitor: &Visitor,
    purpose: &str,
    body: &[u8],
) -> Result<(Params, T), Box<Response>> {
    let open = || {
        if !visitor.same_origin {
            return Err(TicketError::Forged);
        }
        let params = Params::parse(body).map_err(|_| TicketError::Forged)?;
        let ticket = params.get("ticket").ok_or(TicketError::Forged)?;
        let browser = visitor.browser.as_deref();
        let value = app.tickets.open(purpose, browser, app.clock.now(), ticket)?;
        Ok((params, value))
    };
    open().map_err(|error: TicketError| {
        let page = MessagePage {
            frame: Frame::of(app),
            good: false,
            title: "Please start again",
            text: "This form is no longer good. Go back to the program that sent you here and \
                   let it ask again.",
            detail: Some(error.to_string()),
        };
        Box::new(html(StatusCode::FORBIDDEN, &page, &Forms::Own))
    })
}

/// Somebody who proved to be an account, now or earlier in this browser.
pub(crate) struct Proof {
    pub(crate) account: Account,
    pub(crate) auth_time: Time,
    cookie: Option<HeaderValue>,
}

impl Proof {
    /// Sends the session's cookie, if there is a new one.
    pub(crate) fn set_cookie(self, response: &mut Response) {
        if let Some(cookie) = self.cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

/// Why nobody was proven.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProveError {
    /// The session ended in the meantime.
    #[error("the session has ended")]
    SessionEnded,
    /// The password did not do.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

/// By session (`action=continue`) or by password.
pub(crate) async fn prove(
    app: &App,
    visitor: &Visitor,
    params: &mut Params,
    session_ok: bool,
) -> Result<Proof, ProveError> {
    let now = app.clock.now();
    if params.get("action") == Some("continue") {
        let secret = visitor.session.as_deref().filter(|_| session_ok);
        let session = secret.and_then(|secret| app.sessions.with(secret, now, |s| s.clone()));
        let session = session.ok_or(ProveError::SessionEnded)?;
        let account = app.unchanged(&session.account, &session.stamp);
        let account = account.ok_or(ProveError::SessionEnded)?;
        return Ok(Proof { account, auth_time: session.auth_time, cookie: None });
    }
    let password = Zeroizing::new(params.take("password").unwrap_or_default());
    let email = params.get("email").unwrap_or_default();
    let account = app.sign_in.check(&app.accounts, visitor.address, email, password, now).await?;
    let cookie = params.get("stay").and_then(|_| begin_session(app, &account, now));
    Ok(Proof { account, auth_time: now, cookie })
}

/// A new secret for each session, so that nobody can plant one.
fn begin_session(app: &App, account: &Account, now: Time) -> Option<HeaderValue> {
    let seconds = app.config.session_seconds;
    let until = now.plus(std::time::Duration::from_secs(seconds.into()));
    let secret = token();
    let session = Session { account: account.name.clone(), stamp: account.stamp(), auth_time: now };
    // Without room the person signs in again next time, which is no reason to fail now.
    let kept = seconds > 0 && app.sessions.insert(&secret, session, until, now).is_ok();
    kept.then(|| session_cookie(app, &secret, seconds))
}

/// What the person reads.
pub(crate) fn explain(error: &ProveError) -> (StatusCode, String, Option<u64>) {
    match error {
        ProveError::SessionEnded => {
            (StatusCode::FORBIDDEN, "Your session has ended. Please sign in again.".into(), None)
        }
        ProveError::SignIn(SignInError::Wrong) => (
            StatusCode::FORBIDDEN,
            "That e-mail address and password do not belong together. Please try again.".into(),
            None,
        ),
        ProveError::SignIn(SignInError::Throttled { seconds }) => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("Too many attempts. Please wait {} and try again.", in_words(*seconds)),
            Some(*seconds),
        ),
        ProveError::SignIn(SignInError::Busy) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Many people are signing in right now. Please try again in a moment.".into(),
            Some(2),
        ),
        ProveError::SignIn(SignInError::Unavailable(error)) => {
            tracing::error!(error = %lite_http::standalone::chain(error), "accounts are unavailable");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "The accounts cannot be read. Please tell whoever runs this server.".into(),
                Some(30),
            )
        }
    }
}

fn in_words(seconds: u64) -> String {
    match seconds {
        1 => "one second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// Adds `Retry-After`.
pub(crate) fn with_retry(mut response: Response, seconds: Option<u64>) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// `GET /logout`: a page with a button, for leaving changes something.
pub(crate) async fn logout_page(State(app): State<App>, visitor: Visitor) -> Response {
    let Some(signed_in) = signed_in(&app, &visitor) else { return signed_out(&app) };
    let (browser, is_new) = visitor.browser_or_new();
    let expires = app.clock.now().plus(PAGE_LIFE);
    let ticket = app.tickets.seal(LOGOUT, &browser, expires, &());
    let page = LogoutPage { frame: Frame::of(&app), ticket, signed_in };
    let mut response = html(StatusCode::OK, &page, &Forms::Own);
    if is_new {
        response.headers_mut().append(header::SET_COOKIE, browser_cookie(&app, &browser));
    }
    response
}

/// `POST /logout`
pub(crate) async fn logout(State(app): State<App>, visitor: Visitor, body: Bytes) -> Response {
    if let Err(refusal) = open_form::<()>(&app, &visitor, LOGOUT, &body) {
        return *refusal;
    }
    if let Some(session) = &visitor.session {
        app.sessions.take(session, app.clock.now());
    }
    let mut response = signed_out(&app);
    response.headers_mut().append(header::SET_COOKIE, session_cookie(&app, "", 0));
    response
}

fn signed_out(app: &App) -> Response {
    let page = MessagePage {
        frame: Frame::of(app),
        good: true,
        title: "You are signed out",
        text: "This browser will ask for a password next time.",
        detail: None,
    };
    html(StatusCode::OK, &page, &Forms::Own)
}
