//! A running log in one folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lite_sequencer::ports::Cause;
use lite_sequencer::{
    Answer, Events, Finder, Leaf, Pool, PoolState, PublishError, SequenceError, Sequenced, Shared,
    Submission, Tree, View,
};
use lite_time::Time;
use lite_tlog::{EntryBundlePath, Hash, TilePath};
use tokio::sync::oneshot;

use crate::open::{self, Opened};
use crate::{AppendError, FolderLock, LogConfig, OpenError, ReadError};

/// A running log: takes leaves, promises them, answers for them.
///
/// All methods may be called from any thread. Reads go to memory or to small files; an async
/// caller may call them in place.
pub struct Log {
    // In this order: the threads end before the folder is free for another process.
    pool: Pool,
    shared: Arc<Shared>,
    finder: Finder,
    origin: String,
    _lock: FolderLock,
}

/// How a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHealth {
    /// Whether it takes leaves.
    pub state: PoolState,
    /// The number of leaves that are promised.
    pub size: u64,
    /// The tree size of the public checkpoint file. It follows `size` within a second or so.
    pub published: u64,
    /// The number of leaves that wait for their batch.
    pub waiting: usize,
    /// Whether what is promised gets published; otherwise it waits in the journal.
    pub publishing: bool,
    /// Whether old duplicates are found.
    pub index: bool,
}

impl LogHealth {
    /// Whether all is well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.verdict().is_ok()
    }

    /// All is well, or the worst that is not, in words for an operator.
    pub fn verdict(&self) -> Result<(), &'static str> {
        match self {
            Self { state: PoolState::Full, .. } => {
                Err("the log takes leaves when there is storage")
            }
            Self { state: PoolState::ReadOnly, .. } => {
                Err("the log takes no leaves until it is started again, because a write failed")
            }
            Self { state: PoolState::Closed, .. } => Err("the log is closed"),
            Self { publishing: false, .. } => {
                Err("what the log has promised is durable and not published: its storage fails")
            }
            Self { index: false, .. } => {
                Err("the log does not find old duplicates: its index fails")
            }
            Self { state: PoolState::Accepting, .. } => Ok(()),
        }
    }
}

impl Log {
    /// Opens the log in `dir`, or creates it where [`LogConfig::create`] says so, and starts it.
    ///
    /// Whatever is refused is left as it was found.
    pub fn open(dir: &Path, config: LogConfig) -> Result<Self, OpenError> {
        let limits = config.limits.clone();
        let Opened { sequencer, publisher, origin, lock } = open::open(dir, config)?;
        let (shared, finder) = (Arc::clone(sequencer.shared()), sequencer.finder());
        let events = Arc::new(Diary { origin: origin.clone() });
        let pool = Pool::start(sequencer, publisher, limits, events)
            .map_err(|source| OpenError::io(dir, source))?;
        Ok(Self { pool, shared, finder, origin, _lock: lock })
    }

    /// The first line of this log's checkpoints.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Appends a leaf. `done` is called once the leaf is durable, or refused; it runs on the
    /// sequencer's thread and must be quick.
    pub fn append(
        &self,
        leaf: impl Into<Submission>,
        done: impl FnOnce(Result<Sequenced, AppendError>) + Send + 'static,
    ) {
        self.pool.submit(leaf.into(), Box::new(|answer| done(answer.and_then(complete))));
    }

    /// Appends a leaf, and waits until it is durable. A cancelled wait does not cancel the leaf.
    pub async fn append_async(
        &self,
        leaf: impl Into<Submission>,
    ) -> Result<Sequenced, AppendError> {
        let (sender, receiver) = oneshot::channel();
        // Nobody may be waiting any more: the leaf is in the log all the same.
        self.pool.submit(leaf.into(), Box::new(|answer| drop(sender.send(answer))));
        // The sender is dropped unused only if the sequencer's thread is gone.
        receiver.await.map_err(|_| AppendError::ReadOnly)?.and_then(complete)
    }

