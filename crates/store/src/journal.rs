//! The journal: write-ahead segments, one append and one sync for each batch.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lite_sequencer::ports::{Cause, CommitError, Journal, Record};

use crate::scan::{self, Scan, Segment};
use crate::segment::{self, SEGMENT_HEADER};
use crate::tiles::is_full_disk;
use crate::{durable, fault};

/// Why the journal does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A record was changed after it was written, and others follow it.
    #[error("journal {path} is damaged at byte {offset}: restore it from a copy")]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the record begins.
        offset: u64,
    },
    /// A file cannot be read or repaired.
    #[error("journal {path} is not usable")]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A segment between two others is gone.
    #[error("journal {0} is missing: restore it from a copy")]
    Missing(PathBuf),
}

impl JournalError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }
}

/// The journal in a folder.
pub(crate) struct FileJournal {
    dir: PathBuf,
    state: Mutex<State>,
    segment_bytes: u64,
}

struct State {
    /// Oldest first; the last one is written to. The one before may still be open elsewhere.
    segments: Vec<Segment>,
    /// The last segment, open for appending.
    file: Option<File>,
    /// A write or a sync failed, and it is not known what was kept.
    stopped: bool,
}

/// After a failed sync the page cache may claim what the disk does not have, so nothing is tried
/// again by this process.
#[derive(Debug, thiserror::Error)]
#[error("an earlier write to the journal failed")]
struct Stopped;

/// The batch does not fit into a record.
#[derive(Debug, thiserror::Error)]
#[error("batch is too large for a record")]
struct TooLarge;

