//! Trees and proofs against two other implementations: `rs_merkle` and Cloudflare's `tlog_tiles`.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::cell::Cell;

use lite_tlog::{
    Edge, Hash, MemoryTiles, ProofError, ProveError, Prover, TilePath, TileReader,
    consistency_proof, inclusion_proof, leaf_hash, node_hash, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

/// RFC 6962's hashes for `rs_merkle`: a node without a right child is promoted.
#[derive(Clone)]
struct Rfc6962;

impl rs_merkle::Hasher for Rfc6962 {
    type Hash = Hash;

    fn hash(data: &[u8]) -> Hash {
        leaf_hash(data)
    }

    fn concat_and_hash(left: &Hash, right: Option<&Hash>) -> Hash {
        right.map_or(*left, |right| node_hash(left, right))
    }
}

/// All hashes of a tree, as `tlog_tiles` stores them.
#[derive(Default)]
struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

/// Three trees of the same leaves.
#[derive(Default)]
struct Trees {
    edge: Edge,
    tiles: MemoryTiles,
    leaves: Vec<Hash>,
    roots: Vec<Hash>,
    stored: Stored,
}

impl Trees {
    fn grown_to(size: u64) -> Self {
        let mut trees = Self::default();
        trees.roots.push(trees.edge.root());
        for index in 0..size {
            let leaf = index.to_be_bytes();
            let tiles = &mut trees.tiles;
            assert_eq!(trees.edge.append(&leaf, |new| tiles.push(new)), index);
            trees.leaves.push(leaf_hash(&leaf));
            trees.roots.push(trees.edge.root());
            let new = tlog_tiles::stored_hashes(index, &leaf, &trees.stored).unwrap();
            trees.stored.0.extend(new);
        }
        trees
    }

    fn root(&self, size: u64) -> Hash {
        self.roots[usize::try_from(size).unwrap()]
    }

    fn leaf(&self, index: u64) -> Hash {
        self.leaves[usize::try_from(index).unwrap()]
    }

    #[track_caller]
    fn check_inclusion(&self, index: u64, size: u64) {
        let proof = inclusion_proof(&self.tiles, index, size).unwrap();
        let theirs = tlog_tiles::prove_record(size, index, &self.stored).unwrap();
        assert!(proof.iter().eq(theirs.iter().map(|hash| &hash.0)), "{index} of {size}");
        let root = self.root(size);
        verify_inclusion(&self.leaf(index), index, size, &proof, &root).unwrap();
    }

    #[track_caller]
    fn check_consistency(&self, old: u64, new: u64) {
        let proof = consistency_proof(&self.tiles, old, new).unwrap();
        let theirs = tlog_tiles::prove_tree(new, old, &self.stored).unwrap();
        assert!(proof.iter().eq(theirs.iter().map(|hash| &hash.0)), "{old} to {new}");
        verify_consistency(old, &self.root(old), new, &self.root(new), &proof).unwrap();
    }
}

#[test]
fn roots_and_inclusion_proofs_are_those_of_rs_merkle() {
    let trees = Trees::grown_to(130);
    for size in 1..=130 {
        let tree = rs_merkle::MerkleTree::<Rfc6962>::from_leaves(&trees.leaves[..size]);
        assert_eq!(tree.root(), Some(trees.roots[size]));
        for index in 0..size {
            let proof = inclusion_proof(&trees.tiles, index as u64, size as u64).unwrap();
            assert_eq!(tree.proof(&[index]).proof_hashes(), proof, "{index} of {size}");
        }
    }
}

#[test]
fn roots_and_proofs_are_those_of_tlog_tiles() {
    let trees = Trees::grown_to(600);
    for size in 1..=600 {
        let root = tlog_tiles::tree_hash(size, &trees.stored).unwrap();
        assert_eq!(root.0, trees.root(size));
        assert_eq!(Prover::new().root(&trees.tiles, size), Ok(root.0));
        for index in [0, 1, size / 3, size / 2, size - 1].map(|index| index.min(size - 1)) {
            trees.check_inclusion(index, size);
            trees.check_consistency(index + 1, size);
        }
    }
}

#[test]
fn proofs_reach_over_three_levels_of_tiles() {
    let trees = Trees::grown_to(66_100);
    let sizes = [65_535, 65_536, 65_537, 65_792, 65_793, 66_100];
    for size in sizes {
        for index in [0, 1, 255, 256, 511, 32_768, 65_279, 65_280, size - 1] {
            trees.check_inclusion(index, size);
            trees.check_consistency(index + 1, size);
        }
    }
}

#[test]
fn an_edge_is_loaded_out_of_tiles() {
    let trees = Trees::grown_to(66_100);
    for size in [0, 1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, 66_100] {
        let edge = Edge::load(&trees.tiles, size).unwrap();
        assert_eq!((edge.size(), edge.root()), (size, trees.root(size)));
        let again = Edge::from_parts(size, edge.roots().to_vec()).unwrap();
        assert_eq!(again, edge);
    }
}

/// Counts what is read.
struct Counting<'a>(&'a MemoryTiles, Cell<usize>);

