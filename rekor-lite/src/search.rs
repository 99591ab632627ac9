//! What the search index knows of an entry, for both trees.

use std::sync::Arc;

use lite_entries::{SearchKey, answers, search_keys};
use lite_search::{Cause, Row, Source};
use lite_store::{Leaf, Log, ReadError, View};

/// Leaves of an entry bundle.
const WIDTH: u64 = 256;

/// The keys of a leaf: those that its bytes hold, and those that were kept beside it.
fn keys_of(leaf: &Leaf) -> Vec<SearchKey> {
    let mut keys = search_keys(&leaf.bytes);
    keys.extend(from_beside(&leaf.extra));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Keys that cannot be had from the leaf again, as they are kept beside it: each behind its length
/// in 16 bits, big-endian.
pub(crate) fn beside(keys: &[SearchKey]) -> Vec<u8> {
    let mut out = Vec::new();
    for key in keys {
        let bytes = key.to_bytes();
        // Names are at most 512 bytes long.
        let Ok(length) = u16::try_from(bytes.len()) else { continue };
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&bytes);
    }
    out
}

/// Reads what [`beside`] wrote. What is not ours gives no keys: the index is not worth a failure.
fn from_beside(mut extra: &[u8]) -> Vec<SearchKey> {
    let mut keys = Vec::new();
    while let Some((length, rest)) = extra.split_first_chunk()
        && let Some((bytes, rest)) = rest.split_at_checked(u16::from_be_bytes(*length).into())
    {
        keys.extend(SearchKey::parse(bytes));
        extra = rest;
    }
    keys
}

/// Those leaves of a search that really answer it: the index is not trusted, and the leaf has the last
/// word. Leaves of one entry bundle that follow each other cost one reading of it.
pub(crate) fn confirmed(
    view: &View,
    found: Vec<u64>,
    asked: &[SearchKey],
    all: bool,
) -> Result<Vec<(u64, Arc<Leaf>)>, ReadError> {
    let mut bundle = None;
    let mut confirmed = Vec::new();
    for index in found {
        let number = index / WIDTH;
        let leaves = match bundle.take() {
            Some((held, leaves)) if held == number => leaves,
            _ => view.leaves(number)?,
        };
        let place = usize::try_from(index % WIDTH).map_err(|_| ReadError::OutOfRange)?;
        let leaf = leaves.get(place).ok_or(ReadError::OutOfRange)?;
        if answers(&keys_of(leaf), asked, all) {
            confirmed.push((index, Arc::clone(leaf)));
        }
        bundle = Some((number, leaves));
    }
    Ok(confirmed)
}

/// A log, read for indexing.
pub(crate) struct Leaves(pub(crate) Arc<Log>);

impl Source for Leaves {
    fn size(&self) -> u64 {
        self.0.checkpoint().size
    }

    fn rows(&self, from: u64, limit: usize) -> Result<Vec<Row>, Cause> {
        let view = self.0.view();
        let mut rows = Vec::new();
        let mut next = from;
        while next < view.tree().size && rows.len() < limit {
            let bundle = view.leaves(next / WIDTH)?;
            let first = usize::try_from(next % WIDTH)?;
            for leaf in bundle.iter().skip(first).take(limit - rows.len()) {
                let keys = keys_of(leaf).iter().map(SearchKey::to_bytes).collect();
                rows.push(Row { index: next, time: leaf.time, keys });
                next += 1;
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_beside_a_leaf_is_read_again() {
        let keys = vec![SearchKey::identity("jane@example.com"), SearchKey::Key([7; 32])];
        let kept = beside(&keys);
        assert_eq!(from_beside(&kept), keys);
        assert_eq!(from_beside(&[]), []);
        assert_eq!(from_beside(&kept[..kept.len() - 1]), keys[..1]);
        assert_eq!(from_beside(&[0xff; 9]), []);
    }
}
