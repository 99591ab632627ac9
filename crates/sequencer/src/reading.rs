//! Reading a view: tiles, bundles, leaves and proofs.
//!
//! Whatever is not yet stored is read from memory, so a reader never meets a checkpoint whose
//! tiles are not there.

use std::sync::Arc;

use lite_time::Time;
use lite_tlog::{
    EntryBundleError, EntryBundlePath, Hash, ProveError, Prover, TilePath, TileReader, entry_bundle,
};

use crate::margin::{self, MarginNote};
use crate::ports::Piece;
use crate::right_edge::WIDTH;
use crate::view::Pending;
use crate::{DedupKey, Leaf, ReadError, View};

impl View {
    /// Reads a tile: exactly `path.width()` hashes. `None` if this tree has no such tile.
    ///
    /// A partial tile is a prefix of the full one, so any width up to the one of this tree is
    /// there, whatever the tree is now.
    pub fn read_tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, ReadError> {
        let (level, index) = (path.level(), path.index());
        let there = TilePath::in_tree(level, index, self.tree.size);
        if there.is_none_or(|there| there.width() < path.width()) {
            return Ok(None);
        }
        let (partial, hashes) = self.edge.partial(level);
        let mut bytes = if partial == index {
            hashes.as_flattened().to_vec()
        } else {
            self.full_tile(level, index)?
        };
        bytes.truncate(path.bytes());
        Ok(Some(bytes))
    }

    /// Reads an entry bundle of exactly `path.width()` leaves. `None` if this tree has none.
    pub fn read_bundle(&self, path: &EntryBundlePath) -> Result<Option<Vec<u8>>, ReadError> {
        let there = EntryBundlePath::in_tree(path.index(), self.tree.size);
        if there.is_none_or(|there| there.width() < path.width()) {
            return Ok(None);
        }
        let width = usize::from(path.width());
        if let Some(leaves) = self.leaves_in_memory(path.index()) {
            return encode_bundle(&leaves[..width]).map(Some).map_err(|_| damaged(*path));
        }
        let mut bytes = self.stored(Piece::Bundle(path.index()))?;
        let prefix = prefix_length(&bytes, width).ok_or_else(|| damaged(*path))?;
        bytes.truncate(prefix);
        Ok(Some(bytes))
    }

    /// Reads a leaf.
    pub fn leaf(&self, index: u64) -> Result<Arc<Leaf>, ReadError> {
        self.leaves(index / WIDTH)?.get(place(index)).cloned().ok_or(ReadError::OutOfRange)
    }

    /// Reads the leaves of a bundle, all that this tree has of them.
    pub fn leaves(&self, bundle: u64) -> Result<Arc<Vec<Arc<Leaf>>>, ReadError> {
        let path = EntryBundlePath::in_tree(bundle, self.tree.size).ok_or(ReadError::OutOfRange)?;
        if let Some(leaves) = self.leaves_in_memory(bundle) {
            return Ok(Arc::clone(leaves));
        }
        let bytes = self.stored(Piece::Bundle(bundle))?;
        let bytes = entry_bundle::decode_exact(&bytes, path.width()).map_err(|_| damaged(path))?;
        let notes = self.stored_margin(bundle)?;
        let leaf = |(bytes, note): (&[u8], MarginNote)| {
            let MarginNote { time, identity, extra } = note;
            Arc::new(Leaf { bytes: Arc::from(bytes), time, identity, extra })
        };
        Ok(Arc::new(bytes.into_iter().zip(notes).map(leaf).collect()))
    }

    /// The hash of a leaf.
    pub fn leaf_hash(&self, index: u64) -> Result<Hash, ReadError> {
        if index >= self.tree.size {
            return Err(ReadError::OutOfRange);
        }
        let bundle = index / WIDTH;
        let hash = match self.pending(bundle).and_then(|pending| pending.tiles.first()) {
            Some(full) => full.pyramid.hashes().get(place(index)).copied(),
            None if bundle == self.tree.size / WIDTH => {
                self.edge.partial(0).1.get(place(index)).copied()
            }
            None => self.full_tile(0, bundle)?.as_chunks().0.get(place(index)).copied(),
        };
        hash.ok_or(ReadError::OutOfRange)
    }

