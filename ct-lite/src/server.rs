//! The log as a server: its folder, its key, its routes, its share of the trust material.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;

use lite_bundle::trust::{Fragment, LegacyTarget, TransparencyLog};
use lite_keys::{KeyKind, SigningKey};
use lite_pki::Certificate;
use lite_store::key_file::{self, KeyFileError};
use lite_store::{FolderLock, Log, LogConfig, durable};
use lite_time::{Clock, Time};

use crate::acceptance::Acceptance;
use crate::checkpoint::Signer;
use crate::config::Config;
use crate::error::OpenError;
use crate::hashes::Hashes;
use crate::issuers::Issuers;
use crate::log::{CtLog, Parts};
use crate::{router, stored};

/// An open log with its folder.
pub struct Server {
    log: CtLog,
    clock: Arc<dyn Clock>,
    url: String,
    /// From when on the key is in use, in whole seconds.
    since: Time,
    _lock: FolderLock,
}

/// How often derived things catch up.
const TICK: Duration = Duration::from_secs(10);
/// RFC 6962, Section 3: an STH is never older than the maximum merge delay, a day by custom.
const RENEW_AFTER: Duration = Duration::from_secs(12 * 60 * 60);

impl Server {
    /// Opens the log, or makes key and log where there are none.
    pub fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let url = config.base_url().to_owned();
        let origin = config.origin().ok_or_else(|| OpenError::Url(url.clone()))?;
        let roots = roots(config)?;
        durable::create_dir_all(&config.dir).map_err(io_at(&config.dir))?;
        let lock = FolderLock::acquire(&config.dir)?;
        let (log_dir, issuers_dir) = (config.dir.join("log"), config.dir.join("issuers"));
        // These two are made after the log's first leaf. Where one of them is, a log was, and
        // another one under the same key would be a split view.
        let promised = config.dir.join("promised");
        let is_new = !issuers_dir.exists() && !promised.exists();
        // A first start that was cut off may have named the log, and so settled its key.
        let make_key = is_new && !log_dir.join("log.json").exists();
        let key = Arc::new(read_key(&config.dir.join("key.pem"), make_key)?);
        let mut log_config =
            LogConfig::new(Arc::new(Signer::new(origin, Arc::clone(&key))), Arc::clone(&clock));
        log_config.memory = Some(promised);
        if is_new {
            let first = roots.first().ok_or(OpenError::NoRoots)?;
            log_config = log_config.or_create(stored::seed(first, config.leaf_index));
        }
        let log = Log::open(&log_dir, log_config)?;
        // The log was made just before its first leaf, and nothing was promised earlier.
        let since = log.time_of(0).map_err(OpenError::FirstLeaf)?.floor_to_second();
        let hashes_path = config.dir.join("hashes.redb");
        let hashes = Hashes::open(&hashes_path).map_err(io::Error::other);
        let parts = Parts {
            acceptance: Acceptance::new(roots),
            hashes: Mutex::new(hashes.map_err(io_at(&hashes_path))?),
            issuers: Issuers::open(issuers_dir.clone()).map_err(io_at(&issuers_dir))?,
            key,
            leaf_index: config.leaf_index,
            log,
        };
        Ok(Self { log: CtLog::new(parts), clock, url, since, _lock: lock })
    }

    /// The log, for an authority in the same process.
    #[must_use]
    pub fn log(&self) -> CtLog {
        self.log.clone()
    }

    /// RFC 6962's and static-ct-api's routes, without a prefix.
    pub fn router(&self) -> Router {
        router::router(self.log.clone())
    }

    /// What clients need to verify this log's SCTs.
    #[must_use]
    pub fn fragment(&self) -> Fragment {
        let log = TransparencyLog::new(&self.url, self.log.key(), self.log.id(), self.since);
        let legacy = LegacyTarget {
            name: "ctfe.pub".to_owned(),
            usage: "CTFE".to_owned(),
            status: "Active".to_owned(),
            uri: self.url.clone(),
            contents: self.log.key().to_pem().into_bytes(),
        };
        Fragment { ctlogs: vec![log], legacy: vec![legacy], ..Fragment::default() }
    }

    /// Whether the log takes submissions.
    pub fn health(&self) -> Result<(), String> {
        self.log.engine().health().verdict().map_err(str::to_owned)
    }

    /// Keeps derived things current and the checkpoint young, for as long as the future runs.
    pub fn upkeep(&self) -> impl Future<Output = ()> + Send + 'static {
        let (log, clock) = (self.log.clone(), Arc::clone(&self.clock));
        async move {
            loop {
                tokio::time::sleep(TICK).await;
                let indexing = log.clone();
                let indexed = tokio::task::spawn_blocking(move || indexing.index_hashes()).await;
                if let Ok(Err(error)) = indexed {
                    let error = lite_http::standalone::chain(&error);
                    tracing::warn!(error, "get-proof-by-hash will be slow or fail");
                }
                renew(&log, &*clock).await;
            }
        }
    }

    /// Signs the checkpoint again, if it is half a day old. [`Server::upkeep`] does it by itself.
    pub async fn keep_young(&self) {
        renew(&self.log, &*self.clock).await;
    }

    /// Ends it. Every SCT that was given is kept already.
    pub fn close(self) {
        self.log.close();
    }
}

async fn renew(log: &CtLog, clock: &dyn Clock) {
    let tree = log.engine().checkpoint();
    if clock.now().since(tree.time) < RENEW_AFTER {
        return;
    }
    if let Err(error) = log.engine().renew_checkpoint().await {
        tracing::warn!(%error, "the checkpoint is not renewed");
    }
}

fn roots(config: &Config) -> Result<Vec<Certificate>, OpenError> {
    let mut roots = Vec::new();
    let mut add = |from: &str, text: &str| -> Result<(), OpenError> {
        let read = Certificate::chain_from_pem(text);
        let read = read.map_err(|source| OpenError::Root { from: from.to_owned(), source })?;
        roots.extend(read);
        Ok(())
    };
    for path in &config.root_files {
        let text = std::fs::read_to_string(path).map_err(io_at(path))?;
        add(&path.display().to_string(), &text)?;
    }
    if !config.roots_pem.is_empty() {
        add("roots_pem", &config.roots_pem)?;
    }
    if roots.is_empty() { Err(OpenError::NoRoots) } else { Ok(roots) }
}

/// The key of the log. A new one only for a new log: with another key the old SCTs would be void.
fn read_key(path: &Path, create: bool) -> Result<SigningKey, OpenError> {
    let key = match key_file::read(path) {
        Ok(Some(key)) => Some(key),
        Ok(None) if create => Some(key_file::make(path, KeyKind::EcdsaP256).map_err(io_at(path))?),
        Ok(None) => return Err(OpenError::KeyMissing(path.to_owned())),
        Err(KeyFileError::Content(_)) => None,
        Err(KeyFileError::Io(error)) => return Err(io_at(path)(error)),
    };
    let usable = key.filter(|key| key.kind() == KeyKind::EcdsaP256);
    usable.ok_or_else(|| OpenError::KeyUnusable(path.to_owned()))
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = PathBuf::from(path);
    move |source| OpenError::Io { path, source }
}
