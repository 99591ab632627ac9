//! What is served: files from memory, found by their exact path.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};

use lite_http::rpc;
use lite_tuf::Target;

use crate::clients::{self, ClientFiles};
use crate::repository::Files;

/// Everything that clients see, of one moment.
#[derive(Debug, Default)]
pub(crate) struct Published {
    tuf: HashMap<String, Blob>,
    clients: HashMap<&'static str, Blob>,
}

/// One file with its headers.
#[derive(Clone, Debug)]
struct Blob {
    contents: Bytes,
    etag: HeaderValue,
    kind: &'static str,
    caching: &'static str,
}

type Current = Arc<RwLock<Arc<Published>>>;

/// Names with a version or a hash never change their contents.
const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

impl Published {
    pub(crate) fn new(files: &Files, clients: &ClientFiles) -> Self {
        let tuf = files.iter().map(|(path, contents)| {
            let caching = if path == "timestamp.json" { ASK_AGAIN } else { FOREVER };
            (path.clone(), Blob::new(path, contents, caching))
        });
        let clients =
            (clients.named()).map(|(name, contents)| (name, Blob::new(name, contents, ASK_AGAIN)));
        Self { tuf: tuf.collect(), clients: clients.collect() }
    }
}

impl Blob {
    fn new(name: &str, contents: &Bytes, caching: &'static str) -> Self {
        let hash = Target::of(contents, None).hashes.sha256;
        // Hexadecimal digits are valid in a header.
        let etag = HeaderValue::try_from(format!("\"{hash}\""))
            .unwrap_or(HeaderValue::from_static("\"\""));
        let kind = match name.rsplit_once('.') {
            Some((_, "json")) => "application/json",
            Some((_, "pem")) => "application/x-pem-file",
            _ => "application/octet-stream",
        };
        Self { contents: contents.clone(), etag, kind, caching }
    }

    /// RFC 9110, Section 13.1.2: any tag of the list, or `*`, means that the client has it.
    fn respond(&self, request: &HeaderMap) -> Response {
        let known = request.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
        let mut known = known.flat_map(|tags| tags.split(',')).map(str::trim);
        let headers =
            [(ETAG, self.etag.clone()), (CACHE_CONTROL, HeaderValue::from_static(self.caching))];
        if known.any(|tag| tag == "*" || tag.trim_start_matches("W/") == self.etag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let kind = [(CONTENT_TYPE, HeaderValue::from_static(self.kind))];
        (headers, kind, self.contents.clone()).into_response()
    }
}

/// The table of contents. Another path than one of these files is a 404, which is also how
/// clients learn that there is no newer root: go-tuf and sigstore-java accept nothing else.
pub(crate) fn router(current: Current) -> Router {
    Router::new()
        .route("/tuf/{*path}", get(tuf))
        .route("/root.json", get(client_file::<0>))
        .route("/trusted_root.json", get(client_file::<1>))
        .route("/signing_config.json", get(client_file::<2>))
        .route("/trust_config.json", get(client_file::<3>))
        .route("/trusted_root_ecdsa.json", get(client_file::<4>))
        .route("/signing_config_rekor_v1.json", get(client_file::<5>))
        .with_state(current)
}

async fn tuf(
    State(current): State<Current>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    let published = load(&current);
    published.tuf.get(&path).map_or_else(absent, |blob| blob.respond(&headers))
}

async fn client_file<const N: usize>(
    State(current): State<Current>,
    headers: HeaderMap,
) -> Response {
    let published = load(&current);
    published.clients.get(clients::NAMES[N]).map_or_else(absent, |blob| blob.respond(&headers))
}

fn absent() -> Response {
    // A cache must not remember that there is no next root.
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (headers, rpc::Status::not_found("Not Found")).into_response()
}

fn load(current: &Current) -> Arc<Published> {
    Arc::clone(&current.read().unwrap_or_else(PoisonError::into_inner))
}
