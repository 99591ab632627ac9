//! The server: opened, routed, described, closed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lite_bundle::trust::{Fragment, LegacyTarget, Service, Services, TransparencyLog, TrustedLog};
use lite_http::grpc::GrpcServices;
use lite_keys::KeyKind;
use lite_store::{FolderLock, Log, LogConfig, NoteCheckpointSigner, durable};
use lite_time::{Clock, Time};
use lite_tlog::{NoteSigner, NoteVerifier};
use url::{Host, Url};

use crate::app::{App, BodyMemory, SelfCheck};
use crate::entry::Rules;
use crate::workers::Workers;
use crate::{Config, Dsse, KeyFileError, grpc, key, router, seed};

/// Tile reads that wait at once; they are short.
const MAX_READS: usize = 4096;

/// A signature log behind the API of Rekor v2.
pub struct Server {
    app: App,
    config: Config,
    url: Url,
    verifier: NoteVerifier,
    /// When the log was created.
    created: Time,
    _lock: FolderLock,
}

/// Why the server does not start. What was there before is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder cannot be created.
    #[error("{path} cannot be created")]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The folder is not ours.
    #[error(transparent)]
    Lock(#[from] lite_store::LockError),
    /// The log does not start.
    #[error(transparent)]
    Log(#[from] lite_store::OpenError),
    /// The public URL is not one that clients can use.
    #[error(
        "public URL must be http or https with a host name or IPv4 address, and no more than a path"
    )]
    PublicUrl,
    /// The seed entry cannot be read back.
    #[error("first entry of the log is not readable")]
    Seed(#[source] lite_store::ReadError),
    /// The seed entry was not made.
    #[error("first entry of the log cannot be signed")]
    Signing(#[from] lite_keys::SignError),
    /// The tree is gone, and checkpoints of it were promised.
    #[error("{0} is gone, and its log has promised entries: restore the newest copy of it")]
    TreeMissing(PathBuf),
}

impl Server {
    /// Opens the log in `config.dir`, or creates it with its key and its first entry.
    pub fn open(config: Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let url = public_url(&config.public_url)?;
        let origin = url.host_str().ok_or(OpenError::PublicUrl)?.to_owned();
        create_folder(&config.dir, 0o755)?;
        let lock = FolderLock::acquire(&config.dir)?;
        let (keys, tree) = (config.dir.join("keys"), config.dir.join("v2"));
        create_folder(&keys, 0o700)?;
        let memory = keys.join("v2.checkpoint");
        // A log that was promised keeps its key: another one would begin another log.
        let is_new = !tree.join("log.json").exists();
        if is_new && memory.exists() {
            return Err(OpenError::TreeMissing(tree));
        }
        let signing_key = key::load_or_create(&keys.join("v2.pem"), config.key.kind(), is_new)?;
        let signer = NoteSigner::new(&origin, signing_key).map_err(|_| OpenError::PublicUrl)?;
        let verifier = signer.verifier().clone();
        let log = open_log(&tree, memory, signer, clock)?;
        let created = log.time_of(0).map_err(OpenError::Seed)?;
        let app = App {
            log: Arc::new(log),
            log_id: verifier.log_id(),
            rules: Arc::new(Rules {
                translate_dsse: config.dsse == Dsse::Translate,
                algorithms: config.algorithms.iter().map(|algorithm| algorithm.0).collect(),
            }),
            strict_duplicates: config.strict_duplicates,
            read_only: config.read_only,
            self_check: Arc::new(SelfCheck::new(verifier.clone())),
            body_memory: BodyMemory::new(config.max_body_memory, config.max_body_bytes),
            workers: Workers::new(config.max_waiting),
            readers: Workers::new(MAX_READS),
        };
        Ok(Self { app, config, url, verifier, created, _lock: lock })
    }

    /// The routes, without a fallback.
    pub fn router(&self) -> Router {
        router::router(self.app.clone(), self.config.max_body_bytes)
    }

    /// The same API in gRPC.
    #[must_use]
    pub fn grpc(&self) -> GrpcServices {
        grpc::services(&self.app, self.config.max_body_bytes)
    }

    /// What clients need to know to trust and to use this log.
    #[must_use]
    pub fn fragment(&self) -> Fragment {
        let url = self.url.as_str().trim_end_matches('/');
        let key = self.verifier.key();
        // A whole second, and before the first entry: clients compare in seconds, some with `<`.
        let start = self.created.floor_to_second().minus(Duration::from_secs(1));
        let log_id = self.verifier.log_id().0;
        // cosign 2 and policy-controller refuse every key with this usage that is not ECDSA.
        let legacy = (key.kind() != KeyKind::Ed25519).then(|| LegacyTarget {
            name: "rekor.pub".to_owned(),
            usage: "Rekor".to_owned(),
            status: "Active".to_owned(),
            uri: url.to_owned(),
            contents: key.to_pem().into_bytes(),
        });
        Fragment {
            tlogs: vec![TrustedLog {
                major_api_version: 2,
                log: TransparencyLog::new(url, key, log_id, start),
            }],
            services: Services {
                rekor: vec![Service::new(url, 2, start, &self.config.operator)],
                ..Services::default()
            },
            legacy: legacy.into_iter().collect(),
            ..Fragment::default()
        }
    }

    /// Whether the log does what it promises.
    pub fn health(&self) -> Result<(), String> {
        health_of(&self.app.log)
    }

    /// A check for [`lite_http::Health`], which may outlive the server.
    pub fn health_check(&self) -> impl Fn() -> Result<(), String> + Send + Sync + 'static {
        let log = Arc::clone(&self.app.log);
        move || health_of(&log)
    }

    /// The log behind the API.
    #[must_use]
    pub fn log(&self) -> &Arc<Log> {
        &self.app.log
    }

    /// Answers what waits, publishes what is promised, and ends.
    pub fn close(self) {
        self.app.log.close();
    }
}

