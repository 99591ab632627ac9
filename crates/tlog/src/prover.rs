//! Proofs, made out of tiles.
//!
//! RFC 6962, Sections 2.1.1 and 2.1.2, word for word, over any range of leaves. A hash inside a
//! tile is computed from the tile's hashes; a [`Prover`] keeps what it computed, so that many
//! proofs over the same tiles (a batch's) cost little more than one.

use std::collections::BTreeMap;

use crate::edge::{NewHash, fold};
use crate::hash::{HASH_BYTES, Hash, empty_root, node_hash};
use crate::tile_path::{TILE_HEIGHT, TilePath};

/// Port: where tiles are read.
///
/// *Not* trusted: a wrong hash makes a proof that does not verify.
pub trait TileReader {
    /// The bytes of a tile.
    type Tile: AsRef<[u8]>;
    /// Why a tile cannot be read.
    type Error;

    /// Reads a tile: its first `tile.width()` hashes, or more of them.
    fn read_tile(&self, tile: &TilePath) -> Result<Self::Tile, Self::Error>;
}

impl<R: TileReader + ?Sized> TileReader for &R {
    type Tile = R::Tile;
    type Error = R::Error;

    fn read_tile(&self, tile: &TilePath) -> Result<Self::Tile, Self::Error> {
        (**self).read_tile(tile)
    }
}

/// Why there is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// There is no such leaf in a tree of this size.
    #[error("leaf index is not below the tree size")]
    IndexOutOfRange,
    /// A tile cannot be read.
    #[error("tile {tile} is not readable")]
    Read {
        /// Which one.
        tile: TilePath,
        /// Why.
        source: E,
    },
    /// The older tree is larger than the newer one.
    #[error("old tree size is larger than the new one")]
    SizesDecrease,
    /// A tile has fewer hashes than its name says.
    #[error("tile {tile} is shorter than its width")]
    ShortTile {
        /// Which one.
        tile: TilePath,
    },
}

/// The tiles whose inner hashes a prover keeps: 1 MiB of them.
const MAX_KEPT_TILES: usize = 64;

/// Makes proofs, and keeps the inner hashes of the tiles it has read.
///
/// A kept tile is good for ever, because tiles only grow: it may live as long as its log.
#[derive(Clone, Debug, Default)]
pub struct Prover {
    /// By level and index: the perfect subtrees within a tile, by height.
    tiles: BTreeMap<(u8, u64), Vec<Vec<Hash>>>,
}

