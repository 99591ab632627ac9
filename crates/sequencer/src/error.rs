//! The machine's errors say what is now true, not what went wrong: the variant is the state that
//! the caller is left in, the cause is its source.

use lite_tlog::TilePath;

use crate::ports::{Cause, CheckpointRefusal, StoreError};

/// Why a submission got no place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The leaf could not be built; no other leaf is touched.
    #[error("leaf could not be built")]
    BuilderFailed,
    /// The log is shutting down. The leaf is not in it.
    #[error("log is closing")]
    Closed,
    /// What is kept beside the leaf is too large.
    #[error("what is kept beside the leaf is too large")]
    ExtraTooLarge,
    /// The storage is full. The leaf is not in the log; try again later.
    #[error("log has no storage left")]
    NoSpace,
    /// Too many leaves wait. The leaf is not in the log; try again in a second.
    #[error("log is busy")]
    Pushback,
    /// The leaf was sequenced before, and cannot be read back now.
    #[error("existing leaf is not readable")]
    Unreadable,
    /// The log takes no leaves until it is started again. The leaf may be in it.
    #[error("log is read-only until it is restarted")]
    ReadOnly,
    /// The checkpoint could not be signed. The leaf is not in the log.
    #[error("checkpoint could not be signed")]
    SigningFailed,
    /// A leaf is at most 65,535 bytes.
    #[error("leaf is longer than 65535 bytes")]
    TooLarge,
}

/// Why a batch is not sequenced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SequenceError {
    /// The journal may or may not hold the batch. Restart, and let recovery look.
    #[error("checkpoint commit is uncertain")]
    CommitUncertain(#[source] Cause),
    /// The journal does not hold the batch. Nothing has changed.
    #[error("batch is not committed")]
    NotCommitted(#[source] Cause),
    /// The new tree does not prove its own leaf: the memory or the program is wrong. Nothing has
    /// changed.
    #[error("new tree does not prove its own leaf")]
    ProofMismatch,
    /// There is no checkpoint over the batch. Nothing has changed.
    #[error("checkpoint is not signed")]
    SigningFailed(#[source] Cause),
}

impl SequenceError {
    /// The error's word, for logs and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CommitUncertain(_) => "commit_uncertain",
            Self::NotCommitted(_) => "not_committed",
            Self::ProofMismatch => "proof_mismatch",
            Self::SigningFailed(_) => "signing_failed",
        }
    }

    /// Whether the log must take no more leaves until it is restarted.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::CommitUncertain(_) | Self::ProofMismatch => true,
            Self::NotCommitted(_) | Self::SigningFailed(_) => false,
        }
    }

    /// What each waiting submission of the batch is told.
    pub(crate) fn answer(&self) -> AppendError {
        match self {
            Self::CommitUncertain(_) | Self::ProofMismatch => AppendError::ReadOnly,
            Self::NotCommitted(_) => AppendError::NoSpace,
            Self::SigningFailed(_) => AppendError::SigningFailed,
        }
    }
}

/// Why a committed tree is not (yet) in public.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The storage is full. All that is committed is in the journal; publishing goes on when
    /// there is room.
    #[error("committed tree waits for storage")]
    Delayed(#[source] Cause),
    /// The committed tree is not in public. A restart publishes it.
    #[error("committed tree is not published")]
    Incomplete(#[source] Cause),
}

impl PublishError {
    /// The error's word, for logs and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Delayed(_) => "publish_delayed",
            Self::Incomplete(_) => "publish_incomplete",
        }
    }

    /// Whether the log must take no more leaves until it is restarted.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Delayed(_) => false,
            Self::Incomplete(_) => true,
        }
    }
}

impl From<StoreError> for PublishError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full(cause) => Self::Delayed(cause),
            StoreError::Failed(cause) => Self::Incomplete(cause),
        }
    }
}

/// Why something of the tree cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// What is stored is not what was stored.
    #[error("stored {0} is damaged")]
    Damaged(String),
    /// The index of leaves does not answer.
    #[error("index is not readable")]
    Index(#[source] Cause),
    /// It should be stored, and is not.
    #[error("stored {0} is missing")]
    Missing(String),
    /// There is no such leaf, tile or tree size yet.
    #[error("not in the tree")]
    OutOfRange,
    /// The storage does not answer.
    #[error("storage is not readable")]
    Storage(#[source] StoreError),
}

/// Why a log does not start. Nothing has been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The newest checkpoint of the journal is not this log's.
    #[error("newest checkpoint of the journal is refused")]
    Checkpoint(#[source] CheckpointRefusal),
    /// The root hash over the journal and the tiles is not the one that was promised.
    #[error("root hash over the stored tiles is not the one of the checkpoint")]
    EdgeDamaged,
    /// Records do not follow each other.
    #[error("journal has no record for leaf {0}")]
    Gap(u64),
    /// There is no record.
    #[error("journal is empty")]
    JournalEmpty,
    /// A promised checkpoint cannot be read.
    #[error("{promise} checkpoint is refused")]
    PromiseDamaged {
        /// Which promise.
        promise: &'static str,
        /// Why.
        #[source]
        source: CheckpointRefusal,
    },
    /// A larger tree was promised than there is.
    #[error("{promise} checkpoint promises {promised} leaves, the journal has {size}")]
    Rollback {
        /// Which promise.
        promise: &'static str,
        /// The tree size that was promised.
        promised: u64,
        /// The tree size there is.
        size: u64,
    },
    /// Another tree was promised than there is.
    #[error("{promise} checkpoint promises another tree of {promised} leaves")]
    SplitView {
        /// Which promise.
        promise: &'static str,
        /// The tree size at which they differ.
        promised: u64,
    },
    /// A tile of the right edge is not readable.
    #[error("tile {tile} is not readable")]
    Tile {
        /// Which one.
        tile: TilePath,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// Something else of the tree is not readable.
    #[error("tree is not readable")]
    Unreadable(#[source] ReadError),
}