fn health_of(log: &Log) -> Result<(), String> {
    log.health().verdict().map_err(str::to_owned)
}

fn open_log(
    dir: &Path,
    memory: PathBuf,
    signer: NoteSigner,
    clock: Arc<dyn Clock>,
) -> Result<Log, OpenError> {
    let signer = Arc::new(NoteCheckpointSigner::new(signer));
    let mut config = LogConfig::new(signer, clock).or_create(seed::leaf()?);
    // Beside the key, so that whoever restores an old copy of the tree, or loses it, does not go
    // on under the same key with another tree.
    config.memory = Some(memory);
    Ok(Log::open(dir, config)?)
}

fn create_folder(path: &Path, mode: u32) -> Result<(), OpenError> {
    durable::create_dir_all_with_mode(path, mode)
        .map_err(|source| OpenError::Folder { path: path.to_owned(), source })
}

/// The public URL, normalised. Its host is the origin, without the port: sigstore-go takes
/// `url.Hostname()` of the base URL as it is written, so both must come from one spelling.
/// sigstore-java takes `URI.getHost()`, which differs for IPv6 literals, so those are refused.
fn public_url(text: &str) -> Result<Url, OpenError> {
    let url = Url::parse(text).map_err(|_| OpenError::PublicUrl)?;
    let named = matches!(url.host(), Some(Host::Domain(_) | Host::Ipv4(_)));
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if named && plain { Ok(url) } else { Err(OpenError::PublicUrl) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_the_host_without_port_and_path() {
        for (url, origin) in [
            ("http://localhost:7070", "localhost"),
            ("http://127.0.0.1:3003/", "127.0.0.1"),
            ("https://Rekor.Example/base/", "rekor.example"),
        ] {
            assert_eq!(public_url(url).unwrap().host_str(), Some(origin));
        }
        for url in [
            "",
            "rekor.example",
            "ftp://rekor.example",
            "https://[::1]:80",
            "https://user@rekor.example",
            "https://rekor.example/?a",
            "https://rekor.example/#a",
        ] {
            assert!(matches!(public_url(url), Err(OpenError::PublicUrl)), "{url}");
        }
    }
}
