//! How much a log takes on, how it is, and what it tells.

use std::time::Duration;

use crate::ports::Cause;
use crate::{PublishError, SequenceError};

/// How much a log takes on at once.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Leaves in a batch. Default 2,048.
    pub batch_leaves: usize,
    /// Bytes in a batch. Default 4 MiB.
    pub batch_bytes: usize,
    /// Leaves that wait before more are refused. Default 16,384, less than a second of work.
    pub waiting_leaves: usize,
    /// Bytes that wait before more are refused. Default 64 MiB.
    pub waiting_bytes: usize,
    /// How long the oldest leaf may have waited before more are refused. Default one second.
    pub waiting_time: Duration,
    /// Leaves that may be promised and not stored in full tiles before the sequencer waits for
    /// the publisher. Default 65,536.
    pub unstored_leaves: u64,
    /// The least time between two publications of the public checkpoint. Default one second.
    pub publish_interval: Duration,
    /// The least time between two durable writes of the index. Default five seconds.
    pub index_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_leaves: 2_048,
            batch_bytes: 4 << 20,
            waiting_leaves: 16_384,
            waiting_bytes: 64 << 20,
            waiting_time: Duration::from_secs(1),
            unstored_leaves: 65_536,
            publish_interval: Duration::from_secs(1),
            index_interval: Duration::from_secs(5),
        }
    }
}

/// What a log tells whoever keeps its diary and its metrics.
pub trait Events: Send + Sync {
    /// A batch of so many new and duplicate leaves was answered.
    fn batch(&self, leaves: usize, took: Duration);
    /// A batch was not sequenced.
    fn not_sequenced(&self, error: &SequenceError);
    /// A promised tree is not (yet) public.
    fn not_published(&self, error: &PublishError);
    /// The index or the journal's tidying failed; nothing promised is touched.
    fn degraded(&self, part: &'static str, cause: &Cause);
}

/// Whether a log takes leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolState {
    /// It does.
    Accepting,
    /// It will when there is storage.
    Full,
    /// It will when it is started again.
    ReadOnly,
    /// It is shutting down.
    Closed,
}

/// How a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// Whether it takes leaves.
    pub state: PoolState,
    /// The leaves that wait.
    pub waiting: usize,
    /// The tree size that is public.
    pub published: u64,
    /// Whether what is promised gets published.
    pub publishing: bool,
    /// Whether old duplicates are found.
    pub index: bool,
}
