//! The right edge with the inner hashes of its tiles: what makes a fresh proof cost a look-up for
//! each level instead of hundreds of hashes.
//!
//! `lite_tlog::Prover` makes proofs from any tiles; it keeps tiles for ever, which is wrong for a
//! batch that may still be refused by the journal. This edge is copied for a batch, and dropped
//! with it.

use std::sync::Arc;

use lite_tlog::{Hash, empty_root, node_hash};

/// Tree levels in a tile.
const HEIGHT: u32 = 8;
/// Hashes in a full tile.
pub(crate) const WIDTH: u64 = 1 << HEIGHT;

/// A tile of hashes with the perfect subtrees over them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pyramid {
    /// By height within the tile: 0 has the tile's own hashes, 7 the last two.
    heights: [Vec<Hash>; HEIGHT as usize],
}

impl Pyramid {
    /// Adds a hash; the root, if that makes the tile full.
    fn push(&mut self, hash: Hash) -> Option<Hash> {
        let mut carry = hash;
        for row in &mut self.heights {
            row.push(carry);
            if row.len() % 2 == 1 {
                return None;
            }
            carry = node_hash(&row[row.len() - 2], &carry);
        }
        Some(carry)
    }

    /// A full tile from its bytes, and its root; `None` if it is not 256 hashes.
    pub(crate) fn root_of(bytes: &[u8]) -> Option<Hash> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        if hashes.len() as u64 != WIDTH || !rest.is_empty() {
            return None;
        }
        let mut pyramid = Self::default();
        hashes.iter().fold(None, |_, hash| pyramid.push(*hash))
    }

    /// The hashes of the tile.
    pub(crate) fn hashes(&self) -> &[Hash] {
        &self.heights[0]
    }

    fn node(&self, height: u32, place: u64) -> Option<Hash> {
        let row = self.heights.get(usize::try_from(height).ok()?)?;
        row.get(usize::try_from(place).ok()?).copied()
    }
}

/// A tile that has just become full.
#[derive(Clone, Debug)]
pub(crate) struct FullTile {
    pub(crate) level: u8,
    pub(crate) index: u64,
    pub(crate) pyramid: Arc<Pyramid>,
}

/// The partial tiles of a tree, lowest level first, with their inner hashes.
#[derive(Clone, Debug, Default)]
pub(crate) struct RightEdge {
    size: u64,
    levels: Vec<Arc<Pyramid>>,
}

impl RightEdge {
    /// The edge of a tree whose size is a multiple of 256: `read` gives the root of each full
    /// tile that the edge is made of, by level and index.
    pub(crate) fn load<E>(
        size: u64,
        mut read: impl FnMut(u8, u64) -> Result<Hash, E>,
    ) -> Result<Self, E> {
        let mut levels = vec![Arc::new(Pyramid::default())];
        let mut hashes = size >> HEIGHT;
        for below in 0..=u8::MAX {
            if hashes == 0 {
                break;
            }
            let mut pyramid = Pyramid::default();
            for index in (hashes - hashes % WIDTH)..hashes {
                // Never full: there are fewer than 256.
                let _ = pyramid.push(read(below, index)?);
            }
            levels.push(Arc::new(pyramid));
            hashes >>= HEIGHT;
        }
        Ok(Self { size, levels })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf. Tiles that become full go to `full`, lowest level first.
    pub(crate) fn append(&mut self, leaf: Hash, full: &mut Vec<FullTile>) {
        self.size += 1;
        let (mut hash, mut hashes) = (leaf, self.size);
        for level in 0..=u8::MAX {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Arc::default());
            }
            let slot = &mut self.levels[usize::from(level)];
            let Some(root) = Arc::make_mut(slot).push(hash) else { return };
            hashes >>= HEIGHT;
            full.push(FullTile { level, index: hashes - 1, pyramid: std::mem::take(slot) });
            hash = root;
        }
    }

    /// The partial tile at `level`, and its index; empty if the tree has none there.
    pub(crate) fn partial(&self, level: u8) -> (u64, &[Hash]) {
        let index = self.size.checked_shr(HEIGHT * (u32::from(level) + 1)).unwrap_or(0);
        (index, self.levels.get(usize::from(level)).map_or(&[], |pyramid| pyramid.hashes()))
    }

    /// The root hash.
    pub(crate) fn root(&self) -> Option<Hash> {
        if self.size == 0 {
            return Some(empty_root());
        }
        self.ragged().pop().flatten()
    }

    /// A prover for this tree. `full` are the tiles that this batch has filled.
    pub(crate) fn prover<'a>(&'a self, full: &'a [FullTile]) -> EdgeProver<'a> {
        EdgeProver { edge: self, full, ragged: self.ragged() }
    }

    /// `ragged[h]` is the hash of the leaves that are left over at the right when the tree is cut
    /// into subtrees of `2^h` leaves; the last one, over all leaves, is the root.
    fn ragged(&self) -> Vec<Option<Hash>> {
        let heights = u64::BITS - self.size.leading_zeros();
        let mut ragged = vec![None];
        let mut right: Option<Hash> = None;
        for height in 0..heights {
            if self.size >> height & 1 == 1 {
                let Some(left) = self.node(&[], height, (self.size >> height) - 1) else { break };
                right = Some(right.map_or(left, |right| node_hash(&left, &right)));
            }
            ragged.push(right);
        }
        ragged
    }

    /// The root of the perfect subtree of `2^height` leaves at `index` among its likes.
    fn node(&self, full: &[FullTile], height: u32, index: u64) -> Option<Hash> {
        let level = u8::try_from(height / HEIGHT).ok()?;
        let inner = height % HEIGHT;
        let tile = index >> (HEIGHT - inner);
        let place = index - (tile << (HEIGHT - inner));
        if self.partial(level).0 == tile {
            return self.levels.get(usize::from(level))?.node(inner, place);
        }
        let found = full.iter().rev().find(|full| full.level == level && full.index == tile)?;
        found.pyramid.node(inner, place)
    }
}

