//! What the sequencer, the publisher and the readers share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use lite_time::Time;

use crate::dedup::Recent;
use crate::ports::TileStore;
use crate::right_edge::RightEdge;
use crate::{Tree, View};

/// The newest promised tree, and the keys that the index does not have yet.
///
/// Locks are held for a look-up or a swap, never over a port's call. A poisoned lock is taken all
/// the same: each change is one assignment.
pub struct Shared {
    view: RwLock<Arc<View>>,
    recent: Mutex<Recent>,
}

impl Shared {
    pub(crate) fn new(view: View, recent: Recent) -> Self {
        Self { view: RwLock::new(Arc::new(view)), recent: Mutex::new(recent) }
    }

    /// The empty tree of a log that is being created. It has no checkpoint: readers must not see
    /// it, and do not, because a log is created with its first leaf.
    #[must_use]
    pub fn of_new_log(tiles: Arc<dyn TileStore>) -> Arc<Self> {
        let (root, checkpoint) = (lite_tlog::empty_root(), Arc::from(""));
        let tree = Arc::new(Tree { size: 0, root, time: Time::default(), checkpoint });
        let (edge, bundle, pending) = (RightEdge::default(), Arc::default(), Vec::new());
        let view = View { tree, edge, bundle, pending, store: tiles };
        Arc::new(Self::new(view, Recent::default()))
    }

    /// The newest promised tree.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of leaves that are promised and not in full stored pieces, beyond the edge.
    #[must_use]
    pub fn unstored(&self) -> u64 {
        self.view().pending.len() as u64 * crate::right_edge::WIDTH
    }

    /// Shows a committed tree. What it kept of `pending` is what the view had when it was
    /// prepared; what was stored meanwhile is dropped again.
    pub(crate) fn show(&self, mut next: View) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let stored = view.pending.first().map_or(view.tree.size, |pending| pending.size - 1);
        next.pending.retain(|pending| pending.size > stored);
        *view = Arc::new(next);
    }

    /// Forgets the pending pieces that complete at `size` or below, because they are stored.
    pub(crate) fn stored(&self, size: u64) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = View::clone(&view);
        next.pending.retain(|pending| pending.size > size);
        *view = Arc::new(next);
    }

    pub(crate) fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
