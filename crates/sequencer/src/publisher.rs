//! Steps 5 to 7 of the life of a leaf: from a promised tree to a published one.
//!
//! All of it can be done again from the journal, so it is off the path to the answer, and a start
//! runs the same code.

use std::sync::Arc;

use crate::ports::{Cause, Piece};
use crate::reading::encode_bundle;
use crate::view::Pending;
use crate::{Machine, PublishError, Shared, Tree, margin};

/// How many bundles are stored at once: they share the directory syncs.
const GROUP: usize = 16;
/// How many keys the index is given at once.
const KEYS: usize = 16_384;
/// How many keys may wait for an index that does not take them.
const MAX_RECENT: usize = 1 << 20;

/// Stores and publishes promised trees. There is one for each log, on one thread.
pub struct Publisher {
    machine: Machine,
    shared: Arc<Shared>,
    published: Option<Arc<Tree>>,
    /// The tree size whose partial copies may lie around.
    copied: u64,
}

impl Publisher {
    /// A publisher that goes on from what recovery has found; `published` is the size of the
    /// public checkpoint.
    #[must_use]
    pub fn new(machine: Machine, shared: Arc<Shared>, published: u64) -> Self {
        Self { machine, shared, published: None, copied: published }
    }

    /// The newest tree whose checkpoint is public; `None` before the first publication.
    #[must_use]
    pub fn published(&self) -> Option<&Arc<Tree>> {
        self.published.as_ref()
    }

    /// Whether the newest promised tree is public and nothing waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let view = self.shared.view();
        view.pending.is_empty() && self.published.as_ref() == Some(&view.tree)
    }

    /// (5) Stores the full tiles and bundles that are complete.
    ///
    /// A piece stays readable from memory until it is stored, and its leaves stay in the journal.
    pub fn store(&mut self) -> Result<(), PublishError> {
        loop {
            let view = self.shared.view();
            let group = &view.pending[..view.pending.len().min(GROUP)];
            let Some(last) = group.last() else { return Ok(()) };
            let mut pieces = Vec::with_capacity(group.len() * 3);
            for pending in group {
                push_pieces(&mut pieces, pending)?;
            }
            self.machine.tiles.put(&pieces)?;
            self.shared.stored(last.size);
        }
    }

    /// (6) Publishes the newest promised checkpoint: every piece it commits to first, then the
    /// partial copies, then the memory outside, then the checkpoint that points at them all.
    pub fn publish(&mut self) -> Result<(), PublishError> {
        let view = loop {
            self.store()?;
            // A batch may have filled another tile meanwhile; its checkpoint comes after it.
            let view = self.shared.view();
            if view.pending.is_empty() {
                break view;
            }
        };
        if self.published.as_ref() == Some(&view.tree) {
            return Ok(());
        }
        let encoded = view.partials();
        let (tiles, bundle) = encoded.map_err(|error| PublishError::Incomplete(error.into()))?;
        self.machine.tiles.put_partials(&tiles, bundle.as_ref())?;
        if let Some(memory) = &self.machine.memory {
            memory.remember(&view.tree.checkpoint)?;
        }
        self.machine.tiles.put_checkpoint(&view.tree.checkpoint)?;
        let previous = std::mem::replace(&mut self.copied, view.tree.size);
        self.published = Some(Arc::clone(&view.tree));
        // (7) Tidy. What is left lying is harmless, and the next round tries again.
        let _ = self.machine.tiles.drop_partials(previous, view.tree.size);
        Ok(())
    }

    /// (7) Tidies: drops from the journal what full stored tiles cover.
    pub fn tidy(&mut self) -> Result<(), Cause> {
        let view = self.shared.view();
        let complete = view.tree.size - view.tree.size % 256;
        let stored = view.pending.first().map_or(complete, |pending| pending.size - 256);
        self.machine.journal.discard_below(stored)
    }

    /// Gives the index the keys it does not have, in groups until it has all.
    pub fn index(&mut self, durable: bool) -> Result<(), Cause> {
        loop {
            let (keys, reached) = self.shared.recent().oldest(KEYS);
            if keys.is_empty() && !durable {
                return Ok(());
            }
            let inserted = self.machine.index.insert(&keys, reached, durable);
            let mut recent = self.shared.recent();
            if let Err(cause) = inserted {
                // An index that stays broken must not eat the memory: the next start fills it in.
                let excess = recent.len().saturating_sub(MAX_RECENT);
                recent.forget(excess);
                return Err(cause);
            }
            recent.forget(keys.len());
            if recent.len() < KEYS {
                return Ok(());
            }
        }
    }
}

/// The pieces that became complete with one bundle.
fn push_pieces(pieces: &mut Vec<(Piece, Vec<u8>)>, pending: &Pending) -> Result<(), PublishError> {
    let index = pending.size / 256 - 1;
    let bundle = encode_bundle(&pending.leaves);
    let bundle = bundle.map_err(|error| PublishError::Incomplete(error.into()))?;
    pieces.push((Piece::Bundle(index), bundle));
    pieces.push((Piece::Margin(index), margin::encode(&pending.leaves)));
    for tile in &pending.tiles {
        let piece = Piece::Tile { level: tile.level, index: tile.index };
        pieces.push((piece, tile.pyramid.hashes().as_flattened().to_vec()));
    }
    Ok(())
}
