//! The v1 API, one line a route.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{MethodRouter, get, post};
use lite_http::cors;

use super::app::V1;
use super::http::error::{method_not_allowed, path_not_found};
use super::http::{entries, index, log, reads, retrieve};

/// The routes. Paths below them that are none of ours get upstream's 404; what else there is below
/// `/api/v1` belongs to other servers.
pub(crate) fn router(app: V1) -> Router {
    let body_limit = DefaultBodyLimit::max(app.limits.max_body_bytes);
    let posted = |route: MethodRouter<V1>| route.layer(body_limit);
    Router::new()
        .route("/api/v1/log", only(get(log::info), "GET"))
        .route("/api/v1/log/publicKey", only(get(log::public_key), "GET"))
        .route("/api/v1/log/proof", only(get(log::proof), "GET"))
        .route(
            "/api/v1/log/entries",
            only(posted(get(entries::by_index).post(entries::create)), "GET,POST"),
        )
        .route("/api/v1/log/entries/{entry_uuid}", only(get(entries::by_uuid), "GET"))
        .route("/api/v1/log/entries/retrieve", only(posted(post(retrieve::retrieve)), "POST"))
        // sigstore-python asks with a slash at the end.
        .route("/api/v1/log/entries/retrieve/", only(posted(post(retrieve::retrieve)), "POST"))
        .route("/api/v1/log/{*unknown}", axum::routing::any(path_not_found))
        .route("/api/v1/index/retrieve", only(posted(post(index::search)), "POST"))
        .route("/api/v1/index/{*unknown}", axum::routing::any(path_not_found))
        // The tree itself, C2SP tlog-tiles as v2's: upstream's v1 has nothing to audit it by.
        .route("/api/v1/checkpoint", only(get(reads::checkpoint), "GET"))
        .route("/api/v1/tile/{*path}", only(get(reads::tile), "GET"))
        .route("/ping", get(async || "."))
        .layer(middleware::from_fn(cors::open))
        .with_state(app)
}

/// A known path with another method is 405, and says which there are.
fn only(route: MethodRouter<V1>, methods: &'static str) -> MethodRouter<V1> {
    route.fallback(move |method| method_not_allowed(method, methods))
}
