//! The whole API, one line a route.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get, post};
use lite_http::rpc;

use crate::app::App;
use crate::http::create_entry::create_entry;
use crate::http::reads::{checkpoint, tile};
use crate::http::search::search;

/// The routes. Reads stand at the root too: that is where monitors look.
pub(crate) fn router(app: App) -> Router {
    let body_limit = DefaultBodyLimit::max(app.limits.max_body_bytes);
    Router::new()
        .route("/api/v2/log/entries", known(post(create_entry)).layer(body_limit))
        .route("/api/v2/checkpoint", known(get(checkpoint)))
        .route("/api/v2/tile/{*path}", known(get(tile)))
        .route("/api/v2/index", known(get(search)))
        .route("/checkpoint", known(get(checkpoint)))
        .route("/tile/{*path}", known(get(tile)))
        .with_state(app)
}

/// A known path with another method is 501, as grpc-gateway has it.
fn known(route: MethodRouter<App>) -> MethodRouter<App> {
    route.fallback(rpc::method_not_allowed)
}
