//! `GET /userinfo`, `POST /userinfo`: what a token says, asked of who issued it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use lite_identity::{Algorithm, Expected, IdToken, KeySet, UnverifiedToken};
use serde_json::{Map, Value, json};

use crate::server::App;

/// OpenID Connect Core 1.0, Section 5.3.
pub(crate) async fn userinfo(State(app): State<App>, headers: HeaderMap) -> Response {
    let Some(bearer) = bearer(&headers) else {
        return unauthorized("Bearer realm=\"siglite\"", None);
    };
    let claims = verify(&app, bearer).and_then(|token| describe(&app, &token));
    match claims {
        Some(claims) => ([(header::CACHE_CONTROL, "no-store")], Json(claims)).into_response(),
        None => unauthorized(
            "Bearer realm=\"siglite\", error=\"invalid_token\"",
            Some("the token is not one of this server's, or not valid any more"),
        ),
    }
}

fn verify(app: &App, token: &str) -> Option<IdToken> {
    let keys = KeySet::parse(app.jwks().as_bytes()).ok()?;
    let expected = Expected {
        issuer: &app.config.issuer,
        audience: &app.config.client_id,
        algorithms: &[Algorithm::Rs256],
    };
    UnverifiedToken::parse(token).ok()?.verify(&keys, expected, app.clock.now()).ok()
}

/// The claims about an account that still exists.
fn describe(app: &App, token: &IdToken) -> Option<Map<String, Value>> {
    let claims = token.claims();
    let book = app.accounts.book().ok()?;
    let account = book.iter().find(|account| app.minter.subject(account) == claims.subject())?;
    let mut said = Map::new();
    said.insert("sub".to_owned(), claims.subject().into());
    if claims.email().is_some() {
        said.insert("email".to_owned(), account.name.clone().into());
        said.insert("email_verified".to_owned(), true.into());
    }
    Some(said)
}

/// RFC 6750, Section 2.1.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// RFC 6750, Section 3: no error code for who brought no token.
fn unauthorized(challenge: &'static str, description: Option<&str>) -> Response {
    let status = StatusCode::UNAUTHORIZED;
    let headers = [(header::WWW_AUTHENTICATE, challenge), (header::CACHE_CONTROL, "no-store")];
    match description {
        None => (status, headers).into_response(),
        Some(description) => {
            let body = json!({ "error": "invalid_token", "error_description": description });
            (status, headers, Json(body)).into_response()
        }
    }
}