    /// When a leaf was sequenced: Rekor v1's integrated time, a CT log's timestamp.
    pub fn time_of(&self, index: u64) -> Result<Time, ReadError> {
        self.note(index, |leaf| leaf.time, |note| note.time)
    }

    /// The inclusion proof of leaf `index` in the tree of the first `size` leaves.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        self.check_size(size)?;
        Prover::new().inclusion(&self, index, size).map_err(unproven)
    }

    /// The consistency proof from the tree of the first `old` leaves to that of the first `new`.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        self.check_size(new)?;
        Prover::new().consistency(&self, old, new).map_err(unproven)
    }

    /// The root hash of the tree of the first `size` leaves.
    pub fn root_at(&self, size: u64) -> Result<Hash, ReadError> {
        self.check_size(size)?;
        Prover::new().root(&self, size).map_err(unproven)
    }

    /// Whether the leaf at `index` has this key: confirms what the index says.
    pub(crate) fn has_key(&self, index: u64, key: &DedupKey) -> Result<bool, ReadError> {
        if index >= self.tree.size {
            return Ok(false);
        }
        match key {
            DedupKey::Leaf(hash) => Ok(self.leaf_hash(index)? == *hash),
            DedupKey::Identity(identity) => {
                let found = self.note(index, |leaf| leaf.identity, |note| note.identity)?;
                Ok(found.as_ref() == Some(identity))
            }
        }
    }

    /// The keys of a bundle's leaves, in their order.
    pub(crate) fn keys(&self, bundle: u64) -> Result<Vec<DedupKey>, ReadError> {
        let path = TilePath::in_tree(0, bundle, self.tree.size).ok_or(ReadError::OutOfRange)?;
        let tile = self.read_tile(&path)?.unwrap_or_default();
        let identities: Vec<Option<Hash>> = match self.leaves_in_memory(bundle) {
            Some(leaves) => leaves.iter().map(|leaf| leaf.identity).collect(),
            None => self.stored_margin(bundle)?.iter().map(|note| note.identity).collect(),
        };
        let key = |(hash, identity): (&Hash, Option<Hash>)| match identity {
            Some(identity) => DedupKey::Identity(identity),
            None => DedupKey::Leaf(*hash),
        };
        Ok(tile.as_chunks().0.iter().zip(identities).map(key).collect())
    }

    /// The partial tiles of this tree with their bytes, and its partial bundle.
    #[expect(clippy::type_complexity, reason = "two lists of named bytes, used at one place")]
    pub(crate) fn partials(
        &self,
    ) -> Result<(Vec<(TilePath, Vec<u8>)>, Option<(EntryBundlePath, Vec<u8>)>), EntryBundleError>
    {
        let size = self.tree.size;
        let tile = |path: TilePath| {
            let (_, hashes) = self.edge.partial(path.level());
            (path, hashes.as_flattened().to_vec())
        };
        let tiles = TilePath::partials(size).map(tile).collect();
        let bundle = match EntryBundlePath::in_tree(size / WIDTH, size) {
            Some(path) => Some((path, encode_bundle(&self.bundle)?)),
            None => None,
        };
        Ok((tiles, bundle))
    }

    fn note<T>(
        &self,
        index: u64,
        from_leaf: impl FnOnce(&Leaf) -> T,
        from_note: impl FnOnce(&MarginNote) -> T,
    ) -> Result<T, ReadError> {
        if index >= self.tree.size {
            return Err(ReadError::OutOfRange);
        }
        if let Some(leaves) = self.leaves_in_memory(index / WIDTH) {
            return leaves.get(place(index)).map(|l| from_leaf(l)).ok_or(ReadError::OutOfRange);
        }
        let notes = self.stored_margin(index / WIDTH)?;
        notes.get(place(index)).map(from_note).ok_or(ReadError::OutOfRange)
    }

    fn leaves_in_memory(&self, bundle: u64) -> Option<&Arc<Vec<Arc<Leaf>>>> {
        if bundle == self.tree.size / WIDTH {
            return Some(&self.bundle);
        }
        self.pending(bundle).map(|pending| &pending.leaves)
    }

    fn pending(&self, bundle: u64) -> Option<&Arc<Pending>> {
        let first = self.pending.first()?.size / WIDTH - 1;
        self.pending.get(usize::try_from(bundle.checked_sub(first)?).ok()?)
    }

    fn full_tile(&self, level: u8, index: u64) -> Result<Vec<u8>, ReadError> {
        // A tile at level L becomes full together with one bundle: its last one.
        let end = 256_u64.checked_pow(u32::from(level)).and_then(|n| n.checked_mul(index + 1));
        let pending = end.and_then(|end| self.pending(end - 1));
        let full = pending.and_then(|pending| pending.tiles.get(usize::from(level)));
        if let Some(full) = full {
            return Ok(full.pyramid.hashes().as_flattened().to_vec());
        }
        let bytes = self.stored(Piece::Tile { level, index })?;
        match TilePath::new(level, index, 256) {
            Some(path) if path.bytes() == bytes.len() => Ok(bytes),
            _ => Err(ReadError::Damaged(name(Piece::Tile { level, index }))),
        }
    }

    fn stored_margin(&self, bundle: u64) -> Result<Vec<MarginNote>, ReadError> {
        let piece = Piece::Margin(bundle);
        let notes = margin::decode(&self.stored(piece)?).ok();
        notes
            .filter(|notes| notes.len() as u64 == WIDTH)
            .ok_or_else(|| ReadError::Damaged(name(piece)))
    }

    fn stored(&self, piece: Piece) -> Result<Vec<u8>, ReadError> {
        let bytes = self.store.get(piece).map_err(ReadError::Storage)?;
        bytes.ok_or_else(|| ReadError::Missing(name(piece)))
    }

    fn check_size(&self, size: u64) -> Result<(), ReadError> {
        if size > self.tree.size { Err(ReadError::OutOfRange) } else { Ok(()) }
    }
}

