//! Lists: tags, repositories, referrers, each in pages.

use std::fmt::Write as _;

use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_TYPE, LINK};
use http::{HeaderMap, HeaderName, StatusCode};
use lite_oci::media_type::IMAGE_INDEX;
use lite_oci::{Descriptor, Digest, Index, RepositoryName, Tag};
use lite_time::Time;
use serde_json::{Value, json};

use super::endpoint::Parameters;
use super::error::header_map;
use crate::app::App;
use crate::refusal::Refusal;

/// Names in a page, when the client asks for no number or for more.
const PAGE: usize = 10_000;
/// Bytes of descriptors in a page of referrers. Clients read no more than 4 MiB of a manifest, and
/// several do not turn pages.
const PAGE_BYTES: usize = 3 << 20;
/// `OCI-Filters-Applied`
const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");

/// `GET /v2/NAME/tags/list`
pub(crate) fn tags(
    app: &App,
    name: &RepositoryName,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    let limit = limit(parameters)?;
    let (tags, more) = app.store.tags(name, parameters.get("last"), limit)?;
    let tags: Vec<&str> = tags.iter().map(lite_oci::Tag::as_str).collect();
    let path = format!("/v2/{name}/tags/list");
    let next = tags.last().filter(|_| more).map(|last| link(&path, &[("last", last)], limit));
    Ok(json_page(&json!({ "name": name.as_str(), "tags": tags }), next))
}

/// `GET /v2/NAME/_siglite/history/TAG`: `{"name":…,"tag":…,"history":[{"digest":…,"until":…}]}`,
/// newest first, times in RFC 3339. Ours alone: it lets a verifier say what a tag named when it was
/// signed.
pub(crate) fn history(app: &App, name: &RepositoryName, tag: &str) -> Result<Response, Refusal> {
    let tag: Tag = tag.parse().map_err(|_| Refusal::ManifestUnknown)?;
    let history = app.store.history(name, &tag).into_iter().map(|former| {
        let until = Time::from_millis(former.until).to_rfc3339();
        json!({ "digest": former.digest, "until": until })
    });
    let history: Vec<Value> = history.collect();
    Ok(json_page(&json!({ "name": name.as_str(), "tag": tag.as_str(), "history": history }), None))
}

/// `GET /v2/_catalog`
pub(crate) fn catalog(app: &App, parameters: &Parameters) -> Result<Response, Refusal> {
    let limit = limit(parameters)?;
    let (names, more) = app.store.catalog(parameters.get("last"), limit);
    let names: Vec<&str> = names.iter().map(RepositoryName::as_str).collect();
    let last = names.last().filter(|_| more);
    let next = last.map(|last| link("/v2/_catalog", &[("last", last)], limit));
    Ok(json_page(&json!({ "repositories": names }), next))
}

/// `GET /v2/NAME/referrers/DIGEST`
///
/// The type of the answer is exactly that of an index: go-containerregistry compares the whole
/// header, and takes anything else for a registry without this API.
pub(crate) fn referrers(
    app: &App,
    name: &RepositoryName,
    subject: &Digest,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    let filter = parameters.get("artifactType").filter(|filter| !filter.is_empty());
    let limit = limit(parameters)?;
    let last = parameters.parse::<Digest>("last")?;
    let mut found = app.store.referrers(name, subject);
    found.retain(|one| {
        filter.is_none_or(|filter| one.artifact_type.as_deref() == Some(filter))
            && last.as_ref().is_none_or(|last| one.digest > *last)
    });
    let fits = fits(&found).min(limit);
    let more = fits < found.len();
    found.truncate(fits);

    let mut headers = header_map([(CONTENT_TYPE, IMAGE_INDEX.to_owned())]);
    if filter.is_some() {
        headers.extend(header_map([(FILTERS, "artifactType".to_owned())]));
    }
    if let Some(last) = found.last().filter(|_| more) {
        let mut query = vec![("last", last.digest.as_str())];
        query.extend(filter.map(|filter| ("artifactType", filter)));
        let path = format!("/v2/{name}/referrers/{subject}");
        headers.extend(header_map([(LINK, link(&path, &query, limit))]));
    }
    Ok((StatusCode::OK, headers, Index::new(found).to_json()).into_response())
}

/// How many of them make one page; one, if there is any.
fn fits(all: &[Descriptor]) -> usize {
    let mut bytes = 0;
    let fit = all.iter().take_while(|one| {
        // A descriptor always serialises.
        bytes += serde_json::to_vec(one).map_or(0, |json| json.len());
        bytes <= PAGE_BYTES
    });
    fit.count().max(usize::from(!all.is_empty()))
}

/// `n`
fn limit(parameters: &Parameters) -> Result<usize, Refusal> {
    let given = parameters.parse::<usize>("n").map_err(|_| Refusal::PageSize)?;
    Ok(given.map_or(PAGE, |n| n.min(PAGE)))
}

/// RFC 8288.
fn link(path: &str, query: &[(&str, &str)], limit: usize) -> String {
    let mut query =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    if limit < PAGE {
        let _ = write!(query, "&n={limit}");
    }
    format!("<{path}?{query}>; rel=\"next\"")
}

fn json_page(body: &Value, next: Option<String>) -> Response {
    let mut headers: HeaderMap = header_map([(CONTENT_TYPE, "application/json".to_owned())]);
    headers.extend(header_map(next.map(|next| (LINK, next))));
    (StatusCode::OK, headers, body.to_string()).into_response()
}
