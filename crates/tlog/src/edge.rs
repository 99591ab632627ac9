//! The right edge of a tree: all that is needed to append leaves and to know the root.
//!
//! The edge of a tree of size `n` is one hash for each one bit of `n`: the roots of the perfect
//! subtrees that the tree falls into, largest first. Appending costs one node hash a leaf on
//! average. Whenever a subtree of 256^L leaves is complete, its root is a hash of a tile at
//! level L, and the edge hands it out.

use crate::hash::{Hash, empty_root, leaf_hash, node_hash};
use crate::prover::{ProveError, TileReader, node};
use crate::tile_path::TILE_HEIGHT;

/// One hash that entered a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewHash {
    /// The level of the tile.
    pub level: u8,
    /// The position of the hash within its level, over all tiles: `index / 256` is the tile's
    /// index, `index % 256` the place in it.
    pub index: u64,
    /// The Merkle Tree Hash of `256^level` leaves.
    pub hash: Hash,
}

/// A compact range that begins at the first leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    roots: Vec<Hash>,
}

/// Why an edge is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeError {
    /// A tree of this size has another number of perfect subtrees.
    #[error("edge has a wrong number of hashes for its tree size")]
    WrongLength,
}

impl Edge {
    /// The edge of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self { size: 0, roots: Vec::new() }
    }

    /// An edge from its parts, as [`Edge::roots`] gave them.
    pub fn from_parts(size: u64, roots: Vec<Hash>) -> Result<Self, EdgeError> {
        if roots.len() != size.count_ones() as usize {
            return Err(EdgeError::WrongLength);
        }
        Ok(Self { size, roots })
    }

    /// Reads the edge of a tree of `size` leaves out of its tiles.
    ///
    /// Nothing is verified: the caller compares [`Edge::root`] with a checkpoint.
    pub fn load<R: TileReader>(reader: &R, size: u64) -> Result<Self, ProveError<R::Error>> {
        let mut roots = Vec::new();
        let mut begin = 0;
        for height in (0..u64::BITS).rev().filter(|height| size >> height & 1 == 1) {
            roots.push(node(reader, size, height, begin >> height)?);
            begin += 1 << height;
        }
        Ok(Self { size, roots })
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees, largest first.
    #[must_use]
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// The root hash.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.roots).unwrap_or_else(empty_root)
    }

    /// Appends a leaf and returns its index. Each hash that enters a tile goes to `new`.
    pub fn append(&mut self, leaf: &[u8], new: impl FnMut(NewHash)) -> u64 {
        self.append_hash(leaf_hash(leaf), new)
    }

    /// Appends a leaf by its leaf hash and returns its index. Each hash that enters a tile goes
    /// to `new`, lowest level first.
    pub fn append_hash(&mut self, leaf: Hash, mut new: impl FnMut(NewHash)) -> u64 {
        let index = self.size;
        let mut hash = leaf;
        let mut height = 0;
        new(NewHash { level: 0, index, hash });
        // Adding one leaf carries through the one bits of the size as it does through the number.
        while index >> height & 1 == 1 {
            let Some(left) = self.roots.pop() else { break };
            hash = node_hash(&left, &hash);
            height += 1;
            if let (level, 0) = (height / TILE_HEIGHT, height % TILE_HEIGHT) {
                #[expect(clippy::cast_possible_truncation, reason = "at most 64 / 8")]
                new(NewHash { level: level as u8, index: index >> height, hash });
            }
        }
        self.roots.push(hash);
        self.size += 1;
        index
    }
}

impl Default for Edge {
    fn default() -> Self {
        Self::new()
    }
}

/// The root over perfect subtrees given largest first; `None` for no subtree.
pub(crate) fn fold(roots: &[Hash]) -> Option<Hash> {
    let (last, rest) = roots.split_last()?;
    Some(rest.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves of certificate-transparency-go's test tree (testonly/reference tree inputs).
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];

    /// Its roots, from the same place.
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_of_the_public_test_tree() {
        let mut edge = Edge::new();
        assert_eq!(edge.root(), empty_root());
        for (leaf, root) in LEAVES.iter().zip(ROOTS) {
            edge.append(&hex::decode(leaf).unwrap(), |_| {});
            assert_eq!(hex::encode(edge.root()), root);
        }
    }

    #[test]
    fn a_full_tile_enters_the_level_above() {
        let mut edge = Edge::new();
        let mut seen = Vec::new();
        for index in 0..70_000_u64 {
            edge.append(&index.to_be_bytes(), |new| {
                seen.push((new.level, new.index));
            });
        }
        // tlog-tiles: "a tree of size 70,000 will be represented by 273 full level 0 tiles, one
        // partial level 0 tile of width 112, one full level 1 tile, one partial level 1 tile of
        // width 17, and one partial level 2 tile of width 1".
        let count = |level| seen.iter().filter(|new| new.0 == level).count();
        assert_eq!([count(0), count(1), count(2)], [273 * 256 + 112, 256 + 17, 1]);
        for level in 0..3 {
            let indexes = seen.iter().filter(|new| new.0 == level).map(|new| new.1);
            assert!(indexes.eq(0..count(level) as u64), "level {level} is filled in order");
        }
    }

    #[test]
    fn an_edge_of_a_wrong_length_is_refused() {
        let edge = Edge::from_parts(3, vec![[0; 32]]);
        assert_eq!(edge, Err(EdgeError::WrongLength));
    }
}