impl TileReader for View {
    type Tile = Vec<u8>;
    type Error = ReadError;

    fn read_tile(&self, tile: &TilePath) -> Result<Vec<u8>, ReadError> {
        Self::read_tile(self, tile)?.ok_or(ReadError::OutOfRange)
    }
}

/// The bytes of an entry bundle.
pub(crate) fn encode_bundle(leaves: &[Arc<Leaf>]) -> Result<Vec<u8>, EntryBundleError> {
    entry_bundle::encode(leaves.iter().map(|leaf| &leaf.bytes))
}

/// The name of a piece, for people.
pub(crate) fn name(piece: Piece) -> String {
    match piece {
        Piece::Tile { level, index } => {
            TilePath::new(level, index, 256).map_or_else(String::new, |path| path.to_string())
        }
        Piece::Bundle(index) => {
            EntryBundlePath::new(index, 256).map_or_else(String::new, |path| path.to_string())
        }
        Piece::Margin(index) => format!("margin of bundle {index}"),
    }
}

fn damaged(path: EntryBundlePath) -> ReadError {
    ReadError::Damaged(name(Piece::Bundle(path.index())))
}

fn unproven(error: ProveError<ReadError>) -> ReadError {
    match error {
        ProveError::Read { source, .. } => source,
        ProveError::ShortTile { tile } => ReadError::Damaged(tile.to_string()),
        _ => ReadError::OutOfRange,
    }
}

/// The length of the first `leaves` leaves of a bundle.
fn prefix_length(bundle: &[u8], leaves: usize) -> Option<usize> {
    let mut at = 0_usize;
    for _ in 0..leaves {
        let (length, _) = bundle.get(at..)?.split_first_chunk()?;
        at += 2 + usize::from(u16::from_be_bytes(*length));
    }
    (at <= bundle.len()).then_some(at)
}

/// The place of a leaf in its bundle, and of its hash in its tile.
fn place(index: u64) -> usize {
    usize::try_from(index % WIDTH).unwrap_or(usize::MAX) // Never: it is below 256.
}
