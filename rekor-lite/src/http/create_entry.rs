//! `POST /api/v2/log/entries`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request, State};
use http::{HeaderName, StatusCode, header};
use lite_bundle::body::HashedRekord002;
use lite_bundle::{InclusionProof, TransparencyLogEntry};
use lite_sequencer::{Sequenced, Submission};
use lite_tlog::{Hash, LogId, leaf_hash};

use super::error::ApiError;
use crate::app::App;
use crate::entry::{self, Refusal, Rules};

/// What a client of Rekor v2 waits for: 201 exactly, and JSON.
type Created = (StatusCode, [(HeaderName, &'static str); 1], String);

pub(crate) async fn create_entry(
    State(app): State<App>,
    request: Request,
) -> Result<Created, ApiError> {
    if app.limits.read_only {
        return Err(ApiError::Frozen);
    }
    let memory = app.limits.body_memory.reserve(&request).ok_or(ApiError::Busy)?;
    let body = Bytes::from_request(request, &()).await.map_err(|_| ApiError::Body)?;
    let read = move |rules: &Rules| {
        let leaf = entry::leaf_of(&body, rules);
        drop((body, memory));
        leaf
    };
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((StatusCode::CREATED, json, append(&app, read).await?.to_answer_json()))
}

/// Reads and verifies a request, in whichever form it came, and puts its leaf into the log.
pub(crate) async fn append(
    app: &App,
    read: impl FnOnce(&Rules) -> Result<Vec<u8>, Refusal> + Send + 'static,
) -> Result<TransparencyLogEntry, ApiError> {
    if app.limits.read_only {
        return Err(ApiError::Frozen);
    }
    let verified = verified_leaf(app, read).await?;
    let sequenced = app.log.append_async(verified.submission).await?;
    if sequenced.duplicate && app.limits.strict_duplicates {
        return Err(ApiError::Duplicate(sequenced.index));
    }
    app.self_check.check(&verified.hash, &sequenced)?;
    app.search.wake();
    count(&sequenced);
    Ok(render(app.log_id, &verified.leaf, &sequenced))
}

/// A leaf that may enter the tree.
struct VerifiedLeaf {
    leaf: Arc<[u8]>,
    hash: Hash,
    submission: Submission,
}

/// Verifies what is asked for. Whatever is hashed is hashed by a worker.
async fn verified_leaf(
    app: &App,
    read: impl FnOnce(&Rules) -> Result<Vec<u8>, Refusal> + Send + 'static,
) -> Result<VerifiedLeaf, ApiError> {
    let rules = Arc::clone(&app.rules);
    let job = move || {
        let leaf: Arc<[u8]> = read(&rules)?.into();
        Ok(VerifiedLeaf {
            hash: leaf_hash(&leaf),
            submission: Submission::leaf(Arc::clone(&leaf)),
            leaf,
        })
    };
    app.limits.workers.run(job).await?.map_err(ApiError::Refused)
}

/// The `TransparencyLogEntry`: the same index twice, no promise, no integrated time.
fn render(log_id: LogId, leaf: &[u8], sequenced: &Sequenced) -> TransparencyLogEntry {
    let tree = &sequenced.tree;
    let proof = InclusionProof {
        log_index: sequenced.index,
        root_hash: tree.root.to_vec(),
        tree_size: tree.size,
        hashes: sequenced.proof.iter().map(|hash| hash.to_vec()).collect(),
        checkpoint: Some(tree.checkpoint.to_string()),
    };
    TransparencyLogEntry {
        log_index: sequenced.index,
        log_id: log_id.0.to_vec(),
        kind: HashedRekord002::KIND.to_owned(),
        version: HashedRekord002::VERSION.to_owned(),
        integrated_time: None,
        inclusion_promise: None,
        inclusion_proof: Some(proof),
        canonicalized_body: leaf.to_vec(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge; exact up to 2^53 entries")]
fn count(sequenced: &Sequenced) {
    if sequenced.duplicate {
        metrics::counter!("rekor_v2_duplicate_entries").increment(1);
    } else {
        metrics::counter!("rekor_v2_new_hashedrekord_entries").increment(1);
        metrics::gauge!("rekor_v2_tree_size").set(sequenced.tree.size as f64);
    }
}