impl TileReader for Counting<'_> {
    type Tile = Vec<u8>;
    type Error = lite_tlog::prover::NoSuchTile;

    fn read_tile(&self, tile: &TilePath) -> Result<Vec<u8>, Self::Error> {
        self.1.set(self.1.get() + 1);
        self.0.read_tile(tile)
    }
}

#[test]
fn a_proof_reads_few_tiles_and_the_next_one_none() {
    let trees = Trees::grown_to(66_100);
    let reader = Counting(&trees.tiles, Cell::new(0));
    let mut prover = Prover::new();
    let proof = prover.inclusion(&reader, 66_000, 66_100).unwrap();
    // One tile a level on the leaf's own path, and as many again at most on the right edge.
    assert!(reader.1.get() <= 6, "{} tiles read", reader.1.get());
    let before = reader.1.get();
    assert_eq!(prover.inclusion(&reader, 66_000, 66_100).unwrap(), proof);
    assert_eq!(reader.1.get(), before);
}

#[test]
fn a_prover_that_has_seen_a_smaller_tree_proves_the_larger_one() {
    let trees = Trees::grown_to(1_000);
    let mut prover = Prover::new();
    for size in 1..=1_000 {
        for index in [0, size / 2, size - 1] {
            let proof = prover.inclusion(&trees.tiles, index, size).unwrap();
            assert_eq!(proof, inclusion_proof(&trees.tiles, index, size).unwrap());
        }
    }
}

#[test]
fn a_prover_refuses_what_is_not_in_the_tree() {
    let trees = Trees::grown_to(300);
    let out_of_range = Err(ProveError::IndexOutOfRange);
    assert_eq!(inclusion_proof(&trees.tiles, 0, 0), out_of_range);
    assert_eq!(inclusion_proof(&trees.tiles, 300, 300), out_of_range);
    assert_eq!(consistency_proof(&trees.tiles, 2, 1), Err(ProveError::SizesDecrease));
    let missing = inclusion_proof(&trees.tiles, 300, 301);
    assert!(matches!(missing, Err(ProveError::Read { .. })), "{missing:?}");
}

/// Serves every tile too short.
struct Short;

impl TileReader for Short {
    type Tile = Vec<u8>;
    type Error = std::convert::Infallible;

    fn read_tile(&self, tile: &TilePath) -> Result<Vec<u8>, Self::Error> {
        Ok(vec![0; tile.bytes() - 1])
    }
}

#[test]
fn a_short_tile_makes_no_proof() {
    let proof = inclusion_proof(&Short, 0, 300);
    assert!(matches!(proof, Err(ProveError::ShortTile { .. })), "{proof:?}");
}

#[test]
fn a_proof_of_any_other_length_is_refused() {
    let trees = Trees::grown_to(40);
    for size in 1..=40 {
        for index in 0..size {
            let proof = inclusion_proof(&trees.tiles, index, size).unwrap();
            let verify = |proof: &[Hash]| {
                verify_inclusion(&trees.leaf(index), index, size, proof, &trees.root(size))
            };
            refuse_other_lengths(&proof, &verify);
            let old = index + 1;
            let proof = consistency_proof(&trees.tiles, old, size).unwrap();
            let verify = |proof: &[Hash]| {
                verify_consistency(old, &trees.root(old), size, &trees.root(size), proof)
            };
            refuse_other_lengths(&proof, &verify);
        }
    }
}

