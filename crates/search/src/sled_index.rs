//! An index in one sled folder, for who asks for it by name.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use sled::{Batch, Config, Db, Error};

use crate::find::{self, List, Place, Posting, Postings, Window};
use crate::guard::Damaged;
use crate::index::{Cause, Index, Row};
use crate::query::Query;

/// The memory that sled is asked to keep of its files. It takes this for a hint.
const CACHE_BYTES: u64 = 4 << 20;

/// How often a folder is tried that sled still holds, and the pause in between.
const TRIES: u32 = 100;
const MOMENT: Duration = Duration::from_millis(20);

/// The key of the tree size up to which every row is in: shorter than any posting, in the same
/// tree, so that one batch holds both.
const REACHED: &[u8] = b"reached";

/// An index in one [sled](https://docs.rs/sled) folder.
///
/// Its flush hands the bytes to the kernel and does not wait for the disk, so a power cut may take
/// the newest batches. It takes each whole, with the size that it reached: what is lost is filled
/// in again.
pub struct SledIndex(Db);

impl SledIndex {
    /// Opens the index, or begins an empty one. A folder that is not an index, or is torn, is
    /// [`Damaged`].
    pub fn open(path: &Path) -> Result<Self, Cause> {
        // Without sled's own thread: each batch is flushed where it is added.
        let config = Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let mut left = TRIES;
        loop {
            match config.open() {
                // Threads of sled's let go of a folder a moment after its last user has. No other
                // process is meant: who opens an index holds the folder above.
                Err(Error::Io(error)) if left > 0 && is_held(&error) => thread::sleep(MOMENT),
                opened => return opened.map(Self).map_err(cause),
            }
            left -= 1;
        }
    }

    fn write(&self, rows: &[Row], reached: u64) -> Result<(), Error> {
        let mut batch = Batch::default();
        for posting in find::postings(rows) {
            batch.insert(&posting, &[]);
        }
        let before = self.read_reached()?;
        batch.insert(REACHED, &before.max(reached).to_be_bytes());
        self.0.apply_batch(batch)?;
        self.0.flush()?;
        Ok(())
    }

    fn read_reached(&self) -> Result<u64, Error> {
        let Some(bytes) = self.0.get(REACHED)? else { return Ok(0) };
        let bytes = bytes.as_ref().try_into();
        Ok(u64::from_be_bytes(bytes.map_err(|_| Error::Corruption { at: None, bt: () })?))
    }
}

impl Index for SledIndex {
    fn add(&self, rows: &[Row], reached: u64) -> Result<(), Cause> {
        self.write(rows, reached).map_err(cause)
    }

    fn find(&self, query: &Query) -> Result<Vec<u64>, Cause> {
        find::find(&self.0, query)
    }

    fn reached(&self) -> Result<u64, Cause> {
        self.read_reached().map_err(cause)
    }
}

impl Postings for Db {
    fn end(&self, of: &List, window: Window, last: bool) -> Result<Option<Place>, Cause> {
        let Some((lowest, highest)) = window.postings(of) else { return Ok(None) };
        let mut range = self.range(lowest..=highest);
        let end = if last { range.next_back() } else { range.next() };
        let Some((posting, _)) = end.transpose().map_err(cause)? else { return Ok(None) };
        let posting: Posting = posting
            .as_ref()
            .try_into()
            .map_err(|_| Cause::from(Damaged("a posting has another length".into())))?;
        Ok(Some(Place::of(&posting)))
    }
}

/// sled wraps the kernel's answer in words.
fn is_held(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.to_string().starts_with("could not acquire lock")
}

/// Tells damage from what may pass: a full disk, a lock.
fn cause(error: Error) -> Cause {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    let damaged = match &error {
        Error::Corruption { .. } | Error::ReportableBug(_) | Error::Unsupported(_) => true,
        Error::Io(error) => matches!(error.kind(), InvalidData | UnexpectedEof),
        Error::CollectionNotFound(_) => false,
    };
    if damaged { Damaged(error.into()).into() } else { error.into() }
}
