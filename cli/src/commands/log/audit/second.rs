//! The tree made a second time, by `rs_merkle` and with nothing of ours.
//!
//! A tree of RFC 6962 over the roots of full subtrees of 256 leaves is the tree over the leaves: its
//! left part is always the largest power of two. So a few kilobytes hold a tree of any size.

use rs_merkle::{Hasher, MerkleTree};
use sha2::{Digest as _, Sha256};

/// Hashes of a tile.
const WIDTH: usize = 256;

/// A tree, as the hashes that are not in a full tile yet, by level.
#[derive(Debug, Default)]
pub(super) struct Second(Vec<Vec<[u8; 32]>>);

/// RFC 6962, Section 2.1. A node without a sibling moves up as it is, which is `rs_merkle`'s way.
#[derive(Clone)]
struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(children: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update([1]).chain_update(children).finalize().into()
    }
}

impl Second {
    /// `SHA-256(0x00 || leaf)`.
    pub(super) fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
    }

    /// Appends a leaf. Answers the hashes that came to be above it, lowest level first.
    pub(super) fn append(&mut self, leaf: [u8; 32]) -> Vec<[u8; 32]> {
        let (mut above, mut hash) = (Vec::new(), leaf);
        for level in 0.. {
            if self.0.len() == level {
                self.0.push(Vec::with_capacity(WIDTH));
            }
            let tile = &mut self.0[level];
            tile.push(hash);
            if tile.len() < WIDTH {
                break;
            }
            let Some(root) = root_of(tile) else { break };
            tile.clear();
            above.push(root);
            hash = root;
        }
        above
    }

    /// The root hash; `None` of no leaf.
    pub(super) fn root(&self) -> Option<[u8; 32]> {
        self.0.iter().fold(None, |below, tile| {
            // What is below is the last, shorter subtree of this level.
            let hashes: Vec<_> = tile.iter().copied().chain(below).collect();
            root_of(&hashes)
        })
    }
}

fn root_of(hashes: &[[u8; 32]]) -> Option<[u8; 32]> {
    match hashes {
        [] => None,
        [only] => Some(*only),
        many => MerkleTree::<Rfc6962>::from_leaves(many).root(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_by_tiles_is_the_tree_over_all_leaves() {
        let leaves: Vec<[u8; 32]> =
            (0..1600_u32).map(|n| Second::leaf_hash(&n.to_be_bytes())).collect();
        let mut tree = Second::default();
        assert_eq!(tree.root(), None);
        for (size, leaf) in (1..).zip(&leaves) {
            tree.append(*leaf);
            if size % 97 == 1 || size % 256 < 2 || size < 9 {
                let whole = MerkleTree::<Rfc6962>::from_leaves(&leaves[..size]).root();
                assert_eq!(tree.root(), whole, "{size}");
            }
        }
    }
}
