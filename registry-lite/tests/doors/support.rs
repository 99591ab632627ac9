//! A registry in a folder of its own, and requests to it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use lite_oci::media_type::{IMAGE_CONFIG, IMAGE_MANIFEST, LAYER_TAR};
use lite_oci::{Descriptor, Digest, ImageManifest};
use lite_time::{ManualClock, Time};
use registry_lite::{Config, KeySource, Server};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) const NOW: Time = Time::from_secs(1_700_000_000);

pub(crate) struct Registry {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) server: Server,
    router: Router,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self::with(|_| {}, None)
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config), keys: Option<Arc<dyn KeySource>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path(), "http://localhost:7077");
        change(&mut config);
        let clock = Arc::new(ManualClock::at(NOW));
        let server = Server::open(&config, Arc::clone(&clock) as _, keys).unwrap();
        let router = lite_http::shell::wrap(server.router());
        Self { dir, clock, server, router }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap());
        let (parts, body) = response.await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// Begins an upload and returns its address.
    #[track_caller]
    pub(crate) fn begin(&self, name: &str) -> impl Future<Output = String> + use<'_> {
        let path = format!("/v2/{name}/blobs/uploads/");
        async move {
            let answer = self.send("POST", &path, &[], "").await;
            assert_eq!(answer.status, 202);
            answer.header("location").to_owned()
        }
    }

    pub(crate) async fn push_blob(&self, name: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        assert_eq!(self.send("POST", &path, &[], bytes.to_vec()).await.status, 201);
        digest
    }

    /// Pushes an image of one layer, with what `change` makes of it.
    pub(crate) async fn push_image(
        &self,
        name: &str,
        reference: Option<&str>,
        layer: &str,
        change: impl FnOnce(&mut ImageManifest),
    ) -> (Digest, Answer) {
        let mut manifest = image(layer);
        change(&mut manifest);
        self.push_blob(name, layer.as_bytes()).await;
        self.push_blob(name, b"{}").await;
        let bytes = manifest.to_json();
        let digest = Digest::sha256(&bytes);
        let path = format!("/v2/{name}/manifests/{}", reference.unwrap_or(digest.as_str()));
        let answer = self.send("PUT", &path, &[("content-type", IMAGE_MANIFEST)], bytes).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        (digest, answer)
    }

    /// One of these, and the reason in the specification's words.
    #[track_caller]
    pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        let errors = &answer.json()["errors"];
        assert_eq!(errors[0]["code"], code, "{errors}");
        assert!(errors[0]["message"].as_str().is_some_and(|message| !message.is_empty()));
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// An image of one layer.
pub(crate) fn image(layer: &str) -> ImageManifest {
    ImageManifest::new(
        Descriptor::of(IMAGE_CONFIG, b"{}"),
        vec![Descriptor::of(LAYER_TAR, layer.as_bytes())],
    )
}