impl Prover {
    /// A prover that has read nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// RFC 6962, Section 2.1.1: the inclusion proof of leaf `index` in the tree of `size` leaves.
    pub fn inclusion<R: TileReader>(
        &mut self,
        reader: &R,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, ProveError<R::Error>> {
        if index >= size {
            return Err(ProveError::IndexOutOfRange);
        }
        let mut proof = Vec::new();
        let (mut begin, mut end) = (0, size);
        // From the root down, so the hashes come out in the reverse of the proof's order.
        while end - begin > 1 {
            let middle = begin + split(end - begin);
            if index < middle {
                proof.push(self.range(reader, size, middle, end)?);
                end = middle;
            } else {
                proof.push(self.range(reader, size, begin, middle)?);
                begin = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// RFC 6962, Section 2.1.2: the consistency proof from the tree of `old` leaves to the one
    /// of `new` leaves. It is empty if they are the same, or if the old one is empty.
    pub fn consistency<R: TileReader>(
        &mut self,
        reader: &R,
        old: u64,
        new: u64,
    ) -> Result<Vec<Hash>, ProveError<R::Error>> {
        if old > new {
            return Err(ProveError::SizesDecrease);
        }
        if old == 0 || old == new {
            return Ok(Vec::new());
        }
        let mut proof = Vec::new();
        let (mut begin, mut end) = (0, new);
        // SUBPROOF(m, D[begin:end], b), where m = old - begin and b is `begin == 0`.
        while end != old {
            let middle = begin + split(end - begin);
            if old <= middle {
                proof.push(self.range(reader, new, middle, end)?);
                end = middle;
            } else {
                proof.push(self.range(reader, new, begin, middle)?);
                begin = middle;
            }
        }
        if begin > 0 {
            proof.push(self.range(reader, new, begin, end)?);
        }
        proof.reverse();
        Ok(proof)
    }

    /// The root hash of the first `size` leaves.
    pub fn root<R: TileReader>(
        &mut self,
        reader: &R,
        size: u64,
    ) -> Result<Hash, ProveError<R::Error>> {
        if size == 0 {
            return Ok(empty_root());
        }
        self.range(reader, size, 0, size)
    }

    /// `MTH(D[begin:end])` in a tree of `size` leaves, for a range as the RFC's splits make them.
    fn range<R: TileReader>(
        &mut self,
        reader: &R,
        size: u64,
        begin: u64,
        end: u64,
    ) -> Result<Hash, ProveError<R::Error>> {
        let length = end - begin;
        let mut roots = Vec::new();
        let mut at = begin;
        for height in (0..u64::BITS).rev().filter(|height| length >> height & 1 == 1) {
            roots.push(self.node(reader, size, height, at >> height)?);
            at += 1 << height;
        }
        Ok(fold(&roots).unwrap_or_else(empty_root))
    }

    /// The root of the perfect subtree of `2^height` leaves at `index` among its likes.
    fn node<R: TileReader>(
        &mut self,
        reader: &R,
        size: u64,
        height: u32,
        index: u64,
    ) -> Result<Hash, ProveError<R::Error>> {
        let (level, inner) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let tile_index = index >> (TILE_HEIGHT - inner);
        #[expect(clippy::cast_possible_truncation, reason = "level is at most 63 / 8")]
        let key = (level as u8, tile_index);
        #[expect(clippy::cast_possible_truncation, reason = "at most 255")]
        let place = (index - (tile_index << (TILE_HEIGHT - inner))) as usize;
        if let Some(hash) = self.kept(key, inner, place) {
            return Ok(hash);
        }
        let tile = TilePath::in_tree(key.0, key.1, size).ok_or(ProveError::IndexOutOfRange)?;
        self.keep(reader, tile)?;
        self.kept(key, inner, place).ok_or(ProveError::ShortTile { tile })
    }

    fn kept(&self, key: (u8, u64), inner: u32, place: usize) -> Option<Hash> {
        self.tiles.get(&key)?.get(inner as usize)?.get(place).copied()
    }

    /// Reads a tile, and computes the inner hashes that are not there yet.
    fn keep<R: TileReader>(
        &mut self,
        reader: &R,
        tile: TilePath,
    ) -> Result<(), ProveError<R::Error>> {
        let bytes = reader.read_tile(&tile).map_err(|source| ProveError::Read { tile, source })?;
        let bytes = bytes.as_ref().get(..tile.bytes()).ok_or(ProveError::ShortTile { tile })?;
        let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
        if self.tiles.len() >= MAX_KEPT_TILES {
            self.tiles.clear();
        }
        let heights = self.tiles.entry((tile.level(), tile.index())).or_default();
        heights.resize_with(TILE_HEIGHT as usize, Vec::new);
        let had = heights[0].len();
        heights[0].extend_from_slice(hashes.get(had..).unwrap_or_default());
        for inner in 1..heights.len() {
            let (below, above) = heights.split_at_mut(inner);
            let (below, above) = (&below[inner - 1], &mut above[0]);
            for pair in below.chunks_exact(2).skip(above.len()) {
                above.push(node_hash(&pair[0], &pair[1]));
            }
        }
        Ok(())
    }
}

/// The inclusion proof of leaf `index` in the tree of `size` leaves.
pub fn inclusion_proof<R: TileReader>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    Prover::new().inclusion(reader, index, size)
}

/// The consistency proof from the tree of `old` leaves to the one of `new` leaves.
pub fn consistency_proof<R: TileReader>(
    reader: &R,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    Prover::new().consistency(reader, old, new)
}

/// The root of one perfect subtree.
pub(crate) fn node<R: TileReader>(
    reader: &R,
    size: u64,
    height: u32,
    index: u64,
) -> Result<Hash, ProveError<R::Error>> {
    Prover::new().node(reader, size, height, index)
}

/// RFC 6962, Section 2.1: "the largest power of two smaller than n", for n of at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

/// All tiles of a tree in memory: what an [`Edge`](crate::Edge) hands out, kept.
#[derive(Clone, Debug, Default)]
pub struct MemoryTiles {
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
}

/// There is no such tile in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such tile")]
pub struct NoSuchTile;

impl MemoryTiles {
    /// Adds a hash to the end of its tile.
    pub fn push(&mut self, new: NewHash) {
        let tile = self.tiles.entry((new.level, new.index >> TILE_HEIGHT)).or_default();
        tile.extend_from_slice(&new.hash);
    }

    /// All tiles, each with the hashes it has now.
    pub fn iter(&self) -> impl Iterator<Item = (TilePath, &[u8])> {
        self.tiles.iter().filter_map(|((level, index), bytes)| {
            let width = u16::try_from(bytes.len() / HASH_BYTES).ok()?;
            Some((TilePath::new(*level, *index, width)?, bytes.as_slice()))
        })
    }
}

impl TileReader for MemoryTiles {
    type Tile = Vec<u8>;
    type Error = NoSuchTile;

    fn read_tile(&self, tile: &TilePath) -> Result<Vec<u8>, NoSuchTile> {
        let bytes = self.tiles.get(&(tile.level(), tile.index())).ok_or(NoSuchTile)?;
        bytes.get(..tile.bytes()).map(<[u8]>::to_vec).ok_or(NoSuchTile)
    }
}
