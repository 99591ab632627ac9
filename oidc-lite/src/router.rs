//! The table of contents: every address of the identity provider, below the issuer's path.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::http::{authorize, device, discovery, login, token, userinfo};
use crate::server::App;

/// No form of ours is longer.
const MAX_FORM_BYTES: usize = 32 * 1024;

/// The whole API, one line per route; the paths are Dex's, because sigstore-rust knows them by
/// heart.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route("/keys", get(discovery::keys))
        .route("/static/login.css", get(discovery::style_sheet))
        .route("/auth", get(authorize::by_query).post(authorize::by_form))
        .route("/auth/login", post(login::login))
        .route("/logout", get(login::logout_page).post(login::logout))
        .route("/token", post(token::token))
        .route("/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/device/code", post(device::begin))
        .route("/device", get(device::page))
        .route("/device/approve", post(device::approve))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .with_state(app)
}
