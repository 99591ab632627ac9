//! `/v2/NAME/blobs/DIGEST`: pulling a blob.

use std::io::{Seek as _, SeekFrom};

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use lite_oci::{Digest, RepositoryName};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::error::header_map;
use super::range::Part;
use crate::app::{App, blocking};
use crate::refusal::Refusal;

/// Bytes of one read.
const PIECE: usize = 256 << 10;
/// What is named by its digest never changes.
pub(crate) const FOR_EVER: &str = "private, max-age=31536000, immutable";
/// `Docker-Content-Digest`
pub(crate) const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// `GET` and `HEAD`, with `Range`.
pub(crate) async fn get(
    app: &App,
    method: &Method,
    name: RepositoryName,
    digest: Digest,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    if method == Method::HEAD {
        let size = app.store.blob_size(&name, &digest)?;
        return Ok((StatusCode::OK, described(&digest, size)).into_response());
    }
    let store = app.store.clone();
    let wanted = digest.clone();
    let (mut file, size) = blocking(move || store.open_blob(&name, &wanted)).await?;
    let part = Part::of(headers.get(RANGE).and_then(|range| range.to_str().ok()), size);
    let (status, start, length) = match part {
        Part::Whole => (StatusCode::OK, 0, size),
        Part::Some { start, length } => (StatusCode::PARTIAL_CONTENT, start, length),
        Part::Outside => return Err(Refusal::RangeOutside(size)),
    };
    let mut described = described(&digest, length);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {start}-{}/{size}", start + length - 1);
        described.extend(header_map([(CONTENT_RANGE, range)]));
        // It does not wait for the disk.
        file.seek(SeekFrom::Start(start))?;
    }
    let reader = tokio::fs::File::from_std(file).take(length);
    let body = Body::from_stream(ReaderStream::with_capacity(reader, PIECE));
    Ok((status, described, body).into_response())
}

/// `DELETE`
pub(crate) async fn delete(
    app: &App,
    name: RepositoryName,
    digest: Digest,
) -> Result<Response, Refusal> {
    let store = app.store.clone();
    blocking(move || store.delete_blob(&name, &digest)).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

fn described(digest: &Digest, length: u64) -> HeaderMap {
    header_map([
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CACHE_CONTROL, FOR_EVER.to_owned()),
        (ETAG, format!("\"{digest}\"")),
        (DIGEST, digest.to_string()),
    ])
}
