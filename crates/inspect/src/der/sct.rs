//! Signed certificate timestamps.

use lite_pki::{Sct, SctList};

use crate::tree::Tree;
use crate::when::Scope;

/// RFC 5246, Section 7.4.1.4.1.
fn hash_name(number: u8) -> String {
    match number {
        2 => "SHA-1".to_owned(),
        4 => "SHA-256".to_owned(),
        5 => "SHA-384".to_owned(),
        6 => "SHA-512".to_owned(),
        other => format!("hash {other}"),
    }
}

fn signature_name(number: u8) -> String {
    match number {
        1 => "RSA".to_owned(),
        3 => "ECDSA".to_owned(),
        other => format!("signature {other}"),
    }
}

/// One timestamp.
pub(crate) fn sct_tree(label: impl AsRef<str>, sct: &Sct, scope: Scope) -> Tree {
    let (signature, hash) = (sct.signature_algorithm, sct.hash_algorithm);
    let algorithm = format!("{} with {}", signature_name(signature), hash_name(hash));
    let at = scope.moment("time", sct.time());
    Tree::new(label)
        .with(Tree::text("version", 1))
        .with(Tree::bytes("log ID", sct.log_id))
        .with(at.noting(format_args!("{} ms", sct.timestamp)))
        .with_some(extensions(&sct.extensions))
        .with(Tree::text("signature algorithm", algorithm))
        .with(Tree::bytes("signature", sct.signature.clone()))
}

/// static-ct-api: the place in the log, a `uint40` behind a type byte and a length.
fn extensions(bytes: &[u8]) -> Option<Tree> {
    let tree = Tree::bytes("extensions", bytes);
    match bytes {
        [] => None,
        [0, 0, 5, index @ ..] if index.len() == 5 => {
            let index = index.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            Some(tree.with(Tree::text("leaf index", index)))
        }
        _ => Some(tree),
    }
}

/// The list in an extension's inner octet string.
pub(super) fn sct_list(tree: Tree, bytes: &[u8], scope: Scope) -> Tree {
    match SctList::decode(bytes) {
        Ok(list) => {
            let shown = Tree::list("", &list.0, |index, sct| {
                sct_tree(format!("timestamp {}", index + 1), sct, scope)
            });
            Tree { children: shown.children, ..tree }
        }
        Err(error) => {
            tree.noting(format_args!("unreadable: {error}")).with(Tree::bytes("list", bytes))
        }
    }
}
