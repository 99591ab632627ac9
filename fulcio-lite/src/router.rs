//! The whole API, one line per route.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use lite_http::cors;
use lite_http::rpc::method_not_allowed;

use crate::app::App;
use crate::http::{configuration, legacy, signing_cert, trust_bundle};

/// The largest request: gRPC's, which upstream's gateway inherits.
const MAX_BODY: usize = 4 << 20;

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/api/v2/signingCert", post(signing_cert::create).fallback(method_not_allowed))
        .route("/api/v2/trustBundle", get(trust_bundle::get).fallback(method_not_allowed))
        .route("/api/v2/configuration", get(configuration::get).fallback(method_not_allowed))
        .route("/api/v1/signingCert", post(legacy::create).fallback(method_not_allowed))
        .route("/api/v1/rootCert", get(legacy::root_cert).fallback(method_not_allowed))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(cors::open))
        .with_state(app)
}
