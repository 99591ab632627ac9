//! What readers see: one promised tree, frozen.

use std::sync::Arc;

use lite_time::Time;
use lite_tlog::Hash;

use crate::Leaf;
use crate::ports::TileStore;
use crate::right_edge::{FullTile, RightEdge};

/// A promised tree: its checkpoint is signed and durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The number of leaves.
    pub size: u64,
    /// The root hash.
    pub root: Hash,
    /// When it was signed. Never earlier than the tree before.
    pub time: Time,
    /// The signed checkpoint, as it is served.
    pub checkpoint: Arc<str>,
}

/// The tiles of 256 leaves that are complete and perhaps not stored yet.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// The tree size that completed them, a multiple of 256.
    pub(crate) size: u64,
    /// The leaves of the full bundle.
    pub(crate) leaves: Arc<Vec<Arc<Leaf>>>,
    /// The tiles that became full with it, lowest level first.
    pub(crate) tiles: Vec<FullTile>,
}

/// A tree and all that is needed to read it: the right edge from memory, the rest from the store.
///
/// A view never changes, so whoever holds one sees checkpoint, tiles and proofs that fit together.
#[derive(Clone)]
pub struct View {
    pub(crate) tree: Arc<Tree>,
    pub(crate) edge: RightEdge,
    /// The leaves of the partial bundle.
    pub(crate) bundle: Arc<Vec<Arc<Leaf>>>,
    pub(crate) pending: Vec<Arc<Pending>>,
    pub(crate) store: Arc<dyn TileStore>,
}

impl View {
    /// The tree.
    #[must_use]
    pub fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }
}
