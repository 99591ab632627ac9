//! `/v2/_token`: an ID token becomes a bearer. The path is no repository's: their names begin with a
//! letter or a digit.
//!
//! Distribution token specification ("Docker Registry v2 authentication via central service"), and its
//! `OAuth2` form for clients that keep a token of their own. The user name is free; the password is an
//! ID token of the instance, as `siglite token` prints it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use lite_time::Time;
use serde_json::json;

use super::bearer::{LIFE, MAX_SCOPES, Scope};
use super::{Action, Mode, Tokens, basic, challenge};
use crate::app::{App, blocking};
use crate::http::endpoint::Parameters;
use crate::http::error::header_map;
use crate::refusal::Refusal;

/// Where the exchange is, below the public URL.
pub(crate) const PATH: &str = "/v2/_token";

/// `GET` with `Basic`, and `POST` with a form.
pub(crate) async fn exchange(
    State(app): State<App>,
    method: Method,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Mode::Tokens(tokens) = &app.access.mode else {
        return Refusal::NameUnknown.into_response();
    };
    let parameters = match method {
        Method::GET => Parameters(query),
        Method::POST => Parameters(url::form_urlencoded::parse(&body).into_owned().collect()),
        _ => return Refusal::Method.into_response(),
    };
    let basic = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(basic);
    let form = parameters.get("refresh_token").or(parameters.get("password"));
    let password = basic.map(|(_, password)| password).or(form.map(str::to_owned));

    // (1) Who is it? Without a password nobody, and that may be enough to read.
    let known = match password {
        None if app.access.anonymous_pull => false,
        None => return who_are_you(),
        Some(id_token) => match known(tokens, id_token, app.access.clock.now()).await {
            Ok(()) => true,
            Err(refusal) => return refusal,
        },
    };

    // (2) What may they do? Everything they ask for; those without a name may read.
    let scopes = scopes(&parameters, known);

    // (3) The bearer.
    let now = app.access.clock.now();
    let bearer = tokens.bearers.give(scopes, now);
    metrics::counter!("registry_bearers_total").increment(1);
    let answer = json!({
        "token": bearer,
        "access_token": bearer,
        "expires_in": LIFE.as_secs(),
        "issued_at": now.to_rfc3339(),
    });
    let headers = header_map([
        (CONTENT_TYPE, "application/json".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ]);
    (StatusCode::OK, headers, answer.to_string()).into_response()
}

/// Answers for who shows an ID token that does not hold.
pub(super) async fn known(
    tokens: &Arc<Tokens>,
    id_token: String,
    now: Time,
) -> Result<(), Response> {
    let tokens = Arc::clone(tokens);
    // Keys may have to be fetched.
    let caller = blocking(move || Ok(tokens.callers.caller(&id_token, now))).await;
    match caller.map_err(axum::response::IntoResponse::into_response)? {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::info!(%error, "an ID token was not accepted");
            Err(who_are_you())
        }
    }
}

fn scopes(parameters: &Parameters, known: bool) -> Vec<Scope> {
    // One parameter may hold several, separated by spaces.
    let asked = parameters.all("scope").flat_map(|scope| scope.split(' '));
    let mut scopes: Vec<Scope> = asked.filter_map(Scope::parse).take(MAX_SCOPES).collect();
    if !known {
        for scope in &mut scopes {
            if !scope.allows("registry", "catalog", "*") {
                scope.actions.retain(|action| action == Action::Pull.as_str());
            }
        }
    }
    scopes
}

pub(super) fn who_are_you() -> Response {
    challenge(
        "Basic realm=\"siglite registry: the password is an ID token, as `siglite token` prints it\"",
    )
}
