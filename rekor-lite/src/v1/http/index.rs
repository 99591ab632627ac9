//! `POST /api/v1/index/retrieve`: the names of entries, by a hash, an identity or a key.

use std::sync::Arc;

use axum::extract::{Request, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_entries::SearchKey;
use lite_search::Query;
use lite_store::Leaf;
use serde::Deserialize;

use super::body;
use super::error::{ApiError, code};
use super::json::GoJson;
use crate::search::confirmed;
use crate::v1::app::V1;
use crate::v1::entry_id::EntryId;

/// The most names of one answer. Upstream has no limit, and no pages either.
const MAX_NAMES: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SearchIndex {
    email: Option<String>,
    subject: Option<String>,
    hash: Option<String>,
    public_key: Option<PublicKey>,
    operator: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PublicKey {
    format: Option<String>,
    content: Option<String>,
}

pub(crate) async fn search(
    State(app): State<V1>,
    request: Request,
) -> Result<GoJson<Vec<String>>, ApiError> {
    let (body, _memory) = body::read(&app, request, "query").await?;
    let query: Option<SearchIndex> =
        serde_json::from_slice(&body).map_err(|error| ApiError::parse("query", &error))?;
    let query = query.unwrap_or_default();
    let all = is_and(query.operator.as_deref())?;
    let keys = keys(&query)?;
    if keys.is_empty() {
        return Ok(GoJson(Vec::new()));
    }
    let query = Query {
        any: keys.iter().map(SearchKey::to_bytes).collect(),
        all,
        limit: MAX_NAMES,
        newest_first: true,
        ..Query::default()
    };
    let log = app.clone();
    let job = move || names(&log, &query, &keys);
    app.limits.readers.run(job).await?.map(GoJson)
}

fn names(app: &V1, query: &Query, keys: &[SearchKey]) -> Result<Vec<String>, ApiError> {
    let found = app.search.find(query)?;
    let leaves = confirmed(&app.log.view(), found, keys, query.all)?;
    let name = |(_, leaf): (u64, Arc<Leaf>)| EntryId { tree: app.tree_id, leaf: leaf.hash() };
    Ok(leaves.into_iter().map(|leaf| name(leaf).to_string()).collect())
}

fn is_and(operator: Option<&str>) -> Result<bool, ApiError> {
    match operator {
        None | Some("" | "or") => Ok(false),
        Some("and") => Ok(true),
        Some(_) => Err(ApiError::invalid(code::ENUM, "operator in body should be one of [and or]")),
    }
}

fn keys(query: &SearchIndex) -> Result<Vec<SearchKey>, ApiError> {
    let mut keys = Vec::new();
    if let Some(hash) = given(query.hash.as_deref()) {
        keys.push(digest(hash)?);
    }
    if let Some(key) = &query.public_key {
        keys.push(public_key(key)?);
    }
    if let Some(email) = given(query.email.as_deref()) {
        if !is_email(email) {
            let message = format!(r#"email in body must be of type email: "{email}""#);
            return Err(ApiError::invalid(code::TYPE, message));
        }
        keys.push(SearchKey::identity(email));
    }
    if let Some(subject) = query.subject.as_deref() {
        match subject.chars().count() {
            0 => {
                let message = "subject in body should be at least 1 chars long";
                return Err(ApiError::invalid(code::TOO_SHORT, message));
            }
            1..=512 => keys.push(SearchKey::identity(subject)),
            _ => {
                let message = "subject in body should be at most 512 chars long";
                return Err(ApiError::invalid(code::TOO_LONG, message));
            }
        }
    }
    Ok(keys)
}

/// A digest with its algorithm, or one whose length says which it is.
fn digest(text: &str) -> Result<SearchKey, ApiError> {
    const PATTERN: &str = "hash in body should match '^(sha512:)?[0-9a-fA-F]{128}$|^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$'";
    SearchKey::of_hash(text).ok_or_else(|| ApiError::invalid(code::PATTERN, PATTERN))
}

fn public_key(key: &PublicKey) -> Result<SearchKey, ApiError> {
    let read = match key.format.as_deref() {
        Some("x509") => lite_entries::key_of_pem,
        Some("ssh") => lite_entries::key_of_ssh,
        Some("pgp" | "minisign" | "tuf") => {
            let message = "the PKI format requested is not supported by this server";
            return Err(ApiError::BadRequest(message.to_owned()));
        }
        Some(_) => {
            let message = "publicKey.format in body should be one of [pgp x509 minisign ssh tuf]";
            return Err(ApiError::invalid(code::ENUM, message));
        }
        None => {
            return Err(ApiError::invalid(code::REQUIRED, "publicKey.format in body is required"));
        }
    };
    let content = STANDARD.decode(key.content.as_deref().unwrap_or_default()).ok();
    content
        .and_then(|content| read(&content))
        .ok_or_else(|| ApiError::BadRequest("public key provided could not be parsed".to_owned()))
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Not a judgement of the address: what cannot be one cannot be in the index.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace)
    })
}
