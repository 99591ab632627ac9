//! A start: from what the journal and the store hold to a log that goes on.

use std::sync::Arc;

use crate::dedup::Recent;
use crate::ports::{CheckpointContent, Piece, Record, StoreError};
use crate::reading::name;
use crate::right_edge::{Pyramid, RightEdge, WIDTH};
use crate::{DedupKey, Machine, ReadError, RecoverError, Shared, View, sequencer};

/// A checkpoint that was promised, as found outside the journal.
#[derive(Clone, Debug)]
pub struct Promise {
    /// Where it was found, in a word: "published", "remembered".
    pub name: &'static str,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// A log that may go on.
pub struct Recovered {
    /// What readers see.
    pub shared: Arc<Shared>,
    /// The size of each promise, in the order they were given.
    pub promised: Vec<u64>,
}

/// Recovers a log, and changes nothing.
///
/// The cost does not depend on the size of the log: the journal is short, and the right edge is
/// made of at most 255 tiles for each level.
pub fn recover(
    machine: &Machine,
    records: Vec<Record>,
    promises: &[Promise],
) -> Result<Recovered, RecoverError> {
    // (1) The newest record has the newest promise, and this log's key must have signed it.
    let (Some(first), Some(newest)) = (records.first(), records.last()) else {
        return Err(RecoverError::JournalEmpty);
    };
    let opened = machine.signer.open(&newest.tree.checkpoint).map_err(RecoverError::Checkpoint)?;
    let tree = Arc::clone(&newest.tree);

    // (2) Records follow each other.
    let mut next = first.first;
    for record in &records {
        let end = record.first + record.leaves.len() as u64;
        if record.first != next || record.tree.size != end {
            return Err(RecoverError::Gap(next));
        }
        next = end;
    }

    // (3) A record is dropped only when full stored tiles cover it: so the bundle in which the
    // journal begins is stored, and the edge is made of the full tiles up to there.
    let start = first.first.div_ceil(WIDTH) * WIDTH;
    if start > tree.size {
        return Err(RecoverError::Gap(tree.size));
    }
    let edge = RightEdge::load(start, |level, index| tile_root(machine, level, index))?;
    let store = Arc::clone(&machine.tiles);
    let mut view =
        View { tree: Arc::clone(&tree), edge, bundle: Arc::default(), pending: Vec::new(), store };

    // (4) Enter the journal's leaves again. Tiles that they fill are stored again, equal.
    let skip = usize::try_from(start - first.first).unwrap_or(usize::MAX);
    sequencer::replay(&mut view, records.into_iter().flat_map(|r| r.leaves).skip(skip));

    // (5) The root over all this is the promised one, or something is damaged.
    let found =
        CheckpointContent { size: view.edge.size(), root: view.edge.root().unwrap_or_default() };
    if found != opened || opened != (CheckpointContent { size: tree.size, root: tree.root }) {
        return Err(RecoverError::EdgeDamaged);
    }

    // (6) Whatever was promised before is kept.
    let sizes = promises.iter().map(|promise| check_promise(machine, &view, promise));
    let sizes = sizes.collect::<Result<_, _>>()?;

    let shared = Arc::new(Shared::new(view, Recent::starting_at(tree.size)));
    Ok(Recovered { shared, promised: sizes })
}

impl Shared {
    /// Fills an index that lags, and returns how many keys it lacked.
    ///
    /// This is the one part of a start that takes as long as the index is behind: usually some
    /// seconds of leaves, and all of them if it was lost.
    pub fn fill_index(&self, machine: &Machine) -> Result<u64, RecoverError> {
        let view = self.view();
        let failed =
            |cause| RecoverError::Unreadable(ReadError::Storage(StoreError::Failed(cause)));
        let reached = machine.index.reached().map_err(failed)?;
        let mut next = reached.min(view.tree.size);
        let mut keys: Vec<(DedupKey, u64)> = Vec::new();
        while next < view.tree.size {
            let bundle = next / WIDTH;
            let found = view.keys(bundle).map_err(RecoverError::Unreadable)?;
            let from = usize::try_from(next % WIDTH).unwrap_or(usize::MAX);
            let fresh = found.into_iter().skip(from).zip(next..).collect::<Vec<_>>();
            next = (bundle + 1).saturating_mul(WIDTH).min(view.tree.size);
            keys.extend(fresh);
            if keys.len() >= 65_536 || next == view.tree.size {
                machine.index.insert(&keys, next, next == view.tree.size).map_err(failed)?;
                keys.clear();
            }
        }
        Ok(view.tree.size.saturating_sub(reached))
    }
}

fn tile_root(machine: &Machine, level: u8, index: u64) -> Result<lite_tlog::Hash, RecoverError> {
    let piece = Piece::Tile { level, index };
    let failed = |source| match lite_tlog::TilePath::new(level, index, 256) {
        Some(tile) => RecoverError::Tile { tile, source },
        None => RecoverError::Unreadable(source),
    };
    let read = machine.tiles.get(piece).map_err(|error| failed(ReadError::Storage(error)))?;
    let bytes = read.ok_or_else(|| failed(ReadError::Missing(name(piece))))?;
    Pyramid::root_of(&bytes).ok_or_else(|| failed(ReadError::Damaged(name(piece))))
}

fn check_promise(machine: &Machine, view: &View, promise: &Promise) -> Result<u64, RecoverError> {
    let opened = machine.signer.open(&promise.checkpoint);
    let opened =
        opened.map_err(|source| RecoverError::PromiseDamaged { promise: promise.name, source })?;
    let (promised, size) = (opened.size, view.tree.size);
    if promised > size {
        return Err(RecoverError::Rollback { promise: promise.name, promised, size });
    }
    let root = view.root_at(promised).map_err(RecoverError::Unreadable)?;
    if root != opened.root {
        return Err(RecoverError::SplitView { promise: promise.name, promised });
    }
    Ok(promised)
}
