//! The table of contents: read this first.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::http::{entries, proofs, statics, submit};
use crate::log::CtLog;

/// The largest body of a submission: `TesseraCT`'s limit.
const MAX_BODY: usize = 512 << 10;

/// The whole API, one line per route. RFC 6962, Section 4, then c2sp.org/static-ct-api.
pub(crate) fn router(log: CtLog) -> Router {
    let writes = Router::new()
        .route("/ct/v1/add-chain", post(submit::add_chain))
        .route("/ct/v1/add-pre-chain", post(submit::add_pre_chain))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    Router::new()
        .merge(writes)
        .route("/ct/v1/get-roots", get(submit::get_roots))
        .route("/ct/v1/get-sth", get(proofs::get_sth))
        .route("/ct/v1/get-sth-consistency", get(proofs::get_sth_consistency))
        .route("/ct/v1/get-proof-by-hash", get(proofs::get_proof_by_hash))
        .route("/ct/v1/get-entries", get(entries::get_entries))
        .route("/ct/v1/get-entry-and-proof", get(entries::get_entry_and_proof))
        .route("/checkpoint", get(statics::checkpoint))
        .route("/tile/{*path}", get(statics::tile))
        .route("/issuer/{name}", get(statics::issuer))
        .with_state(log)
}