    /// Appends a leaf whose bytes depend on its index and its time: see [`Submission::built`].
    pub async fn append_with(
        &self,
        identity: Hash,
        extra: Vec<u8>,
        expected_bytes: usize,
        builder: impl FnOnce(u64, Time) -> Vec<u8> + Send + 'static,
    ) -> Result<Sequenced, AppendError> {
        let submission = Submission::built(identity, expected_bytes, builder).with_extra(extra);
        self.append_async(submission).await
    }

    /// Signs the checkpoint of the tree as it stands again, with the time of now: for logs whose
    /// checkpoint must not grow old (RFC 6962's maximum merge delay).
    pub async fn renew_checkpoint(&self) -> Result<Arc<Tree>, AppendError> {
        let (sender, receiver) = oneshot::channel();
        self.pool.renew(|renewed| drop(sender.send(renewed)));
        receiver.await.map_err(|_| AppendError::ReadOnly)?
    }

    /// The newest promised tree, frozen: checkpoint, tiles and proofs that fit together. Take one
    /// view for one answer.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.shared.view()
    }

    /// The newest promised tree and its signed checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Arc<Tree> {
        Arc::clone(self.view().tree())
    }

    /// Reads a tile of exactly the width that the path says; `None` if there is none (yet).
    pub fn read_tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, ReadError> {
        self.view().read_tile(path)
    }

    /// Reads an entry bundle of exactly the width that the path says; `None` if there is none.
    pub fn read_bundle(&self, path: &EntryBundlePath) -> Result<Option<Vec<u8>>, ReadError> {
        self.view().read_bundle(path)
    }

    /// Reads a leaf with its time, identity and extra.
    pub fn leaf(&self, index: u64) -> Result<Arc<Leaf>, ReadError> {
        self.view().leaf(index)
    }

    /// The index of the promised leaf with this hash; `None` if there is none.
    pub fn find(&self, leaf_hash: &Hash) -> Result<Option<u64>, ReadError> {
        self.finder.leaf(leaf_hash)
    }

    /// When a leaf was sequenced.
    pub fn time_of(&self, index: u64) -> Result<Time, ReadError> {
        self.view().time_of(index)
    }

    /// The inclusion proof of leaf `index` in the tree of the first `size` leaves.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        self.view().inclusion_proof(index, size)
    }

    /// The consistency proof from the tree of the first `old` leaves to that of the first `new`.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        self.view().consistency_proof(old, new)
    }

    /// How the log is.
    #[must_use]
    pub fn health(&self) -> LogHealth {
        let status = self.pool.status();
        LogHealth {
            state: status.state,
            size: self.view().tree().size,
            published: status.published,
            waiting: status.waiting,
            publishing: status.publishing,
            index: status.index,
        }
    }

    /// Answers what waits, publishes what is promised, and ends. Later appends are refused, reads
    /// still work; the folder is free for another process once the log is dropped.
    pub fn close(&self) {
        self.pool.close();
    }
}

fn complete(answer: Answer) -> Result<Sequenced, AppendError> {
    answer.complete().map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "existing leaf is not readable");
        AppendError::Unreadable
    })
}

/// Writes down what the log tells.
struct Diary {
    origin: String,
}

impl Events for Diary {
    fn batch(&self, leaves: usize, took: Duration) {
        tracing::trace!(origin = self.origin, leaves, ?took, "batch answered");
    }

    fn not_sequenced(&self, error: &SequenceError) {
        let (kind, fatal) = (error.kind(), error.is_fatal());
        let error = error as &dyn std::error::Error;
        tracing::error!(origin = self.origin, kind, fatal, error, "batch not sequenced");
    }

    fn not_published(&self, error: &PublishError) {
        let (kind, fatal) = (error.kind(), error.is_fatal());
        let error = error as &dyn std::error::Error;
        tracing::error!(origin = self.origin, kind, fatal, error, "tree not published");
    }

    fn degraded(&self, part: &'static str, cause: &Cause) {
        let error = &**cause as &dyn std::error::Error;
        tracing::warn!(origin = self.origin, part, error, "part of the log fails");
    }
}