/// Proves the leaves of a batch.
pub(crate) struct EdgeProver<'a> {
    edge: &'a RightEdge,
    full: &'a [FullTile],
    ragged: Vec<Option<Hash>>,
}

impl EdgeProver<'_> {
    /// RFC 6962, Section 2.1.1, from the leaf up: at each height the sibling is a perfect subtree,
    /// or the ragged rest of the tree, or there is none. `None` if a tile is not in memory.
    pub(crate) fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        let size = self.edge.size;
        if index >= size {
            return None;
        }
        let mut proof = Vec::new();
        for height in 0..(u64::BITS - (size - 1).leading_zeros()) {
            let sibling = (index >> height) ^ 1;
            if (sibling + 1) << height <= size {
                proof.push(self.edge.node(self.full, height, sibling)?);
            } else if sibling << height < size {
                proof.push((*self.ragged.get(height as usize)?)?);
            }
        }
        Some(proof)
    }
}

#[cfg(test)]
mod tests {
    use lite_tlog::{Edge, MemoryTiles, inclusion_proof, leaf_hash};

    use super::*;

    #[test]
    fn roots_and_proofs_are_those_of_the_format_crate() {
        let (mut ours, mut theirs) = (RightEdge::default(), Edge::new());
        let (mut tiles, mut full) = (MemoryTiles::default(), Vec::new());
        assert_eq!(ours.root(), Some(theirs.root()));
        for leaf in 0..1_100_u64 {
            ours.append(leaf_hash(&leaf.to_be_bytes()), &mut full);
            theirs.append(&leaf.to_be_bytes(), |new| tiles.push(new));
            assert_eq!(ours.root(), Some(theirs.root()), "size {}", leaf + 1);
            if leaf % 51 == 0 || leaf % 256 < 2 || leaf % 256 > 253 {
                let prover = ours.prover(&full);
                for index in (0..=leaf).step_by(7).chain([leaf]) {
                    let expected = inclusion_proof(&tiles, index, leaf + 1).unwrap();
                    assert_eq!(prover.inclusion(index), Some(expected), "{index} of {}", leaf + 1);
                }
            }
        }
    }

    #[test]
    fn an_edge_is_loaded_from_the_full_tiles_below_it() {
        for tiles in [0, 1, 2, 255, 256, 257, 513] {
            let (mut edge, mut full) = (RightEdge::default(), Vec::new());
            for leaf in 0..tiles * WIDTH {
                edge.append(leaf_hash(&leaf.to_be_bytes()), &mut full);
            }
            let loaded = RightEdge::load(tiles * WIDTH, |level, index| {
                let tile = full.iter().find(|tile| (tile.level, tile.index) == (level, index));
                Pyramid::root_of(tile.ok_or(())?.pyramid.hashes().as_flattened()).ok_or(())
            });
            assert_eq!(loaded.map(|edge| edge.root()), Ok(edge.root()), "{tiles} tiles");
        }
    }
}
