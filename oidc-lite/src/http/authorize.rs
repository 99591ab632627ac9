//! `GET /auth` and `POST /auth`: a client sends a browser to ask who its person is.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::page::{CodePage, Forms, Frame, LoginPage, MessagePage, OnwardPage, Who, html};
use super::visitor::{Visitor, browser_cookie};
use crate::redirect::Redirect;
use crate::request::{AnswerReason, AuthRefusal, AuthRequest, PageReason};
use crate::server::{App, CODE_LIFE};

/// How long a login page may stay open.
pub(crate) const PAGE_LIFE: Duration = Duration::from_secs(30 * 60);

/// The purpose of the login form's ticket.
pub(crate) const LOGIN: &str = "login";

/// `GET /auth`
pub(crate) async fn by_query(
    State(app): State<App>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    authorize(&app, &visitor, query.unwrap_or_default().as_bytes())
}

/// `POST /auth`: OpenID Connect Core 1.0, Section 3.1.2.1 asks for both.
pub(crate) async fn by_form(State(app): State<App>, visitor: Visitor, body: Bytes) -> Response {
    authorize(&app, &visitor, &body)
}

fn authorize(app: &App, visitor: &Visitor, params: &[u8]) -> Response {
    match AuthRequest::parse(params, &app.config.client_id) {
        Ok(request) => login_page(app, visitor, &request, StatusCode::OK, Form::new(&request)),
        Err(AuthRefusal::Page(reason)) => refused(app, reason),
        Err(AuthRefusal::Answer { redirect, state, reason }) => {
            answer_refusal(app, &redirect, state.as_deref(), reason)
        }
    }
}

/// What the form already knows.
#[derive(Default)]
pub(crate) struct Form {
    pub(crate) email: String,
    pub(crate) alert: Option<String>,
    /// Asks for a password though a session could do.
    pub(crate) fresh: bool,
}

impl Form {
    fn new(request: &AuthRequest) -> Form {
        Form { email: request.hint.clone().unwrap_or_default(), ..Form::default() }
    }
}

/// The login page for a request.
pub(crate) fn login_page(
    app: &App,
    visitor: &Visitor,
    request: &AuthRequest,
    status: StatusCode,
    form: Form,
) -> Response {
    let (browser, is_new) = visitor.browser_or_new();
    let expires = app.clock.now().plus(PAGE_LIFE);
    let session_ok = request.session_ok && !form.fresh;
    let page = LoginPage {
        frame: Frame::of(app),
        client: &app.config.client_id,
        target: (!request.redirect.is_out_of_band()).then(|| request.redirect.as_str()),
        email_shared: request.email,
        who: Who {
            ticket: app.tickets.seal(LOGIN, &browser, expires, request),
            email: form.email,
            signed_in: signed_in(app, visitor).filter(|_| session_ok),
            stay: stay(app.config.session_seconds),
            alert: form.alert,
        },
    };
    let mut response = html(status, &page, &Forms::OwnThen(&request.redirect));
    if is_new {
        response.headers_mut().append(header::SET_COOKIE, browser_cookie(app, &browser));
    }
    response
}

/// Who has a session in this browser.
pub(crate) fn signed_in(app: &App, visitor: &Visitor) -> Option<String> {
    let session = visitor.session.as_deref()?;
    let session = app.sessions.with(session, app.clock.now(), |s| s.clone())?;
    Some(app.unchanged(&session.account, &session.stamp)?.name)
}

/// How long a session lasts, in words; `None` when there are no sessions.
pub(crate) fn stay(seconds: u32) -> Option<String> {
    match seconds {
        0 => None,
        3600 => Some("an hour".to_owned()),
        s if s % 3600 == 0 => Some(format!("{} hours", s / 3600)),
        s if s >= 120 => Some(format!("{} minutes", s / 60)),
        s => Some(format!("{s} seconds")),
    }
}

/// Sends an authorization code to the client, or shows it.
pub(crate) fn answer_code(
    app: &App,
    redirect: &Redirect,
    state: Option<&str>,
    code: &str,
) -> Response {
    if redirect.is_out_of_band() {
        let page = CodePage {
            frame: Frame::of(app),
            client: &app.config.client_id,
            code,
            minutes: CODE_LIFE.as_secs() / 60,
        };
        return html(StatusCode::OK, &page, &Forms::Own);
    }
    let mut answer = vec![("code", code)];
    answer.extend(state.map(|state| ("state", state)));
    send(app, redirect, &answer)
}

/// Tells the client that there will be no code (RFC 6749, Section 4.1.2.1).
pub(crate) fn answer_refusal(
    app: &App,
    redirect: &Redirect,
    state: Option<&str>,
    reason: AnswerReason,
) -> Response {
    let text = reason.to_string();
    if redirect.is_out_of_band() {
        let (title, detail) = match reason {
            AnswerReason::Denied => ("You said no", None),
            _ => ("This sign-in cannot go on", Some(reason.code().to_owned())),
        };
        let text = match reason {
            AnswerReason::Denied => "Nothing was shared. You can close this page.",
            _ => &sentence(&text),
        };
        let page = MessagePage { frame: Frame::of(app), good: false, title, text, detail };
        return html(StatusCode::BAD_REQUEST, &page, &Forms::Own);
    }
    let mut answer = vec![("error", reason.code()), ("error_description", text.as_str())];
    answer.extend(state.map(|state| ("state", state)));
    send(app, redirect, &answer)
}

fn send(app: &App, redirect: &Redirect, answer: &[(&str, &str)]) -> Response {
    let Some(location) = redirect.with(answer) else { return refused(app, PageReason::Client) };
    // `form-action` has no word for an IPv6 address; there a page leads on, to which it does not
    // apply.
    if redirect.csp_source().is_none() {
        let page = OnwardPage { frame: Frame::of(app), location: &location };
        return html(StatusCode::OK, &page, &Forms::Own);
    }
    let Ok(location) = HeaderValue::from_str(&location) else {
        return refused(app, PageReason::Client);
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn refused(app: &App, reason: PageReason) -> Response {
    let page = MessagePage {
        frame: Frame::of(app),
        good: false,
        title: "This sign-in cannot go on",
        text: &sentence(&reason.to_string()),
        detail: Some("invalid_request".to_owned()),
    };
    html(StatusCode::BAD_REQUEST, &page, &Forms::Own)
}

/// A refusal's words as a sentence for a page.
fn sentence(words: &str) -> String {
    format!("The program that sent you here asked for something this server does not do: {words}.")
}
