//! `GET /api/v2/trustBundle`

use axum::Json;
use axum::extract::State;
use lite_pki::Certificate;
use serde::Serialize;

use crate::app::App;

pub(crate) async fn get(State(app): State<App>) -> Json<TrustBundle> {
    let certificates = app.chain().iter().map(Certificate::to_pem).collect();
    Json(TrustBundle { chains: [Chain { certificates }] })
}

/// The current signing chain, and no other: there is one.
#[derive(Serialize)]
pub(crate) struct TrustBundle {
    chains: [Chain; 1],
}

#[derive(Serialize)]
struct Chain {
    /// PEM, here with a newline at its end.
    certificates: Vec<String>,
}