#[track_caller]
fn refuse_other_lengths(proof: &[Hash], verify: &dyn Fn(&[Hash]) -> Result<(), ProofError>) {
    verify(proof).unwrap();
    let longer = [proof, &[[0; 32]]].concat();
    assert!(matches!(verify(&longer), Err(ProofError::WrongLength { .. })));
    if let Some((_, shorter)) = proof.split_last() {
        assert!(matches!(verify(shorter), Err(ProofError::WrongLength { .. })));
    }
}

#[test]
fn a_consistency_proof_binds_both_roots() {
    let trees = Trees::grown_to(40);
    for new in 2..=40 {
        for old in 1..new {
            let proof = consistency_proof(&trees.tiles, old, new).unwrap();
            let (old_root, new_root) = (trees.root(old), trees.root(new));
            let forged = verify_consistency(old, &[7; 32], new, &new_root, &proof);
            // A perfect old tree is where the proof begins, so a forged root leads elsewhere.
            let expected = if old.is_power_of_two() {
                ProofError::RootMismatch
            } else {
                ProofError::OldRootMismatch
            };
            assert_eq!(forged, Err(expected), "{old} to {new}");
            let forged = verify_consistency(old, &old_root, new, &[7; 32], &proof);
            assert_eq!(forged, Err(ProofError::RootMismatch), "{old} to {new}");
        }
    }
}

#[test]
fn the_edges_of_verification_have_their_own_words() {
    let (empty, other) = (lite_tlog::empty_root(), [1; 32]);
    let check = |old, old_root, new, new_root, expected| {
        let verified = verify_consistency(old, &old_root, new, &new_root, &[]);
        assert_eq!(verified, expected, "{old} to {new}");
    };
    check(0, empty, 5, other, Ok(()));
    check(0, other, 5, other, Err(ProofError::OldRootMismatch));
    check(5, other, 5, other, Ok(()));
    check(5, other, 5, empty, Err(ProofError::RootMismatch));
    check(6, other, 5, other, Err(ProofError::SizesDecrease));
    let index = verify_inclusion(&other, 5, 5, &[], &other);
    assert_eq!(index, Err(ProofError::IndexOutOfRange));
    // The largest sizes there are do not overflow.
    let wrong = verify_inclusion(&other, u64::MAX - 1, u64::MAX, &[], &other);
    assert!(matches!(wrong, Err(ProofError::WrongLength { expected: 63, .. })), "{wrong:?}");
    let wrong = verify_consistency(1, &other, u64::MAX, &other, &[]);
    assert!(matches!(wrong, Err(ProofError::WrongLength { expected: 64, .. })), "{wrong:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_proof_proves_nothing(size in 2_u64..700, a in any::<u64>(), at in any::<usize>()) {
        let trees = Trees::grown_to(size);
        let index = a % size;
        let root = trees.root(size);
        let mut proof = inclusion_proof(&trees.tiles, index, size).unwrap();
        let other = (index + 1) % size;
        let moved = verify_inclusion(&trees.leaf(index), other, size, &proof, &root);
        prop_assert!(moved.is_err());
        let changed = at % proof.len();
        proof[changed][at % 32] ^= 1;
        let verified = verify_inclusion(&trees.leaf(index), index, size, &proof, &root);
        prop_assert_eq!(verified, Err(ProofError::RootMismatch));
    }

    #[test]
    fn a_changed_consistency_proof_proves_nothing(size in 2_u64..700, a in any::<u64>(), at in any::<usize>()) {
        let trees = Trees::grown_to(size);
        let old = 1 + a % (size - 1);
        let mut proof = consistency_proof(&trees.tiles, old, size).unwrap();
        let changed = at % proof.len();
        proof[changed][at % 32] ^= 1;
        let verified =
            verify_consistency(old, &trees.root(old), size, &trees.root(size), &proof);
        prop_assert!(verified.is_err());
    }
}
