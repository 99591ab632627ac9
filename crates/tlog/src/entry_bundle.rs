//! Entry bundles: up to 256 leaves in a file.
//!
//! ```text
//! u16 length (big-endian) ‖ leaf ‖ u16 length ‖ leaf ‖ …
//! ```
//!
//! c2sp.org/tlog-tiles, "Log entries": "sequences of big-endian uint16 length-prefixed log
//! entries".

use crate::tile_path::TILE_WIDTH;

/// The largest leaf that a bundle can hold: its length is a `u16`.
pub const MAX_LEAF_BYTES: usize = u16::MAX as usize;

/// Why bytes are not an entry bundle, or a leaf does not fit into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryBundleError {
    /// The leaf is longer than 65,535 bytes.
    #[error("leaf is longer than 65535 bytes")]
    LeafTooLarge,
    /// The bundle has more than 256 leaves.
    #[error("entry bundle has more than 256 leaves")]
    TooMany,
    /// The bytes end within a length or a leaf.
    #[error("entry bundle is cut short")]
    Truncated,
    /// The bundle has another number of leaves than its name says.
    #[error("entry bundle has another width")]
    Width,
}

/// Appends a leaf to a bundle.
pub fn push(bundle: &mut Vec<u8>, leaf: &[u8]) -> Result<(), EntryBundleError> {
    let length = u16::try_from(leaf.len()).map_err(|_| EntryBundleError::LeafTooLarge)?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(leaf);
    Ok(())
}

/// Writes a bundle.
pub fn encode<L: AsRef<[u8]>>(
    leaves: impl IntoIterator<Item = L>,
) -> Result<Vec<u8>, EntryBundleError> {
    let mut bundle = Vec::new();
    for (position, leaf) in leaves.into_iter().enumerate() {
        if position == usize::from(TILE_WIDTH) {
            return Err(EntryBundleError::TooMany);
        }
        push(&mut bundle, leaf.as_ref())?;
    }
    Ok(bundle)
}

/// Reads a bundle of any width.
pub fn decode(bundle: &[u8]) -> Result<Vec<&[u8]>, EntryBundleError> {
    let mut leaves = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        if leaves.len() == usize::from(TILE_WIDTH) {
            return Err(EntryBundleError::TooMany);
        }
        let (leaf, after) = split_first(rest)?;
        leaves.push(leaf);
        rest = after;
    }
    Ok(leaves)
}

/// Reads a bundle of exactly `width` leaves.
pub fn decode_exact(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, EntryBundleError> {
    let leaves = decode(bundle)?;
    if leaves.len() != usize::from(width) {
        return Err(EntryBundleError::Width);
    }
    Ok(leaves)
}

/// The bytes of the first `width` leaves: a partial bundle is a prefix of the full one.
pub fn prefix(bundle: &[u8], width: u16) -> Result<&[u8], EntryBundleError> {
    let mut rest = bundle;
    for _ in 0..width {
        if rest.is_empty() {
            return Err(EntryBundleError::Width);
        }
        (_, rest) = split_first(rest)?;
    }
    Ok(&bundle[..bundle.len() - rest.len()])
}

/// The leaf at a place within a bundle.
pub fn leaf(bundle: &[u8], position: u16) -> Result<&[u8], EntryBundleError> {
    let before = prefix(bundle, position)?.len();
    if before == bundle.len() {
        return Err(EntryBundleError::Width);
    }
    Ok(split_first(&bundle[before..])?.0)
}

/// Splits the first leaf off.
fn split_first(bytes: &[u8]) -> Result<(&[u8], &[u8]), EntryBundleError> {
    let (length, rest) = bytes.split_first_chunk().ok_or(EntryBundleError::Truncated)?;
    let length = usize::from(u16::from_be_bytes(*length));
    rest.split_at_checked(length).ok_or(EntryBundleError::Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_read_as_it_was_written() {
        let leaves: Vec<Vec<u8>> = (0..=255).map(|n: u8| vec![n; usize::from(n)]).collect();
        let bundle = encode(&leaves).unwrap();
        assert_eq!(&bundle[..5], [0, 0, 0, 1, 1]);
        assert_eq!(decode(&bundle).unwrap(), leaves);
        assert_eq!(decode_exact(&bundle, 256).unwrap().len(), 256);
        assert_eq!(prefix(&bundle, 3).unwrap(), encode(&leaves[..3]).unwrap());
        assert_eq!(prefix(&bundle, 256).unwrap(), bundle);
        assert_eq!(leaf(&bundle, 255).unwrap(), leaves[255]);
    }

    #[test]
    fn the_largest_leaf_fits_and_the_next_does_not() {
        let mut bundle = Vec::new();
        push(&mut bundle, &vec![7; MAX_LEAF_BYTES]).unwrap();
        assert_eq!(decode(&bundle).unwrap()[0].len(), MAX_LEAF_BYTES);
        let refused = push(&mut bundle, &vec![7; MAX_LEAF_BYTES + 1]);
        assert_eq!(refused, Err(EntryBundleError::LeafTooLarge));
    }

    #[test]
    fn refuses_what_is_not_a_bundle() {
        use EntryBundleError::{TooMany, Truncated, Width};
        for (bytes, reason) in [
            (&[0][..], Truncated),
            (&[0, 1], Truncated),
            (&[0, 2, 7], Truncated),
            (&[0, 0, 0], Truncated),
            (&[0; 2 * 257], TooMany),
        ] {
            assert_eq!(decode(bytes), Err(reason));
        }
        assert_eq!(decode_exact(&[0, 0], 2), Err(Width));
        assert_eq!(prefix(&[0, 0], 2), Err(Width));
        assert_eq!(leaf(&[0, 0], 1), Err(Width));
        assert_eq!(encode(vec![[0; 0]; 257]), Err(TooMany));
    }
}
