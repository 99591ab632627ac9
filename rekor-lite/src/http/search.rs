//! `GET /api/v2/index`: the indexes of entries by what they hold, who signed, and when.
//!
//! Ours: upstream's v2 has no search. What is found is checked against the leaf, and a client
//! should hold it to a proof all the same.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use lite_entries::SearchKey;
use lite_search::Query as Wanted;
use lite_time::Time;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::app::App;
use crate::search::confirmed;

/// The most entries of one answer; the times of the query are how to ask for more.
const MAX_LIMIT: usize = 1000;
const LIMIT: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Asked {
    /// `sha256:HEX`, or hex alone.
    hash: Option<String>,
    /// An e-mail address or URI of a certificate.
    #[serde(alias = "email")]
    identity: Option<String>,
    /// SHA-256 of the key or certificate in PEM, hex.
    key: Option<String>,
    /// RFC 3339, included.
    since: Option<String>,
    /// RFC 3339, included.
    until: Option<String>,
    limit: Option<usize>,
    /// `or` (default) or `and`.
    operator: Option<String>,
}

/// What was found, newest first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    log_indexes: Vec<String>,
    /// Every entry below was looked at.
    reached: String,
}

pub(crate) async fn search(
    State(app): State<App>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Found>, ApiError> {
    let Query(asked) = query.map_err(|error| ApiError::Query(error.body_text()))?;
    let (keys, wanted) = wanted(asked)?;
    let log = app.clone();
    app.limits.readers.run(move || find(&log, &keys, &wanted)).await?.map(Json)
}

fn wanted(asked: Asked) -> Result<(Vec<SearchKey>, Wanted), ApiError> {
    let refused = |what: &str| ApiError::Query(what.to_owned());
    let mut keys = Vec::new();
    if let Some(hash) = &asked.hash {
        let key = SearchKey::of_hash(hash);
        keys.push(key.ok_or_else(|| refused("hash must be a digest in hex"))?);
    }
    if let Some(identity) = &asked.identity {
        keys.push(SearchKey::identity(identity));
    }
    if let Some(key) = &asked.key {
        let mut digest = [0; 32];
        hex::decode_to_slice(key, &mut digest)
            .map_err(|_| refused("key must be a SHA-256 digest in hex"))?;
        keys.push(SearchKey::Key(digest));
    }
    let time = |name: &str, text: Option<String>| {
        text.map(|text| {
            Time::parse_rfc3339(&text)
                .map_err(|_| refused(&format!("{name} must be a time as in RFC 3339")))
        })
        .transpose()
    };
    let all = match asked.operator.as_deref() {
        None | Some("or") => false,
        Some("and") => true,
        Some(_) => return Err(refused("operator must be one of and, or")),
    };
    let query = Wanted {
        any: keys.iter().map(SearchKey::to_bytes).collect(),
        all,
        from: time("since", asked.since)?,
        until: time("until", asked.until)?,
        limit: asked.limit.unwrap_or(LIMIT).min(MAX_LIMIT),
        newest_first: true,
    };
    Ok((keys, query))
}

fn find(app: &App, keys: &[SearchKey], query: &Wanted) -> Result<Found, ApiError> {
    let answer = app.search.answer(query)?;
    let leaves = confirmed(&app.log.view(), answer.indexes, keys, query.all)?;
    let log_indexes = leaves.into_iter().map(|(index, _)| index.to_string()).collect();
    Ok(Found { log_indexes, reached: answer.reached.to_string() })
}
