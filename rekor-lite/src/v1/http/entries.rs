//! `/api/v1/log/entries`: put in, and taken out by index or by name.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use lite_entries::Accepted;
use lite_sequencer::{Sequenced, Submission};
use lite_tlog::{Hash, leaf_hash};
use serde::Deserialize;

use super::body;
use super::error::{ApiError, code};
use super::json::GoJson;
use crate::search;
use crate::v1::answer::LogEntry;
use crate::v1::app::V1;
use crate::v1::entry_id::{EntryId, EntryName};

const ENTRIES: &str = "/api/v1/log/entries";

/// What is read changes with every entry: the proof is that of the newest tree.
const NOT_CACHED: [(HeaderName, &str); 1] = [(
    header::CACHE_CONTROL,
    "no-cache, no-store, no-transform, must-revalidate, private, max-age=0",
)];

/// `POST /api/v1/log/entries`
pub(crate) async fn create(State(app): State<V1>, request: Request) -> Result<Response, ApiError> {
    if app.limits.read_only {
        return Err(ApiError::Off("Create Entry"));
    }
    let (body, memory) = body::read(&app, request, "proposedEntry").await?;
    let rules = Arc::clone(&app.rules);
    let job = move || {
        let accepted = lite_entries::accept(&body, &rules)?;
        Ok::<_, ApiError>((leaf_hash(&accepted.leaf), accepted))
    };
    let (hash, accepted) = app.limits.workers.run(job).await??;
    drop(memory);

    let (kind, leaf, submission) = submission(accepted);
    let sequenced = app.log.append_async(submission).await?;
    let id = EntryId { tree: app.tree_id, leaf: hash };
    if sequenced.duplicate && app.limits.strict_duplicates {
        return Err(ApiError::Duplicate(id));
    }
    app.self_check.check(&hash, &sequenced)?;
    app.search.wake();
    count(kind, &sequenced);
    let log = app.clone();
    let entry =
        app.limits.readers.run(move || LogEntry::sequenced(&log, &leaf, &sequenced)).await??;
    Ok((StatusCode::CREATED, created(entry.id()), GoJson(entry)).into_response())
}

/// A leaf with what is known of it and not in it.
fn submission(accepted: Accepted) -> (&'static str, Arc<[u8]>, Submission) {
    let leaf: Arc<[u8]> = accepted.leaf.into();
    let submission = Submission::leaf(Arc::clone(&leaf));
    let beside = search::beside(&accepted.beside);
    let submission = if beside.is_empty() { submission } else { submission.with_extra(beside) };
    (accepted.kind, leaf, submission)
}

/// The name of the entry, bare: sigstore-go takes it as it stands for a member's name. And where
/// the entry is, which cosign and sigstore-java ask for.
fn created(id: &EntryId) -> HeaderMap {
    let name = HeaderValue::from_str(&id.to_string()).ok().map(|name| (header::ETAG, name));
    name.into_iter().chain(location(id).map(|at| (header::LOCATION, at))).collect()
}

pub(crate) fn location(id: &EntryId) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{ENTRIES}/{id}")).ok()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ByIndex {
    log_index: Option<String>,
}

/// `GET /api/v1/log/entries?logIndex=N`
pub(crate) async fn by_index(
    State(app): State<V1>,
    headers: HeaderMap,
    query: Result<Query<ByIndex>, QueryRejection>,
) -> Result<Response, ApiError> {
    body::accepts(&headers, "application/json")?;
    let index = query.ok().and_then(|Query(query)| query.log_index);
    let index = number("logIndex", 0, index.as_deref())?;
    let index = index.ok_or_else(|| required("logIndex"))?;
    let entry = read(&app, move |_| Ok(Some(index))).await?;
    Ok((NOT_CACHED, GoJson(entry)).into_response())
}

/// `GET /api/v1/log/entries/{entryUUID}`
pub(crate) async fn by_uuid(
    State(app): State<V1>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    body::accepts(&headers, "application/json")?;
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    let name: EntryName = name.parse().map_err(|_| not_a_uuid("entryUUID in path"))?;
    let entry = read(&app, move |app| place(app, &name)).await?;
    Ok((NOT_CACHED, GoJson(entry)).into_response())
}

/// Where a named entry is.
pub(crate) fn place(app: &V1, name: &EntryName) -> Result<Option<u64>, ApiError> {
    if name.is_of(app.tree_id) { found(app, &name.leaf) } else { Ok(None) }
}

pub(crate) fn found(app: &V1, leaf: &Hash) -> Result<Option<u64>, ApiError> {
    Ok(app.log.find(leaf)?)
}

/// Reads one entry, on a thread that may wait for a disk.
async fn read(
    app: &V1,
    place: impl FnOnce(&V1) -> Result<Option<u64>, ApiError> + Send + 'static,
) -> Result<LogEntry, ApiError> {
    let log = app.clone();
    let job = move || {
        let index = place(&log)?.ok_or(ApiError::NotFound)?;
        Ok(LogEntry::stored(&log, &log.log.view(), index)?)
    };
    app.limits.readers.run(job).await?
}

/// A number of a query, at least `minimum`; `None` when it is not there.
pub(crate) fn number(
    name: &str,
    minimum: u64,
    text: Option<&str>,
) -> Result<Option<u64>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let value: i64 = text.parse().map_err(|_| {
        ApiError::invalid(code::TYPE, format!(r#"{name} in query must be of type int64: "{text}""#))
    })?;
    let value = u64::try_from(value).ok().filter(|value| *value >= minimum);
    value.map(Some).ok_or_else(|| {
        let message = format!("{name} in query should be greater than or equal to {minimum}");
        ApiError::invalid(code::MINIMUM, message)
    })
}

pub(crate) fn required(name: &str) -> ApiError {
    ApiError::invalid(code::REQUIRED, format!("{name} in query is required"))
}

pub(crate) fn not_a_uuid(what: &str) -> ApiError {
    let message = format!("{what} should match '^([0-9a-fA-F]{{64}}|[0-9a-fA-F]{{80}})$'");
    ApiError::invalid(code::PATTERN, message)
}

#[expect(clippy::cast_precision_loss, reason = "a gauge; exact up to 2^53 entries")]
fn count(kind: &'static str, sequenced: &Sequenced) {
    if sequenced.duplicate {
        metrics::counter!("rekor_v1_duplicate_entries").increment(1);
    } else {
        metrics::counter!("rekor_v1_new_entries", "kind" => kind).increment(1);
        metrics::gauge!("rekor_v1_tree_size").set(sequenced.tree.size as f64);
    }
}
