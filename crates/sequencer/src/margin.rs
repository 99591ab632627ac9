//! The margin of a full bundle: what is known of its leaves and not hashed.
//!
//! ```text
//! for each leaf: i64 time in ms ‖ u8 has identity ‖ [32 bytes identity] ‖ u32 length ‖ extra
//! at the end:    8 bytes, the first of the leaf hash of all before them
//! ```
//!
//! The tree does not cover these bytes, so they bring a checksum. Numbers are big-endian.

use std::sync::Arc;

use lite_time::Time;
use lite_tlog::{Hash, leaf_hash};

use crate::Leaf;

const CHECKSUM_BYTES: usize = 8;

/// What a margin says of one leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarginNote {
    /// When the leaf was sequenced.
    pub time: Time,
    /// The identity that the caller gave it.
    pub identity: Option<Hash>,
    /// What is kept beside the leaf.
    pub extra: Arc<[u8]>,
}

/// The margin's bytes are not those that were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("margin of a bundle is damaged")]
pub struct MarginDamaged;

/// Writes the margin of these leaves.
#[must_use]
pub fn encode(leaves: &[Arc<Leaf>]) -> Vec<u8> {
    let mut out = Vec::new();
    for leaf in leaves {
        push_note(&mut out, leaf);
    }
    let checksum = leaf_hash(&out);
    out.extend_from_slice(&checksum[..CHECKSUM_BYTES]);
    out
}

/// Writes what is known of one leaf.
pub fn push_note(out: &mut Vec<u8>, leaf: &Leaf) {
    out.extend_from_slice(&leaf.time.millis().to_be_bytes());
    out.push(u8::from(leaf.identity.is_some()));
    out.extend_from_slice(leaf.identity.as_ref().map_or(&[], <[u8; 32]>::as_slice));
    // The sequencer refuses an extra above `MAX_EXTRA_BYTES`, far below 4 GiB.
    let length = u32::try_from(leaf.extra.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&leaf.extra);
}

/// Reads a margin.
pub fn decode(bytes: &[u8]) -> Result<Vec<MarginNote>, MarginDamaged> {
    let body = bytes.len().checked_sub(CHECKSUM_BYTES).ok_or(MarginDamaged)?;
    let (mut rest, checksum) = bytes.split_at(body);
    if leaf_hash(rest)[..CHECKSUM_BYTES] != *checksum {
        return Err(MarginDamaged);
    }
    let mut notes = Vec::new();
    while !rest.is_empty() {
        notes.push(split_note(&mut rest)?);
    }
    Ok(notes)
}

/// Reads what is known of one leaf off the front of `rest`.
pub fn split_note(rest: &mut &[u8]) -> Result<MarginNote, MarginDamaged> {
    let time = Time::from_millis(i64::from_be_bytes(*split(rest)?));
    let identity = match split::<1>(rest)? {
        [0] => None,
        [1] => Some(*split(rest)?),
        _ => return Err(MarginDamaged),
    };
    let length = usize::try_from(u32::from_be_bytes(*split(rest)?)).map_err(|_| MarginDamaged)?;
    let (extra, after) = rest.split_at_checked(length).ok_or(MarginDamaged)?;
    *rest = after;
    Ok(MarginNote { time, identity, extra: Arc::from(extra) })
}

fn split<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], MarginDamaged> {
    let (head, after) = rest.split_first_chunk().ok_or(MarginDamaged)?;
    *rest = after;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(time: i64, identity: Option<Hash>, extra: &[u8]) -> Arc<Leaf> {
        let time = Time::from_millis(time);
        Arc::new(Leaf { bytes: Arc::from([]), time, identity, extra: Arc::from(extra) })
    }

    #[test]
    fn a_margin_is_read_as_it_was_written() {
        let leaves = [leaf(1, None, b""), leaf(-5, Some([7; 32]), b"chain"), leaf(9, None, b"x")];
        let notes = decode(&encode(&leaves)).unwrap();
        let expected = leaves.map(|leaf| MarginNote {
            time: leaf.time,
            identity: leaf.identity,
            extra: leaf.extra.clone(),
        });
        assert_eq!(notes, expected);
    }

    #[test]
    fn any_changed_byte_and_any_cut_is_noticed() {
        let bytes = encode(&[leaf(1, None, b"abc"), leaf(2, Some([7; 32]), b"")]);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(decode(&changed), Err(MarginDamaged), "byte {at}");
            assert_eq!(decode(&bytes[..at]), Err(MarginDamaged), "cut at {at}");
        }
    }
}
