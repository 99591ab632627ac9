//! A trust root in a temporary folder, under a clock that the test owns.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tower::ServiceExt as _;

use lite_bundle::trust::{Fragment, LegacyTarget, Service, Services, TransparencyLog, TrustedLog};
use lite_keys::{KeyKind, SigningKey};
use lite_time::{Clock, ManualClock, Time};
use trust_lite::{Config, OpenError, Server};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder and a clock; servers come and go.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<ManualClock>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let start = Time::parse_rfc3339("2026-03-01T12:00:00Z").unwrap();
        Self { dir: tempfile::tempdir().unwrap(), clock: Arc::new(ManualClock::at(start)) }
    }

    pub(crate) fn config(&self) -> Config {
        let client_dir = Some(self.dir.path().join("client"));
        Config { client_dir, ..Config::new(self.dir.path().join("trust")) }
    }

    pub(crate) fn try_open(&self, fragment: &Fragment) -> Result<Server, OpenError> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Server::open(&self.config(), clock, fragment.clone())
    }

    #[track_caller]
    pub(crate) fn open(&self, fragment: &Fragment) -> Server {
        self.try_open(fragment).unwrap()
    }

    /// All files below `trust/`, by path.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.dir.path(), self.dir.path(), &mut files);
        files
    }

    /// The names of the metadata files.
    pub(crate) fn metadata(&self) -> Vec<String> {
        let repository = self.dir.path().join("trust/repository");
        let names = std::fs::read_dir(repository).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name != "targets");
        names.sort();
        names
    }

    pub(crate) fn path(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join(path)
    }
}

fn collect(root: &Path, dir: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

/// What a log and an authority of one address say.
pub(crate) fn fragment(logs: &[KeyKind]) -> Fragment {
    let start = Time::parse_rfc3339("2026-03-01T11:00:00Z").unwrap();
    let url = "http://localhost:7070";
    let tlogs = logs.iter().map(|kind| {
        let key = SigningKey::generate(*kind);
        let log = TransparencyLog::new(url, key.public(), [7; 32], start);
        TrustedLog { major_api_version: 2, log }
    });
    let service = |path: &str| vec![Service::new(&format!("{url}{path}"), 1, start, "lab")];
    let services = Services {
        ca: service(""),
        oidc: service("/oidc"),
        rekor: vec![Service::new(url, 2, start, "lab")],
        tsa: service("/api/v1/timestamp"),
    };
    let legacy = vec![LegacyTarget {
        name: "rekor.pub".to_owned(),
        usage: "Rekor".to_owned(),
        status: "Active".to_owned(),
        uri: url.to_owned(),
        contents: b"-----BEGIN PUBLIC KEY-----\n".to_vec(),
    }];
    Fragment { tlogs: tlogs.collect(), services, legacy, ..Fragment::default() }
}

/// One request into the router.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) async fn ask(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = lite_http::shell::wrap(server.router()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) async fn get(server: &Server, path: &str) -> Answer {
    ask(server, "GET", path, &[]).await
}
