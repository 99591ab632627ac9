//! An index in one redb file.

use std::path::Path;

use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition};

use crate::find::{self, List, Place, Postings, Window};
use crate::guard::Damaged;
use crate::index::{Cause, Index, Row};
use crate::query::Query;

/// The memory that the index may keep of its file.
const CACHE_BYTES: usize = 4 << 20;

const POSTINGS: TableDefinition<'_, [u8; 32], ()> = TableDefinition::new("postings");
/// One row: the tree size up to which every row is in.
const REACHED: TableDefinition<'_, (), u64> = TableDefinition::new("reached");

/// An index in one [redb](https://docs.rs/redb) file: pages copied on write, each commit synced.
pub struct RedbIndex(Database);

impl RedbIndex {
    /// Opens the index, or begins an empty one. A file that is not an index, or is torn, is
    /// [`Damaged`]; it is left as it is.
    pub fn open(path: &Path) -> Result<Self, Cause> {
        Self::open_file(path).map_err(cause)
    }

    fn open_file(path: &Path) -> Result<Self, redb::Error> {
        let index = Self(Database::builder().set_cache_size(CACHE_BYTES).create(path)?);
        // Makes the tables, and proves that the file takes writes.
        index.write(&[], 0)?;
        Ok(index)
    }

    fn write(&self, rows: &[Row], reached: u64) -> Result<(), redb::Error> {
        let mut write = self.0.begin_write()?;
        // A file that was not closed then opens at once, whatever its size.
        write.set_quick_repair(true);
        {
            let mut postings = write.open_table(POSTINGS)?;
            // In the order of the tree of pages, which is kinder to a small cache.
            for posting in find::postings(rows) {
                postings.insert(posting, ())?;
            }
            let mut table = write.open_table(REACHED)?;
            let before = table.get(())?.map_or(0, |before| before.value());
            table.insert((), before.max(reached))?;
        }
        write.commit()?;
        Ok(())
    }

    fn read_reached(&self) -> Result<u64, redb::Error> {
        let read = self.0.begin_read()?;
        Ok(read.open_table(REACHED)?.get(())?.map_or(0, |reached| reached.value()))
    }

    fn table(&self) -> Result<ReadOnlyTable<[u8; 32], ()>, redb::Error> {
        Ok(self.0.begin_read()?.open_table(POSTINGS)?)
    }
}

impl Index for RedbIndex {
    fn add(&self, rows: &[Row], reached: u64) -> Result<(), Cause> {
        self.write(rows, reached).map_err(cause)
    }

    fn find(&self, query: &Query) -> Result<Vec<u64>, Cause> {
        find::find(&Snapshot(self.table().map_err(cause)?), query)
    }

    fn reached(&self) -> Result<u64, Cause> {
        self.read_reached().map_err(cause)
    }
}

/// The postings as they were when a query began.
struct Snapshot(ReadOnlyTable<[u8; 32], ()>);

impl Postings for Snapshot {
    fn end(&self, of: &List, window: Window, last: bool) -> Result<Option<Place>, Cause> {
        let Some((lowest, highest)) = window.postings(of) else { return Ok(None) };
        let mut range = self.0.range(lowest..=highest).map_err(|error| cause(error.into()))?;
        let end = if last { range.next_back() } else { range.next() };
        let end = end.transpose().map_err(|error| cause(error.into()))?;
        Ok(end.map(|(posting, _)| Place::of(&posting.value())))
    }
}

/// Tells damage from what may pass: a full disk, a lock.
fn cause(error: redb::Error) -> Cause {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    let damaged = match &error {
        redb::Error::Corrupted(_)
        | redb::Error::UpgradeRequired(_)
        | redb::Error::RepairAborted
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TypeDefinitionChanged { .. } => true,
        redb::Error::Io(error) => matches!(error.kind(), InvalidData | UnexpectedEof),
        _ => false,
    };
    if damaged { Damaged(error.into()).into() } else { error.into() }
}
