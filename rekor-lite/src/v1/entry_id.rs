//! How an entry is named: by its leaf hash, alone or behind the number of its tree.

use std::fmt;
use std::str::FromStr;

use lite_tlog::{Hash, LogId};

/// The number of a tree: positive, below 2^63, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TreeId(u64);

impl TreeId {
    /// The number is cut from the log ID, so it is as random as the key, and nowhere to be lost.
    pub(crate) fn of_log(log_id: &LogId) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&log_id.0[..8]);
        // rekor:pkg/sharding takes a signed number, and zero for none.
        Self((u64::from_be_bytes(first) & (u64::MAX >> 1)).max(1))
    }

    /// The first line of the tree's checkpoints.
    pub(crate) fn origin(self, host: &str) -> String {
        format!("{host} - {self}")
    }
}

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an answer names its entry by: 16 hex digits of the tree and 64 of the leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryId {
    pub(crate) tree: TreeId,
    pub(crate) leaf: Hash,
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{}", self.tree.0, hex::encode(self.leaf))
    }
}

/// What a request names an entry by: with its tree, or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryName {
    pub(crate) tree: Option<u64>,
    pub(crate) leaf: Hash,
}

/// Not 64 or 80 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 or 80 hexadecimal digits")]
pub(crate) struct NotEntryName;

impl EntryName {
    /// Whether the entry may be in this tree.
    pub(crate) fn is_of(&self, tree: TreeId) -> bool {
        self.tree.is_none_or(|named| named == tree.0)
    }
}

impl FromStr for EntryName {
    type Err = NotEntryName;

    fn from_str(text: &str) -> Result<Self, NotEntryName> {
        let (tree, uuid) = match text.len() {
            64 => (None, text),
            80 => {
                let (tree, uuid) = text.split_at_checked(16).ok_or(NotEntryName)?;
                // `from_str_radix` would take a sign.
                let mut bytes = [0; 8];
                hex::decode_to_slice(tree, &mut bytes).map_err(|_| NotEntryName)?;
                (Some(u64::from_be_bytes(bytes)), uuid)
            }
            _ => return Err(NotEntryName),
        };
        let mut leaf = [0; 32];
        hex::decode_to_slice(uuid, &mut leaf).map_err(|_| NotEntryName)?;
        Ok(Self { tree, leaf })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_id_is_positive_and_has_63_bits() {
        let of = |first: u8| TreeId::of_log(&LogId([first; 32])).0;
        assert_eq!((of(0), of(0xff)), (1, u64::MAX >> 1));
    }

    #[test]
    fn a_name_is_read_with_and_without_its_tree() {
        let id = EntryId { tree: TreeId(0x0108), leaf: [0xab; 32] };
        let text = id.to_string();
        assert_eq!(text.len(), 80);
        assert!(text.starts_with("0000000000000108abab"));
        let full: EntryName = text.parse().unwrap();
        assert_eq!(full, EntryName { tree: Some(0x0108), leaf: [0xab; 32] });
        assert!(full.is_of(TreeId(0x0108)) && !full.is_of(TreeId(0x0109)));
        let short: EntryName = text[16..].to_uppercase().parse().unwrap();
        assert!(short.is_of(TreeId(7)) && short.leaf == [0xab; 32]);
    }

    #[test]
    fn refuses_what_is_no_name() {
        let digits = "a".repeat(80);
        for text in ["", "zz", &digits[..63], &digits[..79], &format!("+{}", &digits[1..])] {
            assert_eq!(text.parse::<EntryName>(), Err(NotEntryName), "{text}");
        }
        assert_eq!("é".repeat(40).parse::<EntryName>(), Err(NotEntryName));
    }
}
