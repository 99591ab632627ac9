//! Reading the journal at a start. Nothing is changed here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lite_sequencer::ports::Record;

use crate::journal::JournalError;
use crate::segment::{self, RECORD_HEADER, SEGMENT_HEADER};

/// The journal as it was found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) records: Vec<Record>,
    /// In their order.
    pub(crate) segments: Vec<Segment>,
    /// The bytes at the end that are no whole record: the process died while it wrote them, before
    /// it answered anyone.
    pub(crate) torn: Option<Torn>,
}

/// A segment's file.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) first: u64,
    /// The length of its header and its whole records.
    pub(crate) length: u64,
    /// Where its last record begins.
    pub(crate) last_record: u64,
}

/// A tail to be dropped before the journal goes on.
#[derive(Clone, Debug)]
pub(crate) struct Torn {
    pub(crate) path: PathBuf,
    /// What stays; 0 if not even the segment's header is whole, and the file goes.
    pub(crate) keep: u64,
    pub(crate) bytes: u64,
}

/// The file of a segment.
pub(crate) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.journal"))
}

/// Reads all segments. `dir` may not exist.
pub(crate) fn scan(dir: &Path) -> Result<Scan, JournalError> {
    let numbers = numbers(dir).map_err(|source| JournalError::io(dir, source))?;
    let mut found = Scan::default();
    for (at, number) in numbers.iter().enumerate() {
        if at > 0 && numbers[at - 1] + 1 != *number {
            return Err(JournalError::Missing(path(dir, numbers[at - 1] + 1)));
        }
        found.read(dir, *number, at + 1 == numbers.len())?;
    }
    Ok(found)
}

fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".journal"));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

impl Scan {
    fn read(&mut self, dir: &Path, number: u64, last: bool) -> Result<(), JournalError> {
        let path = path(dir, number);
        let bytes = fs::read(&path).map_err(|source| JournalError::io(&path, source))?;
        let damaged =
            |offset: usize| JournalError::Damaged { path: path.clone(), offset: offset as u64 };
        let torn = |keep: usize| Torn {
            path: path.clone(),
            keep: keep as u64,
            bytes: (bytes.len() - keep) as u64,
        };
        let Some((named, first)) = segment::parse_segment_header(&bytes) else {
            // A new segment is written with its first record in one go: without a header it has none.
            let next = self.records.last().map(|record| record.tree.size);
            if last && !segment::has_later_record(&bytes, next) {
                self.torn = Some(torn(0));
                return Ok(());
            }
            return Err(damaged(0));
        };
        let expected = self.records.last().map_or(first, |record| record.tree.size);
        if named != number || first != expected {
            return Err(damaged(0));
        }
        let (mut at, mut last_record) = (SEGMENT_HEADER, SEGMENT_HEADER);
        let mut next = first;
        while at < bytes.len() {
            match read_record(&bytes[at..], next) {
                Whole::Record(record, length) => {
                    next = record.tree.size;
                    last_record = at;
                    at += length;
                    self.records.push(record);
                }
                Whole::Torn if last => {
                    self.torn = Some(torn(at));
                    break;
                }
                Whole::Torn | Whole::Damaged => return Err(damaged(at)),
            }
        }
        let (length, last_record) = (at as u64, last_record as u64);
        self.segments.push(Segment { number, first, length, last_record });
        Ok(())
    }
}

enum Whole {
    Record(Record, usize),
    /// Nothing whole follows: it may have been cut off while it was written.
    Torn,
    /// Something follows that was written later, or it never was a record.
    Damaged,
}

/// Reads one record. Only one record at a time is not yet synced, so what is followed by another
/// was whole once.
fn read_record(bytes: &[u8], next: u64) -> Whole {
    let Some(header) = segment::parse_record_header(bytes) else {
        return if segment::has_later_record(&bytes[1..], Some(next)) {
            Whole::Damaged
        } else {
            Whole::Torn
        };
    };
    let end = RECORD_HEADER.saturating_add(header.body_length);
    let Some(body) = bytes.get(RECORD_HEADER..end) else { return Whole::Torn };
    let Some(record) = segment::parse_body(&header, body) else {
        return if bytes.len() > end { Whole::Damaged } else { Whole::Torn };
    };
    let follows = record.first == next
        && record.first.checked_add(record.leaves.len() as u64) == Some(record.tree.size);
    if follows { Whole::Record(record, end) } else { Whole::Damaged }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lite_sequencer::{Leaf, Tree};
    use lite_time::Time;

    use super::*;

    fn record(first: u64, leaf: &[u8]) -> Vec<u8> {
        let leaf = Leaf {
            bytes: Arc::from(leaf),
            time: Time::from_secs(1),
            identity: None,
            extra: Arc::default(),
        };
        let checkpoint = Arc::from("checkpoint");
        let tree = Tree { size: first + 1, root: [0; 32], time: Time::from_secs(1), checkpoint };
        let record = Record { first, leaves: vec![Arc::new(leaf)], tree: Arc::new(tree) };
        let mut bytes = Vec::new();
        segment::push_record(&mut bytes, &record).unwrap();
        bytes
    }

    #[test]
    fn a_leaf_that_looks_like_a_record_makes_no_torn_tail_damaged() {
        // What fits into the base64 of a signature: its first leaf is a number of eight letters.
        let hostile = record(u64::from_be_bytes(*b"AAAAAAAA"), b"")[..RECORD_HEADER].to_vec();
        let mut torn = record(7, &hostile);
        torn[..RECORD_HEADER].fill(0);
        assert!(matches!(read_record(&torn, 7), Whole::Torn));
        // A record that can follow does show that the one before it was whole once.
        torn.extend(record(8, b"leaf"));
        assert!(matches!(read_record(&torn, 7), Whole::Damaged));
    }
}
