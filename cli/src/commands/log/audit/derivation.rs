//! The tree made again out of its leaves, by two independent ways that must agree.

use lite_tlog::tile_path::TILE_WIDTH;
use lite_tlog::{Edge, Hash, NewHash, TilePath};

use super::second::Second;

/// A tree that grows leaf by leaf. It needs a few kilobytes, whatever its size.
#[derive(Debug, Default)]
pub(super) struct Derivation {
    ours: Edge,
    theirs: Second,
    /// By level: the hashes of the tile that is not full yet.
    open: Vec<Vec<Hash>>,
}

/// The two ways came to different hashes: one of them has a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disagreement;

impl Derivation {
    /// The number of leaves.
    pub(super) fn size(&self) -> u64 {
        self.ours.size()
    }

    /// The root hash, by both ways.
    pub(super) fn root(&self) -> Result<Hash, Disagreement> {
        let ours = self.ours.root();
        if self.theirs.root().is_none_or(|theirs| theirs == ours) {
            Ok(ours)
        } else {
            Err(Disagreement)
        }
    }

    /// Appends a leaf by its hash. Answers the tiles that it filled, with their hashes.
    pub(super) fn append(
        &mut self,
        leaf: Hash,
    ) -> Result<Vec<(TilePath, Vec<Hash>)>, Disagreement> {
        let mut new: Vec<NewHash> = Vec::new();
        self.ours.append_hash(leaf, |hash| new.push(hash));
        let above = self.theirs.append(leaf);
        let ours = new.iter().filter(|new| new.level > 0).map(|new| &new.hash);
        if !ours.eq(above.iter()) {
            return Err(Disagreement);
        }
        let mut filled = Vec::new();
        for NewHash { level, index, hash } in new {
            let place = usize::from(level);
            if self.open.len() == place {
                self.open.push(Vec::new());
            }
            self.open[place].push(hash);
            if self.open[place].len() == usize::from(TILE_WIDTH) {
                let hashes = std::mem::take(&mut self.open[place]);
                let path = TilePath::new(level, index / u64::from(TILE_WIDTH), TILE_WIDTH);
                filled.extend(path.map(|path| (path, hashes)));
            }
        }
        Ok(filled)
    }

    /// The tiles that are not full, with their hashes.
    pub(super) fn partial(&self) -> impl Iterator<Item = (TilePath, &[Hash])> {
        TilePath::partials(self.size())
            .filter_map(|path| Some((path, self.open.get(usize::from(path.level()))?.as_slice())))
    }

    /// The leaf hashes of the tile that is not full yet.
    pub(super) fn open_leaves(&self) -> &[Hash] {
        self.open.first().map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lite_tlog::{MemoryTiles, leaf_hash};

    use super::*;

    #[test]
    fn full_and_partial_tiles_are_those_of_the_log() {
        for size in [1, 255, 256, 257, 1000, 65_537] {
            let (mut derived, mut tiles) = (Derivation::default(), MemoryTiles::default());
            let mut edge = Edge::new();
            let mut found = BTreeMap::new();
            for n in 0..size {
                let leaf = leaf_hash(&u64::to_be_bytes(n));
                edge.append_hash(leaf, |new| tiles.push(new));
                for (path, hashes) in derived.append(leaf).unwrap() {
                    found.insert(path.to_string(), hashes.concat());
                }
            }
            for (path, hashes) in derived.partial() {
                found.insert(path.to_string(), hashes.concat());
            }
            let expected: BTreeMap<String, Vec<u8>> =
                tiles.iter().map(|(path, bytes)| (path.to_string(), bytes.to_vec())).collect();
            assert_eq!(found, expected, "{size}");
            assert_eq!(derived.root(), Ok(edge.root()));
        }
    }
}
