//! What the log needs from the world.
//!
//! Each port is small enough to fake in a page, and says how far it is trusted.

use std::sync::Arc;

use lite_time::Time;
use lite_tlog::{EntryBundlePath, Hash, TilePath};

use crate::{DedupKey, Leaf, Tree};

/// A cause that an adapter reports; it is for people and logs, nothing here looks into it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// One batch as the journal keeps it: its leaves, and the checkpoint that covers them.
#[derive(Clone, Debug)]
pub struct Record {
    /// The index of the first leaf; the tree size before this batch.
    pub first: u64,
    /// The leaves, in the order of the tree. A record without leaves renews the checkpoint.
    pub leaves: Vec<Arc<Leaf>>,
    /// The tree after this batch.
    pub tree: Arc<Tree>,
}

/// Why a record is not, or may not be, in the journal.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing was kept, and a later commit may succeed: the storage is full, for instance.
    #[error("record is not committed")]
    NotCommitted(#[source] Cause),
    /// The record may or may not be there. Only a restart can tell.
    #[error("commit is uncertain")]
    Uncertain(#[source] Cause),
}

/// The write-ahead journal: leaves and the newest signed checkpoint in one durable write.
///
/// *Trusted*: whoever controls it can make the log sign a split view, because the log believes
/// that the newest checkpoint it finds here is the newest it has promised.
pub trait Journal: Send + Sync {
    /// Appends a record. On return without error it survives a crash of the machine.
    fn commit(&self, record: &Record) -> Result<(), CommitError>;

    /// Drops records all of whose leaves are below `size`. Never the newest record.
    fn discard_below(&self, size: u64) -> Result<(), Cause>;
}

/// A thing that is stored once and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// A full tile.
    Tile {
        /// Its level.
        level: u8,
        /// Its position within the level.
        index: u64,
    },
    /// A full entry bundle.
    Bundle(u64),
    /// What is known of the leaves of a full bundle and not hashed: see [`crate::Leaf`].
    Margin(u64),
}

/// Why a piece is not stored or not read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The storage is full. Nothing is visible of what was to be stored, and it may be tried
    /// again.
    #[error("storage is full")]
    Full(#[source] Cause),
    /// The storage did not do it, or may not have.
    #[error("storage failed")]
    Failed(#[source] Cause),
}

/// Where full tiles, full entry bundles, their partial copies and the public checkpoint are kept.
///
/// *Not* trusted: whoever controls it can stop the log, and cannot fork it.
pub trait TileStore: Send + Sync {
    /// Stores immutable pieces, durably. A piece that is there already must be equal.
    fn put(&self, pieces: &[(Piece, Vec<u8>)]) -> Result<(), StoreError>;

    /// Reads a piece; `None` if it was never stored.
    fn get(&self, piece: Piece) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores copies of the partial tiles and the partial bundle of a tree, for readers that read
    /// the store without asking the log.
    fn put_partials(
        &self,
        tiles: &[(TilePath, Vec<u8>)],
        bundle: Option<&(EntryBundlePath, Vec<u8>)>,
    ) -> Result<(), StoreError>;

    /// Replaces the public checkpoint.
    fn put_checkpoint(&self, checkpoint: &str) -> Result<(), StoreError>;

    /// Removes partial copies that nobody needs now that a tree of `size` leaves is published
    /// after one of `previous` leaves.
    fn drop_partials(&self, previous: u64, size: u64) -> Result<(), StoreError>;
}

/// Which leaf has which key: finds duplicates among old leaves.
///
/// *Not* trusted: each hit is confirmed against the tree. It is derived, may lag, and may be lost:
/// a start fills in what is missing.
pub trait DedupIndex: Send + Sync {
    /// The index of the leaf with each key, as far as known.
    fn find(&self, keys: &[DedupKey]) -> Result<Vec<Option<u64>>, Cause>;

    /// Adds keys. `reached` is the tree size up to which every key has now been added; a durable
    /// insert also makes all earlier ones durable. A key that is there keeps its leaf.
    fn insert(&self, keys: &[(DedupKey, u64)], reached: u64, durable: bool) -> Result<(), Cause>;

    /// The tree size up to which every key was added.
    fn reached(&self) -> Result<u64, Cause>;
}

/// Remembers the newest promised checkpoint in another place than the log's own storage.
///
/// *Trusted* to not go back on its own: it is what notices that the log's storage did.
pub trait CheckpointMemory: Send + Sync {
    /// Remembers a checkpoint instead of the last one.
    fn remember(&self, checkpoint: &str) -> Result<(), StoreError>;
}

/// What a checkpoint of this log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointContent {
    /// The tree size.
    pub size: u64,
    /// The root hash.
    pub root: Hash,
}

/// Why a text is not a checkpoint of this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointRefusal {
    /// The first line is not this log's origin.
    #[error("checkpoint has another origin")]
    Origin,
    /// No signature of this log's key verifies.
    #[error("checkpoint is not signed by the key of this log")]
    Signature,
    /// It is not a checkpoint at all.
    #[error("not a checkpoint")]
    Syntax,
}

/// Signs checkpoints, and knows its own.
///
/// *Trusted*: it holds the log's private key.
pub trait CheckpointSigner: Send + Sync {
    /// The origin: the first line of every checkpoint.
    fn origin(&self) -> &str;

    /// What tells this log's key from any other; recorded when the log is created.
    fn log_id(&self) -> Vec<u8>;

    /// The signed checkpoint of a tree.
    fn sign(&self, size: u64, root: &Hash, time: Time) -> Result<String, Cause>;

    /// Reads a checkpoint that this log signed.
    fn open(&self, checkpoint: &str) -> Result<CheckpointContent, CheckpointRefusal>;
}
