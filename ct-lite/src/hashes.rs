//! Finds a leaf by its hash, for `get-proof-by-hash`.
//!
//! The engine's own index knows leaves by what makes them duplicates, which for certificates is
//! not their hash. This one is filled from the tiles, which hold nothing but leaf hashes, and may
//! be deleted at any time.

use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, TableDefinition};

use lite_store::{ReadError, View};
use lite_tlog::{Hash, TilePath};

/// Leaf hash to leaf index, in a file.
///
/// *Not* trusted: each hit is confirmed against the tile.
pub(crate) struct Hashes {
    database: Database,
}

/// Why a leaf cannot be looked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindError {
    #[error("the index of leaf hashes fails")]
    Index(#[source] Box<redb::Error>),
    #[error("the tree is not readable")]
    Tree(#[from] ReadError),
}

const LEAVES: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("leaves");
/// How many leaves from the first on are in `LEAVES`.
const REACHED: TableDefinition<'_, (), u64> = TableDefinition::new("reached");
const WIDTH: u64 = 256;
/// Leaves added in one transaction.
const STEP: u64 = 64 * WIDTH;

impl Hashes {
    /// Opens the index, or makes a new one in the place of one that cannot be opened.
    pub(crate) fn open(path: &Path) -> Result<Self, FindError> {
        let made = Self::try_open(path).or_else(|error| {
            tracing::warn!(%error, "the index of leaf hashes is made anew");
            // Whether that helped, the second attempt says.
            let _ = std::fs::remove_file(PathBuf::from(path));
            Self::try_open(path)
        });
        made.map_err(|error| FindError::Index(Box::new(error)))
    }

    fn try_open(path: &Path) -> Result<Self, redb::Error> {
        let database = Database::builder().set_cache_size(4 << 20).create(path)?;
        let transaction = database.begin_write()?;
        transaction.open_table(LEAVES)?;
        transaction.open_table(REACHED)?;
        transaction.commit()?;
        Ok(Self { database })
    }

    /// The index of the leaf with this hash, in this tree.
    pub(crate) fn find(&self, view: &View, hash: &Hash) -> Result<Option<u64>, FindError> {
        self.catch_up(view)?;
        let Some(index) = self.get(hash).map_err(|error| FindError::Index(Box::new(error)))? else {
            return Ok(None);
        };
        let there = index < view.tree().size && view.leaf_hash(index)? == *hash;
        Ok(there.then_some(index))
    }

    /// Adds the leaves that are not in the index yet.
    pub(crate) fn catch_up(&self, view: &View) -> Result<(), FindError> {
        let broken = |error| FindError::Index(Box::new(error));
        let (mut reached, size) = (self.reached().map_err(broken)?, view.tree().size);
        while reached < size {
            // Whole steps, so that a long way leaves something to show when it is cut short.
            let end = size.min((reached / STEP + 1) * STEP);
            let mut hashes = Vec::new();
            for tile in reached / WIDTH..end.div_ceil(WIDTH) {
                hashes.extend(leaf_hashes(view, tile)?);
            }
            let first = reached / WIDTH * WIDTH;
            self.add(first, &hashes).map_err(broken)?;
            reached = first + hashes.len() as u64;
        }
        Ok(())
    }

    fn get(&self, hash: &Hash) -> Result<Option<u64>, redb::Error> {
        let leaves = self.database.begin_read()?.open_table(LEAVES)?;
        Ok(leaves.get(hash)?.map(|index| index.value()))
    }

    fn reached(&self) -> Result<u64, redb::Error> {
        let reached = self.database.begin_read()?.open_table(REACHED)?;
        Ok(reached.get(())?.map_or(0, |reached| reached.value()))
    }

    fn add(&self, first: u64, hashes: &[Hash]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut leaves = transaction.open_table(LEAVES)?;
            for (hash, index) in hashes.iter().zip(first..) {
                leaves.insert(hash, index)?;
            }
            transaction.open_table(REACHED)?.insert((), first + hashes.len() as u64)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

/// The hashes of a tile of level 0, all that this tree has of them.
fn leaf_hashes(view: &View, tile: u64) -> Result<Vec<Hash>, ReadError> {
    let path = TilePath::in_tree(0, tile, view.tree().size).ok_or(ReadError::OutOfRange)?;
    let bytes = view.read_tile(&path)?.ok_or(ReadError::OutOfRange)?;
    Ok(bytes.as_chunks().0.to_vec())
}
