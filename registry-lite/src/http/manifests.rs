//! `/v2/NAME/manifests/REFERENCE`: pushing, pulling and deleting manifests.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use lite_oci::{Digest, MAX_MANIFEST_BYTES, ManifestError, RepositoryName, Tag, Target};

use super::blobs::{DIGEST, FOR_EVER};
use super::content_range::length;
use super::endpoint::Parameters;
use super::error::header_map;
use crate::app::{App, blocking};
use crate::refusal::Refusal;
use crate::store::{Push, Stored};

/// Tags that one push may give. The specification asks for at least ten.
const MAX_TAGS: usize = 64;
/// `OCI-Subject`
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// `OCI-Tag`
const TAG: HeaderName = HeaderName::from_static("oci-tag");

/// `GET` and `HEAD`
pub(crate) async fn get(
    app: &App,
    method: &Method,
    name: RepositoryName,
    reference: &str,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let target = found_at(reference)?;
    let by_digest = matches!(target, Target::Digest(_));
    if method == Method::HEAD {
        let stored = app.store.resolve(&name, &target)?;
        return Ok((StatusCode::OK, described(&stored, by_digest)).into_response());
    }
    let store = app.store.clone();
    let (stored, bytes) = blocking(move || store.read_manifest(&name, &target)).await?;
    let described = described(&stored, by_digest);
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.contains(stored.digest.as_str())) {
        return Ok((StatusCode::NOT_MODIFIED, described).into_response());
    }
    Ok((StatusCode::OK, described, bytes).into_response())
}

/// `PUT`, by a tag or by a digest; by a digest with `?tag=`, once or more.
pub(crate) async fn put(
    app: &App,
    name: RepositoryName,
    reference: &str,
    parameters: &Parameters,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let tags = parameters.all("tag").map(str::parse).collect::<Result<Vec<Tag>, _>>()?;
    let (digest, mut tags) = match target(reference)? {
        Target::Digest(digest) => (Some(digest), tags),
        Target::Tag(tag) => (parameters.parse::<Digest>("digest")?, vec![tag]),
    };
    tags.dedup();
    if tags.len() > MAX_TAGS {
        return Err(Refusal::TooManyTags);
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let sent_as = text(CONTENT_TYPE).map(|value| essence(value).to_owned());
    let replaces = text(IF_MATCH).map(|value| value.trim().trim_matches('"').parse::<Digest>());
    let replaces = replaces.transpose().map_err(|_| Refusal::Precondition)?;
    let bytes = whole(headers, body).await?;
    let store = app.store.clone();
    let (repository, given) = (name.clone(), tags.clone());
    // It goes on when the client goes away: what has begun to be written is written.
    let pushed = blocking(move || {
        let push = Push {
            bytes: &bytes,
            sent_as: sent_as.as_deref(),
            digest: digest.as_ref(),
            tags: &given,
            replaces: replaces.as_ref(),
        };
        store.put_manifest(&repository, push)
    })
    .await?;
    let mut described = header_map([
        (LOCATION, format!("/v2/{name}/manifests/{}", pushed.digest)),
        (DIGEST, pushed.digest.to_string()),
    ]);
    // It tells clients that they need not keep a list of referrers themselves.
    described.extend(header_map(pushed.subject.map(|subject| (SUBJECT, subject.to_string()))));
    for (_, tag) in header_map(tags.into_iter().map(|tag| (TAG, tag.to_string()))) {
        described.append(TAG, tag);
    }
    Ok((StatusCode::CREATED, described).into_response())
}

/// `DELETE`
pub(crate) async fn delete(
    app: &App,
    name: RepositoryName,
    reference: &str,
) -> Result<Response, Refusal> {
    let target = found_at(reference)?;
    let store = app.store.clone();
    blocking(move || store.delete_manifest(&name, &target)).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Nothing stands behind what cannot be a reference.
fn found_at(reference: &str) -> Result<Target, Refusal> {
    match target(reference) {
        Err(Refusal::Tag(_)) => Err(Refusal::ManifestUnknown),
        other => other,
    }
}

fn target(reference: &str) -> Result<Target, Refusal> {
    // A tag has no colon, and every digest has one.
    Ok(if reference.contains(':') {
        Target::Digest(reference.parse()?)
    } else {
        Target::Tag(reference.parse()?)
    })
}

/// All of the body, which is no larger than a manifest.
async fn whole(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let limit = u64::try_from(MAX_MANIFEST_BYTES).unwrap_or(u64::MAX);
    if length(headers).is_some_and(|length| length > limit) {
        return Err(ManifestError::TooLarge.into());
    }
    match Limited::new(body, MAX_MANIFEST_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ManifestError::TooLarge.into()),
        Err(_) => Err(Refusal::UploadBroken(0)),
    }
}

/// RFC 9110, Section 8.3.1: a type may have parameters, which say nothing about a manifest.
fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn described(stored: &Stored, by_digest: bool) -> HeaderMap {
    let cache = if by_digest { FOR_EVER } else { "no-cache" };
    header_map([
        (CONTENT_TYPE, stored.media_type.clone()),
        (CONTENT_LENGTH, stored.size.to_string()),
        (CACHE_CONTROL, cache.to_owned()),
        (ETAG, format!("\"{}\"", stored.digest)),
        (DIGEST, stored.digest.to_string()),
    ])
}
