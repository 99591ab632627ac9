//! Entry bundles: up to 256 leaves of a log in one file (c2sp.org/tlog-tiles).

use lite_tlog::{entry_bundle, leaf_hash};

use crate::json::body;
use crate::kind::Kind;
use crate::tree::Tree;
use crate::when::Scope;

/// Whether bytes are an entry bundle of Rekor's: the format has no mark of its own, so its leaves
/// must be JSON objects.
pub(crate) fn looks_like_one(bytes: &[u8]) -> bool {
    entry_bundle::decode(bytes).is_ok_and(|leaves| {
        !leaves.is_empty() && leaves.iter().all(|leaf| leaf.first() == Some(&b'{'))
    })
}

/// Each leaf with its hash.
pub(crate) fn entry_bundle(label: &str, bytes: &[u8], scope: Scope) -> Tree {
    let leaves = match entry_bundle::decode(bytes) {
        Ok(leaves) => leaves,
        Err(error) => return Tree::unreadable(label, error).of_kind(Kind::EntryBundle),
    };
    let tree = Tree::list(label, &leaves, |index, leaf| {
        let label = format!("leaf {index}");
        let tree = match serde_json::from_slice(leaf) {
            Ok(value) => body(&label, &value, scope).of_kind(Kind::EntryBody),
            Err(error) => Tree::bytes(&label, *leaf).noting(format_args!("not JSON: {error}")),
        };
        tree.with(Tree::bytes("leaf hash", leaf_hash(leaf)).noting("computed here"))
    });
    tree.of_kind(Kind::EntryBundle).noting(format_args!("{} leaves", leaves.len()))
}