impl FileJournal {
    /// Goes on with a journal as it was found: drops a torn tail, durably, before anything else.
    ///
    /// A segment of `segment_bytes` is closed, and the next record begins a new one.
    pub(crate) fn resume(
        dir: &Path,
        found: &Scan,
        segment_bytes: u64,
    ) -> Result<Self, JournalError> {
        if let Some(torn) = &found.torn {
            tracing::warn!(
                file = %torn.path.display(),
                bytes = torn.bytes,
                "dropped the end of a record that was not written to its end, and never answered"
            );
            drop_tail(torn).map_err(|source| JournalError::io(&torn.path, source))?;
        }
        let file = match found.segments.last() {
            None => None,
            Some(last) => {
                let path = scan::path(dir, last.number);
                let file =
                    renew_last(&path, last).and_then(|()| File::options().append(true).open(&path));
                Some(file.map_err(|source| JournalError::io(&path, source))?)
            }
        };
        let state = State { segments: found.segments.clone(), file, stopped: false };
        Ok(Self { dir: dir.to_path_buf(), state: Mutex::new(state), segment_bytes })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for FileJournal {
    fn commit(&self, record: &Record) -> Result<(), CommitError> {
        let mut state = self.state();
        if state.stopped {
            return Err(CommitError::Uncertain(Stopped.into()));
        }
        let outcome = match (state.file.as_ref(), state.segments.last()) {
            (Some(file), Some(last)) if last.length < self.segment_bytes => {
                append(file, last.length, record).map(|length| (None, length))
            }
            (_, last) => {
                let number = last.map_or(0, |last| last.number + 1);
                let path = scan::path(&self.dir, number);
                begin(&path, number, record).map(|(file, length)| (Some((file, number)), length))
            }
        };
        match outcome {
            Ok((None, length)) => {
                if let Some(last) = state.segments.last_mut() {
                    last.last_record = last.length;
                    last.length += length;
                }
                Ok(())
            }
            Ok((Some((file, number)), length)) => {
                state.file = Some(file);
                let (first, last_record) = (record.first, SEGMENT_HEADER as u64);
                state.segments.push(Segment { number, first, length, last_record });
                Ok(())
            }
            Err(error) => {
                state.stopped = matches!(error, CommitError::Uncertain(_));
                Err(error)
            }
        }
    }

    fn discard_below(&self, size: u64) -> Result<(), Cause> {
        loop {
            let state = self.state();
            // A segment ends where the next one begins; the last one is written to, and stays.
            let [oldest, next, ..] = state.segments.as_slice() else { return Ok(()) };
            if state.stopped || next.first > size {
                return Ok(());
            }
            let path = scan::path(&self.dir, oldest.number);
            // Removing takes a while, and batches go on meanwhile. Oldest first, and known to be
            // gone before the next one goes: a hole in the numbers is damage.
            drop(state);
            durable::remove(&path)?;
            self.state().segments.remove(0);
        }
    }
}

/// Appends a record to a segment of `length` bytes, durably.
fn append(file: &File, length: u64, record: &Record) -> Result<u64, CommitError> {
    let mut bytes = Vec::new();
    segment::push_record(&mut bytes, record)
        .ok_or_else(|| CommitError::NotCommitted(TooLarge.into()))?;
    let written = fault::write_all("append record", file, &bytes);
    if let Err(error) = written {
        if !is_full_disk(&error) {
            return Err(CommitError::Uncertain(error.into()));
        }
        // Nothing was synced yet, and the disk said that it did not take it all. The record is
        // certainly not committed once the file has its old length again, durably.
        let undone = fault::step("undo record").and_then(|()| file.set_len(length));
        let undone = undone.and_then(|()| fault::step("sync undone record"));
        return Err(match undone.and_then(|()| file.sync_all()) {
            Ok(()) => CommitError::NotCommitted(error.into()),
            Err(error) => CommitError::Uncertain(error.into()),
        });
    }
    fault::step("sync record")
        .and_then(|()| file.sync_data())
        .map_err(|error| CommitError::Uncertain(error.into()))?;
    Ok(bytes.len() as u64)
}

/// Begins a segment with a record, durably.
fn begin(path: &Path, number: u64, record: &Record) -> Result<(File, u64), CommitError> {
    let mut bytes = segment::segment_header(number, record.first);
    segment::push_record(&mut bytes, record)
        .ok_or_else(|| CommitError::NotCommitted(TooLarge.into()))?;
    match create(path, &bytes) {
        Ok(file) => {
            let synced = fault::step("sync segment").and_then(|()| file.sync_all());
            let named = synced.and_then(|()| sync_folder(path));
            named.map_err(|error| CommitError::Uncertain(error.into()))?;
            Ok((file, bytes.len() as u64))
        }
        Err(error) if is_full_disk(&error) => match durable::remove(path) {
            Ok(()) => Err(CommitError::NotCommitted(error.into())),
            Err(error) => Err(CommitError::Uncertain(error.into())),
        },
        Err(error) => Err(CommitError::Uncertain(error.into())),
    }
}

fn create(path: &Path, bytes: &[u8]) -> io::Result<File> {
    fault::step("create segment")?;
    let options = File::options().append(true).create_new(true).mode(durable::PRIVATE).open(path);
    let file = options?;
    fault::write_all("write segment", &file, bytes)?;
    Ok(file)
}

fn drop_tail(torn: &scan::Torn) -> io::Result<()> {
    if torn.keep == 0 {
        return durable::remove(&torn.path);
    }
    fault::step("drop torn record")?;
    let file = File::options().write(true).open(&torn.path)?;
    file.set_len(torn.keep)?;
    fault::step("sync dropped record")?;
    file.sync_all()
}

/// Makes the last record durable, whatever became of the process that wrote it.
///
/// It may have died between write and sync, or its sync may have failed, after which the page
/// cache holds bytes that the disk lacks and believes them clean. Writing the same bytes again
/// makes them dirty again.
fn renew_last(path: &Path, last: &Segment) -> io::Result<()> {
    fault::step("renew last record")?;
    let file = File::options().read(true).write(true).open(path)?;
    let length = usize::try_from(last.length - last.last_record).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, last.last_record)?;
    file.write_all_at(&bytes, last.last_record)?;
    fault::step("sync last record")?;
    file.sync_all()?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), durable::sync_dir)
}
