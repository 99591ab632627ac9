//! The trust root while it runs: open, published, renewed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;

use lite_bundle::trust::Fragment;
use lite_store::FolderLock;
use lite_time::Clock;
use lite_tuf::RepositoryKeys;

use crate::clients::ClientFiles;
use crate::config::Config;
use crate::documents::Documents;
use crate::error::{OpenError, UpdateError};
use crate::keys::{self, Absent};
use crate::repository::Repository;
use crate::router::{self, Published};

/// How often a running server looks whether something is due. A suspended machine wakes up at
/// most this late.
pub(crate) const TICK: Duration = Duration::from_secs(60);

/// An open trust root. Clones share it.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    client_dir: Option<PathBuf>,
    inner: Mutex<Inner>,
    published: Arc<RwLock<Arc<Published>>>,
}

struct Inner {
    repository: Repository,
    keys: RepositoryKeys,
    fragment: Fragment,
    documents: Documents,
    failure: Option<String>,
    /// Held until the server is closed.
    lock: Option<FolderLock>,
}

impl Server {
    /// Opens the folder, makes what a first start needs, publishes what `fragment` (the sum of
    /// all servers' fragments) says, and renews what is due, expired or not.
    pub fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        fragment: Fragment,
    ) -> Result<Self, OpenError> {
        let io = |path: &PathBuf| {
            let path = path.clone();
            move |source| OpenError::Io { path, source }
        };
        let keys_dir = config.dir.join("keys");
        lite_store::durable::create_dir_all(&keys_dir).map_err(io(&keys_dir))?;
        let lock = FolderLock::acquire(&config.dir)?;
        let periods = config.valid_days.durations();
        let repository = Repository::open(config.dir.join("repository"), periods)?;
        let absent = if repository.exists() { Absent::Refuse } else { Absent::Make };
        let keys = keys::open(&keys_dir, absent)?;
        let documents = Documents::of(&fragment).map_err(UpdateError::from)?;
        let lock = Some(lock);
        let mut inner = Inner { repository, keys, fragment, documents, failure: None, lock };
        let published = inner.update(&*clock, config.client_dir.as_ref())?;
        let server = Self(Arc::new(Shared {
            clock,
            client_dir: config.client_dir.clone(),
            inner: Mutex::new(inner),
            published: Arc::new(RwLock::new(Arc::new(published))),
        }));
        server.warn_of_root();
        Ok(server)
    }

    /// `/tuf/…`, and `/root.json`, `/trusted_root.json`, `/signing_config.json`,
    /// `/trust_config.json`.
    pub fn router(&self) -> Router {
        router::router(Arc::clone(&self.0.published))
    }

    /// What is published, as one fragment. The trust root adds nothing of its own.
    #[must_use]
    pub fn fragment(&self) -> Fragment {
        self.inner().fragment.clone()
    }

    /// Publishes another sum of fragments: new targets if anything differs, nothing otherwise.
    /// Blocks while it writes.
    pub fn publish(&self, fragment: Fragment) -> Result<(), UpdateError> {
        let documents = Documents::of(&fragment)?;
        let mut inner = self.inner();
        let before = (
            std::mem::replace(&mut inner.documents, documents),
            std::mem::replace(&mut inner.fragment, fragment),
        );
        let updated = self.update(&mut inner);
        if updated.is_err() {
            // What cannot be published must not keep what can from being renewed.
            (inner.documents, inner.fragment) = before;
        }
        updated
    }

    /// Renews what is half through its life. Blocks while it writes.
    pub fn tick(&self) -> Result<(), UpdateError> {
        self.update(&mut self.inner())
    }

    /// Calls [`Server::tick`] every minute until the handle is dropped. Needs a tokio runtime.
    pub fn renew_in_background(&self) -> Renewer {
        let server = self.clone();
        Renewer::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                let server = server.clone();
                // Writing waits for the disk, so it leaves the runtime's threads. A failure is
                // kept for `health`.
                let ticked = tokio::task::spawn_blocking(move || server.tick());
                log_failure(ticked.await.ok().and_then(Result::err));
            }
        })
    }

    /// Whether clients can use what is published.
    pub fn health(&self) -> Result<(), String> {
        let inner = self.inner();
        if let Some(failure) = &inner.failure {
            return Err(failure.clone());
        }
        match inner.repository.state() {
            Some(state) if state.expires() <= self.0.clock.now() => {
                Err(format!("the TUF metadata expired at {}", state.expires()))
            }
            _ => Ok(()),
        }
    }

    /// Ends it, and every clone of it: nothing is written any more, and the folder is free for
    /// another process. Everything published is durable already.
    pub fn close(self) {
        self.inner().lock = None;
    }

    fn update(&self, inner: &mut Inner) -> Result<(), UpdateError> {
        match inner.update(&*self.0.clock, self.0.client_dir.as_ref()) {
            Ok(published) => {
                inner.failure = None;
                *self.0.published.write().unwrap_or_else(PoisonError::into_inner) =
                    Arc::new(published);
                Ok(())
            }
            Err(error) => {
                inner.failure = Some(lite_http::standalone::chain(&error));
                Err(error)
            }
        }
    }

    /// An offline root key renews nothing by itself, so somebody has to be told.
    fn warn_of_root(&self) {
        let inner = self.inner();
        let Some(state) = inner.repository.state() else { return };
        let expires = state.root.signed.expires;
        let soon = self.0.clock.now().plus(Duration::from_secs(90 * 24 * 60 * 60));
        if inner.keys.root.is_none() && expires < soon {
            tracing::warn!(%expires, "the TUF root needs its key to be renewed");
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic between two writes leaves a repository that has stopped itself.
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn update(
        &mut self,
        clock: &dyn Clock,
        client_dir: Option<&PathBuf>,
    ) -> Result<Published, UpdateError> {
        if self.lock.is_none() {
            return Err(UpdateError::Closed);
        }
        for name in self.repository.update(&self.documents, &self.keys, clock.now())? {
            tracing::info!(name, "published TUF metadata");
            metrics::counter!("trust_metadata_published_total").increment(1);
        }
        let clients = ClientFiles::new(self.repository.root_file(), &self.documents);
        if let Some(dir) = client_dir {
            clients.write(dir)?;
        }
        Ok(Published::new(self.repository.files(), &clients))
    }
}

/// A background task that ends when this is dropped.
#[must_use = "dropping it ends the renewal"]
#[derive(Debug)]
pub struct Renewer(tokio::task::JoinHandle<()>);

impl Renewer {
    pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }

    /// Ends the task. A write under way is completed.
    pub fn cancel(self) {
        drop(self);
    }
}

impl Drop for Renewer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) fn log_failure(failure: Option<UpdateError>) {
    if let Some(error) = failure {
        let error = lite_http::standalone::chain(&error);
        tracing::error!(error, "the trust root is not renewed");
    }
}
