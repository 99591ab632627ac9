//! What the registry keeps, and the order in which it writes and forgets.
//!
//! Read in this order: [`layout`] (the folder), [`repository`] (what is known in memory), [`upload`],
//! then the three stories: [`Store::commit_blob`], [`Store::put_manifest`],
//! [`Store::collect_garbage`]; last [`mod@audit`], which checks from the files alone what they promise.
//!
//! **Invariant:** no manifest on disk names a blob or a manifest that is not there, whenever the
//! process dies. A push writes what is named before what names it; a deletion removes what names
//! before what is named, and each is durable before the next begins. Between the two, one writer a
//! repository: what a manifest names cannot go while the manifest is being written.
//!
//! **Invariant:** after a write or a removal of which it is not known whether the disk has it,
//! nothing more is removed from that repository until a restart has looked.
//!
//! **Invariant:** what memory says is here is durable.

mod audit;
mod blobs;
mod collect;
mod layout;
mod lifetime;
mod load;
mod manifests;
mod overview;
mod remove;
mod repository;
mod tag_file;
#[cfg(test)]
mod tests;
mod upload;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use lite_oci::{Digest, DigestAlgorithm, RepositoryName, Tag};
use lite_store::{FolderLock, LockError, durable};
use lite_time::{Clock, Time};

use layout::Layout;
use load::Repositories;
use repository::{Repository, State};
use upload::{Upload, Uploads};

use crate::refusal::Refusal;

pub use audit::{Finding, audit};
pub use collect::Collected;
pub use lifetime::Lifetimes;
pub(crate) use manifests::{Push, Stored};
pub(crate) use overview::{RepositoryView, TagView};
pub(crate) use upload::Content;

/// How long things are kept, and how large they may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What tags such as `1h` mean.
    pub lifetimes: Lifetimes,
    /// The largest blob in bytes.
    pub max_blob: u64,
    /// How long a manifest is kept that no tag leads to, after it was last pushed or asked for.
    pub untagged_grace: Duration,
    /// How long a blob is kept that no manifest names, after it was last pushed or asked for.
    pub blob_grace: Duration,
    /// How long an upload is kept that nobody adds to.
    pub upload_age: Duration,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be made or read.
    #[error("the registry's folder cannot be used")]
    Io(#[from] io::Error),
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// The registry's folder, open.
pub(crate) struct Store {
    layout: Layout,
    repositories: RwLock<Repositories>,
    uploads: Uploads,
    limits: Limits,
    clock: Arc<dyn Clock>,
    /// What the disk said when it last refused for another reason than being full.
    trouble: Mutex<Option<String>>,
    _lock: FolderLock,
}

impl Store {
    /// Opens the folder, making it where it does not exist, and drops what was not complete.
    pub(crate) fn open(
        dir: &Path,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        durable::create_dir_all(dir)?;
        let lock = FolderLock::acquire(dir)?;
        let layout = Layout::new(dir);
        durable::create_dir_all(&layout.repositories())?;
        Ok(Self {
            repositories: RwLock::new(load::repositories(&layout)?),
            uploads: Uploads::open(layout.uploads())?,
            layout,
            limits,
            clock,
            trouble: Mutex::default(),
            _lock: lock,
        })
    }

    /// What the disk said when it last refused, if no write has succeeded since.
    pub(crate) fn health(&self) -> Result<(), String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone().map_or(Ok(()), Err)
    }

    /// Begins an upload.
    pub(crate) fn begin_upload(
        &self,
        name: &RepositoryName,
        algorithm: DigestAlgorithm,
    ) -> Result<Arc<Upload>, Refusal> {
        self.uploads.begin(name, algorithm, self.now())
    }

    /// An upload that goes on.
    pub(crate) fn upload(&self, name: &RepositoryName, id: &str) -> Result<Arc<Upload>, Refusal> {
        let upload = self.uploads.find(name, id)?;
        upload.touch(self.now());
        Ok(upload)
    }

    /// Ends an upload, complete or not.
    pub(crate) fn end_upload(&self, id: &str) {
        self.uploads.end(id);
    }

    /// The largest blob in bytes.
    pub(crate) const fn max_blob(&self) -> u64 {
        self.limits.max_blob
    }

    /// The tags of a repository after `last`, in order, at most `limit`, and whether there are more.
    pub(crate) fn tags(
        &self,
        name: &RepositoryName,
        last: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Tag>, bool), Refusal> {
        let repository = self.find(name).ok_or(Refusal::NameUnknown)?;
        let (state, now) = (repository.read(), self.now());
        let living = state.tags.iter().filter(|(tag, tagged)| {
            last.is_none_or(|last| tag.as_str() > last)
                && !self.limits.lifetimes.is_over(tag, tagged.at, now)
        });
        Ok(page(living.map(|(tag, _)| tag.clone()), limit))
    }

    /// The names of the repositories that have manifests, in the same way.
    pub(crate) fn catalog(&self, last: Option<&str>, limit: usize) -> (Vec<RepositoryName>, bool) {
        let all = self.all();
        let named = all
            .iter()
            .filter(|one| last.is_none_or(|last| one.name.as_str() > last))
            .filter(|one| !one.read().manifests.is_empty());
        page(named.map(|one| one.name.clone()), limit)
    }

    fn now(&self) -> Time {
        self.clock.now()
    }

    fn find(&self, name: &RepositoryName) -> Option<Arc<Repository>> {
        self.repositories.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn find_or_make(&self, name: &RepositoryName) -> Arc<Repository> {
        if let Some(found) = self.find(name) {
            return found;
        }
        let mut all = self.repositories.write().unwrap_or_else(PoisonError::into_inner);
        let made = all.entry(name.clone()).or_insert_with(|| {
            let folder = self.layout.repository(name);
            Arc::new(Repository::new(name.clone(), folder, State::default()))
        });
        Arc::clone(made)
    }

    fn all(&self) -> Vec<Arc<Repository>> {
        let all = self.repositories.read().unwrap_or_else(PoisonError::into_inner);
        all.values().cloned().collect()
    }

    /// Some other repository that has the blob.
    fn elsewhere(&self, digest: &Digest, but: &RepositoryName) -> Option<Arc<Repository>> {
        let mut all = self.all().into_iter();
        all.find(|one| one.name != *but && one.read().blobs.contains_key(digest))
    }

    /// Remembers what the disk says, for `/readyz`.
    fn noted<T>(&self, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
        let trouble = match &outcome {
            Err(Refusal::Disk(error)) if !is_full(error) => Some(error.to_string()),
            Err(_) => return outcome,
            Ok(_) => None,
        };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        outcome
    }
}

/// Whether the disk has no room. Only then is it certain that nothing was kept: a sync that fails is
/// never told as this.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Writes down when something was last wanted, for the next process. Nothing is lost without it but
/// a part of its grace.
fn date(path: &Path, at: Time) {
    let dated = std::fs::File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(upload::system_time(at)));
    if let Err(error) = dated {
        tracing::debug!(%error, "a file was not dated");
    }
}

/// At most `limit` of them, and whether there are more.
fn page<T>(all: impl Iterator<Item = T>, limit: usize) -> (Vec<T>, bool) {
    let mut found: Vec<T> = all.take(limit.saturating_add(1)).collect();
    let more = found.len() > limit;
    found.truncate(limit);
    (found, more)
}
