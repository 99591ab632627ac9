//! `POST /api/v1/log/entries/retrieve`: several entries at once, by index, by name, or by what
//! they hold.

use axum::extract::{Request, State};
use lite_entries::{Refusal, Rules};
use lite_tlog::leaf_hash;
use serde::Deserialize;
use serde_json::Value;

use super::error::{ApiError, code};
use super::json::GoJson;
use super::{body, entries};
use crate::v1::answer::{AnswerError, LogEntry};
use crate::v1::app::V1;
use crate::v1::entry_id::EntryName;

/// Upstream's limit, for each list and for all of them together.
const MAX: usize = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SearchLogQuery {
    #[serde(rename = "entryUUIDs")]
    entry_uuids: Option<Vec<String>>,
    #[serde(rename = "logIndexes")]
    log_indexes: Option<Vec<i64>>,
    entries: Option<Vec<Value>>,
}

/// What is asked for, read.
struct Wanted {
    names: Vec<EntryName>,
    indexes: Vec<u64>,
    proposed: Vec<Value>,
}

pub(crate) async fn retrieve(
    State(app): State<V1>,
    request: Request,
) -> Result<GoJson<Vec<LogEntry>>, ApiError> {
    let (body, _memory) = body::read(&app, request, "entry").await?;
    let query: Option<SearchLogQuery> =
        serde_json::from_slice(&body).map_err(|error| ApiError::parse("entry", &error))?;
    let wanted = wanted(query.unwrap_or_default())?;
    let log = app.clone();
    let job = move || collect(&log, &wanted);
    app.limits.workers.run(job).await?.map(GoJson)
}

fn wanted(query: SearchLogQuery) -> Result<Wanted, ApiError> {
    let uuids = checked("entryUUIDs", query.entry_uuids)?;
    let indexes = checked("logIndexes", query.log_indexes)?;
    let proposed = checked("entries", query.entries)?;
    if uuids.len() + indexes.len() + proposed.len() > MAX {
        return Err(ApiError::TooMany);
    }
    let name = |(at, uuid): (usize, &String)| {
        uuid.parse().map_err(|_| entries::not_a_uuid(&format!("entryUUIDs.{at} in body")))
    };
    let index = |(at, index): (usize, i64)| {
        u64::try_from(index).map_err(|_| {
            let message = format!("logIndexes.{at} in body should be greater than or equal to 0");
            ApiError::invalid(code::MINIMUM, message)
        })
    };
    Ok(Wanted {
        names: uuids.iter().enumerate().map(name).collect::<Result<_, _>>()?,
        indexes: indexes.into_iter().enumerate().map(index).collect::<Result<_, _>>()?,
        proposed,
    })
}

/// A list that is there has one to ten members.
fn checked<T>(name: &str, list: Option<Vec<T>>) -> Result<Vec<T>, ApiError> {
    match list {
        None => Ok(Vec::new()),
        Some(list) if list.is_empty() => Err(ApiError::invalid(
            code::MIN_ITEMS,
            format!("{name} in body should have at least 1 items"),
        )),
        Some(list) if list.len() > MAX => Err(ApiError::invalid(
            code::MAX_ITEMS,
            format!("{name} in body should have at most {MAX} items"),
        )),
        Some(list) => Ok(list),
    }
}

/// The entries that there are; what is not found is left out.
fn collect(app: &V1, wanted: &Wanted) -> Result<Vec<LogEntry>, ApiError> {
    let mut places = Vec::new();
    for name in &wanted.names {
        places.push(entries::place(app, name)?);
    }
    for proposed in &wanted.proposed {
        places.push(held(app, proposed)?);
    }
    places.extend(wanted.indexes.iter().copied().map(Some));
    // One view, so that all answers are of one tree: and newer than all that was found.
    let view = app.log.view();
    let mut found = Vec::new();
    for index in places.into_iter().flatten() {
        match LogEntry::stored(app, &view, index) {
            Ok(entry) => found.push(entry),
            Err(AnswerError::Read(lite_sequencer::ReadError::OutOfRange)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// Where the entry is that would be made of this. Kinds that this log does not take cannot be in
/// it: clients ask for several at once, and one of them must not spoil the others.
fn held(app: &V1, proposed: &Value) -> Result<Option<u64>, ApiError> {
    let proposed = serde_json::to_vec(proposed).unwrap_or_default();
    // An entry that was taken under other rules is still there.
    let rules = Rules::default();
    match lite_entries::accept(&proposed, &rules) {
        Ok(accepted) => entries::found(app, &leaf_hash(&accepted.leaf)),
        Err(
            Refusal::UnsupportedKind(_)
            | Refusal::UnsupportedVersion { .. }
            | Refusal::SignatureFormat(_),
        ) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}
