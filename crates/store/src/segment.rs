//! The bytes of a journal segment.
//!
//! ```text
//! segment   "LITEJNL1" ‖ u64 number ‖ u64 first leaf index ‖ u32 CRC32C of all before
//!           record*
//! record    "LREC" ‖ u32 body length ‖ u64 first leaf index ‖ u32 CRC32C of the body
//!           ‖ u32 CRC32C of all before ‖ body
//! body      u64 tree size ‖ 32 bytes root hash ‖ i64 time in ms ‖ u32 length ‖ checkpoint
//!           ‖ for each leaf: u32 length ‖ leaf ‖ what is known of it, as in a margin
//! ```
//!
//! Numbers are big-endian. The header has a checksum of its own, so that the length can be
//! believed: it tells a record that was cut off at the end from one that was damaged in the middle.

use std::sync::Arc;

use lite_sequencer::ports::Record;
use lite_sequencer::{Leaf, Tree, margin};
use lite_time::Time;

/// The size of a segment's header.
pub(crate) const SEGMENT_HEADER: usize = 28;
/// The size of a record's header.
pub(crate) const RECORD_HEADER: usize = 24;

const SEGMENT_MAGIC: &[u8; 8] = b"LITEJNL1";
const RECORD_MAGIC: &[u8; 4] = b"LREC";

/// The header of the segment that begins with leaf `first`.
pub(crate) fn segment_header(number: u64, first: u64) -> Vec<u8> {
    let mut out = SEGMENT_MAGIC.to_vec();
    out.extend_from_slice(&number.to_be_bytes());
    out.extend_from_slice(&first.to_be_bytes());
    let checksum = crc32c::crc32c(&out);
    out.extend_from_slice(&checksum.to_be_bytes());
    out
}

/// Reads a segment's header: its number and its first leaf index.
pub(crate) fn parse_segment_header(bytes: &[u8]) -> Option<(u64, u64)> {
    let header = bytes.get(..SEGMENT_HEADER)?;
    let (mut rest, checksum) = header.split_at(SEGMENT_HEADER - 4);
    if crc32c::crc32c(rest).to_be_bytes() != *checksum {
        return None;
    }
    (split(&mut rest)? == SEGMENT_MAGIC).then_some(())?;
    Some((u64::from_be_bytes(*split(&mut rest)?), u64::from_be_bytes(*split(&mut rest)?)))
}

/// Appends a record; `None` if it is too large for its length field.
pub(crate) fn push_record(out: &mut Vec<u8>, record: &Record) -> Option<()> {
    let body = body(record)?;
    let begin = out.len();
    out.extend_from_slice(RECORD_MAGIC);
    out.extend_from_slice(&u32::try_from(body.len()).ok()?.to_be_bytes());
    out.extend_from_slice(&record.first.to_be_bytes());
    out.extend_from_slice(&crc32c::crc32c(&body).to_be_bytes());
    let checksum = crc32c::crc32c(&out[begin..]);
    out.extend_from_slice(&checksum.to_be_bytes());
    out.extend_from_slice(&body);
    Some(())
}

/// What a record's header says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordHeader {
    pub(crate) body_length: usize,
    pub(crate) first: u64,
    pub(crate) body_checksum: u32,
}

/// Reads a record's header off the front of `bytes`.
pub(crate) fn parse_record_header(bytes: &[u8]) -> Option<RecordHeader> {
    let header = bytes.get(..RECORD_HEADER)?;
    let (mut rest, checksum) = header.split_at(RECORD_HEADER - 4);
    if rest[..4] != *RECORD_MAGIC || crc32c::crc32c(rest).to_be_bytes() != *checksum {
        return None;
    }
    let _: &[u8; 4] = split(&mut rest)?;
    let body_length = usize::try_from(u32::from_be_bytes(*split(&mut rest)?)).ok()?;
    let first = u64::from_be_bytes(*split(&mut rest)?);
    Some(RecordHeader { body_length, first, body_checksum: u32::from_be_bytes(*split(&mut rest)?) })
}

/// Whether a whole header of a record is anywhere in `bytes`, which begin with leaf `next`, if
/// that is known.
///
/// Whoever submits a leaf may write a header into it, and a checksum keeps nobody from that. So
/// only the header of a record that can follow counts: a leaf takes more than a byte, so there
/// are fewer leaves before it than bytes.
pub(crate) fn has_later_record(bytes: &[u8], next: Option<u64>) -> bool {
    let may_follow = |first: u64| {
        next.is_none_or(|next| first.checked_sub(next).is_some_and(|n| n < bytes.len() as u64))
    };
    let windows = bytes.windows(RECORD_HEADER).filter(|window| window.starts_with(RECORD_MAGIC));
    windows.filter_map(parse_record_header).any(|header| may_follow(header.first))
}

/// Reads a record's body.
pub(crate) fn parse_body(header: &RecordHeader, body: &[u8]) -> Option<Record> {
    if crc32c::crc32c(body) != header.body_checksum {
        return None;
    }
    let rest = &mut &*body;
    let size = u64::from_be_bytes(*split(rest)?);
    let root = *split(rest)?;
    let time = Time::from_millis(i64::from_be_bytes(*split(rest)?));
    let checkpoint = Arc::from(std::str::from_utf8(split_bytes(rest)?).ok()?);
    let mut leaves = Vec::new();
    while !rest.is_empty() {
        let bytes = Arc::from(split_bytes(rest)?);
        let margin::MarginNote { time, identity, extra } = margin::split_note(rest).ok()?;
        leaves.push(Arc::new(Leaf { bytes, time, identity, extra }));
    }
    Some(Record {
        first: header.first,
        leaves,
        tree: Arc::new(Tree { size, root, time, checkpoint }),
    })
}

fn body(record: &Record) -> Option<Vec<u8>> {
    let leaves: usize =
        record.leaves.iter().map(|leaf| leaf.bytes.len() + leaf.extra.len() + 64).sum();
    let mut out = Vec::with_capacity(leaves + 512);
    out.extend_from_slice(&record.tree.size.to_be_bytes());
    out.extend_from_slice(&record.tree.root);
    out.extend_from_slice(&record.tree.time.millis().to_be_bytes());
    push_bytes(&mut out, record.tree.checkpoint.as_bytes())?;
    for leaf in &record.leaves {
        push_bytes(&mut out, &leaf.bytes)?;
        margin::push_note(&mut out, leaf);
    }
    Some(out)
}

fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    out.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_be_bytes());
    out.extend_from_slice(bytes);
    Some(())
}

fn split_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32::from_be_bytes(*split(rest)?)).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

fn split<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(head)
}
