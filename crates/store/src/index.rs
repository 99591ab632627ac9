//! The index that finds duplicates: one redb file, derived from the tree.
//!
//! A key is the first 16 bytes of a leaf hash or an identity. That is short enough to be cheap and
//! long enough never to meet by chance; who finds two leaves that share it on purpose gains
//! nothing, since each hit is confirmed against the leaf.

use std::fs;
use std::path::Path;

use lite_sequencer::DedupKey;
use lite_sequencer::ports::{Cause, DedupIndex};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use crate::durable;

/// The memory that the index may keep of its file.
const CACHE_BYTES: usize = 4 << 20;

const LEAVES: TableDefinition<'_, [u8; 16], u64> = TableDefinition::new("leaves");
/// One row: the tree size up to which every key is in.
const REACHED: TableDefinition<'_, (), u64> = TableDefinition::new("reached");

/// The index in a folder.
pub(crate) struct RedbIndex(Database);

impl RedbIndex {
    /// Opens the index, or begins an empty one: where there is none, where it is damaged, and
    /// where it knows more leaves than the log has (it belongs to another copy of the log).
    pub(crate) fn open(dir: &Path, size: u64) -> Result<Self, Cause> {
        durable::create_dir_all_with_mode(dir, 0o700)?;
        let path = dir.join("dedup.redb");
        match Self::open_file(&path) {
            Ok(index) if index.reached().is_ok_and(|reached| reached <= size) => return Ok(index),
            Ok(index) => drop(index),
            Err(cause) => {
                let error = &*cause as &dyn std::error::Error;
                tracing::warn!(file = %path.display(), error, "index is not usable: rebuilt");
            }
        }
        fs::remove_file(&path)?;
        Self::open_file(&path)
    }

    fn open_file(path: &Path) -> Result<Self, Cause> {
        let index = Self(Database::builder().set_cache_size(CACHE_BYTES).create(path)?);
        index.insert(&[], index.reached().unwrap_or(0), true)?;
        Ok(index)
    }
}

impl DedupIndex for RedbIndex {
    fn find(&self, keys: &[DedupKey]) -> Result<Vec<Option<u64>>, Cause> {
        let read = self.0.begin_read()?;
        let leaves = read.open_table(LEAVES)?;
        let find = |key| Ok(leaves.get(short(key))?.map(|found| found.value()));
        keys.iter().map(find).collect()
    }

    fn insert(&self, keys: &[(DedupKey, u64)], reached: u64, durable: bool) -> Result<(), Cause> {
        let mut write = self.0.begin_write()?;
        if durable {
            // A file that was not closed then opens at once, whatever its size.
            write.set_quick_repair(true);
        } else {
            write.set_durability(Durability::None)?;
        }
        {
            let mut leaves = write.open_table(LEAVES)?;
            // In the order of the tree of pages, which is kinder to a small cache.
            let mut sorted: Vec<_> = keys.iter().map(|(key, leaf)| (short(key), *leaf)).collect();
            sorted.sort_unstable();
            for (key, leaf) in sorted {
                if leaves.get(key)?.is_none() {
                    leaves.insert(key, leaf)?;
                }
            }
            write.open_table(REACHED)?.insert((), reached)?;
        }
        write.commit()?;
        Ok(())
    }

    fn reached(&self) -> Result<u64, Cause> {
        let read = self.0.begin_read()?;
        let reached = read.open_table(REACHED)?.get(())?.map(|reached| reached.value());
        Ok(reached.unwrap_or(0))
    }
}

fn short(key: &DedupKey) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&key.bytes()[..16]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(range: std::ops::Range<u64>) -> Vec<(DedupKey, u64)> {
        let key = |n: u64| (DedupKey::Leaf(lite_tlog::leaf_hash(&n.to_be_bytes())), n);
        range.map(key).collect()
    }

    fn found(index: &RedbIndex, keys: &[(DedupKey, u64)]) -> usize {
        let found = index.find(&keys.iter().map(|(key, _)| *key).collect::<Vec<_>>()).unwrap();
        assert!(found.iter().zip(keys).all(|(found, key)| found.is_none_or(|leaf| leaf == key.1)));
        found.iter().flatten().count()
    }

    #[test]
    fn what_was_not_durable_is_seen_at_once_and_the_next_durable_insert_keeps_it() {
        let dir = tempfile::tempdir().unwrap();
        let keys = keys(0..1000);
        {
            let index = RedbIndex::open(dir.path(), 0).unwrap();
            index.insert(&keys[..500], 500, false).unwrap();
            assert_eq!(found(&index, &keys), 500);
            index.insert(&keys[500..600], 600, true).unwrap();
        }
        let index = RedbIndex::open(dir.path(), 1000).unwrap();
        assert_eq!((found(&index, &keys), index.reached().unwrap()), (600, 600));
    }

    #[test]
    fn a_key_keeps_its_first_leaf() {
        let dir = tempfile::tempdir().unwrap();
        let index = RedbIndex::open(dir.path(), 0).unwrap();
        let key = keys(0..1)[0].0;
        index.insert(&[(key, 7)], 8, true).unwrap();
        index.insert(&[(key, 9)], 10, true).unwrap();
        assert_eq!(index.find(&[key]).unwrap(), [Some(7)]);
    }

    #[test]
    fn an_index_that_is_damaged_or_ahead_begins_again() {
        let dir = tempfile::tempdir().unwrap();
        RedbIndex::open(dir.path(), 0).unwrap().insert(&keys(0..9), 9, true).unwrap();
        let ahead = RedbIndex::open(dir.path(), 8).unwrap();
        assert_eq!(ahead.reached().unwrap(), 0);
        drop(ahead);
        fs::File::create(dir.path().join("dedup.redb")).unwrap().set_len(4096).unwrap();
        let damaged = RedbIndex::open(dir.path(), 9).unwrap();
        assert_eq!(damaged.reached().unwrap(), 0);
    }
}
