//! Entries of transparency logs, as bundles and both versions of Rekor write them.

use lite_tlog::leaf_hash;
use serde_json::Value;

use super::body::body;
use super::fields::{Fields, base64_node, clever, decode, generic, items};
use crate::kind::Kind;
use crate::note;
use crate::tree::Tree;
use crate::when::Scope;

/// All entries of a bundle.
pub(super) fn entries(label: &str, value: &Value, scope: Scope) -> Tree {
    let list = items(value);
    let shown = Tree::list(label, list, |index, one| {
        entry(&format!("entry {}", index + 1), one, scope).of_kind(Kind::LogEntry)
    });
    if list.is_empty() { shown.noting("none") } else { shown }
}

/// A `TransparencyLogEntry` of sigstore:protobuf-specs.
pub(super) fn entry(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    // Protocol buffers leave a zero out.
    let index = fields.node("logIndex", "log index");
    let index = index.unwrap_or_else(|| Tree::text("log index", 0).noting("left out, so 0"));
    let tree = Tree::new(label).with(index);
    let tree = tree
        .with_some(fields.take("logId").map(log_id))
        .with_some(fields.take("kindVersion").map(kind_version))
        .with_some(integrated(&mut fields, scope))
        .with_some(fields.take("inclusionPromise").map(promise))
        .with_some(fields.take("inclusionProof").map(|value| proof(value, scope)))
        .with_some(fields.take("canonicalizedBody").map(|value| logged("body", value, scope)));
    fields.finish(tree)
}

/// Rekor v2 promises no time: its zero means that there is none.
fn integrated(fields: &mut Fields<'_>, scope: Scope) -> Option<Tree> {
    let value = fields.take("integratedTime")?;
    if super::fields::whole(value) == Some(0) {
        return Some(Tree::text("integrated time", "0").noting("none"));
    }
    fields.seconds("integratedTime", "integrated time", scope)
}

/// `{keyId}` in base64, or the digits that Rekor v1 writes.
fn log_id(value: &Value) -> Tree {
    match value.get("keyId").or_else(|| value.get("key_id")) {
        Some(id) => base64_node("log ID", id),
        None => generic("log ID", value),
    }
}

fn kind_version(value: &Value) -> Tree {
    let part = |name| value.get(name).and_then(Value::as_str);
    match (part("kind"), part("version")) {
        (Some(kind), Some(version)) => Tree::text("kind", format_args!("{kind} {version}")),
        _ => generic("kind", value),
    }
}

fn promise(value: &Value) -> Tree {
    const LABEL: &str = "signed entry timestamp";
    match value.get("signedEntryTimestamp").or_else(|| value.get("signed_entry_timestamp")) {
        Some(set) => base64_node(LABEL, set),
        None => generic(LABEL, value),
    }
}

/// Rekor v2 and bundles write base64, Rekor v1 hexadecimal digits.
fn proof(value: &Value, scope: Scope) -> Tree {
    const LABEL: &str = "inclusion proof";
    let mut fields = match Fields::or_generic(LABEL, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let index = fields.node("logIndex", "leaf index");
    let tree = Tree::new(LABEL)
        .with(index.unwrap_or_else(|| Tree::text("leaf index", 0).noting("left out, so 0")))
        .with_some(fields.node("treeSize", "tree size"))
        .with_some(fields.take("rootHash").map(|value| hash("root hash", value)));
    let hashes = fields.take("hashes").map_or(&[][..], items);
    let shown = Tree::list("hashes", hashes, |index, one| hash(&(index + 1).to_string(), one));
    let tree = tree.with(if hashes.is_empty() { shown.noting("none") } else { shown });
    let checkpoint = fields.take("checkpoint").map(|value| {
        let text = value.get("envelope").unwrap_or(value);
        match text.as_str() {
            Some(text) => note::note("checkpoint", text, scope),
            None => generic("checkpoint", value).noting("not a text"),
        }
    });
    fields.finish(tree.with_some(checkpoint))
}

fn hash(label: &str, value: &Value) -> Tree {
    let digits = value.as_str().filter(|text| text.len() == 64).and_then(|t| hex::decode(t).ok());
    match digits {
        Some(bytes) => Tree::bytes(label, bytes),
        None => base64_node(label, value),
    }
}

/// What was logged, in base64: the leaf of the tree.
fn logged(label: &str, value: &Value, scope: Scope) -> Tree {
    let Some(leaf) = value.as_str().and_then(decode) else {
        return generic(label, value).noting("not base64");
    };
    let tree = leaf_tree(label, &leaf, scope);
    tree.with(Tree::bytes("leaf hash", leaf_hash(&leaf)).noting("computed here"))
}

/// A leaf as a body, where it is one.
pub(crate) fn leaf_tree(label: &str, leaf: &[u8], scope: Scope) -> Tree {
    match serde_json::from_slice::<Value>(leaf) {
        Ok(value) => body(label, &value, scope).of_kind(Kind::EntryBody),
        Err(error) => Tree::bytes(label, leaf).noting(format_args!("not JSON: {error}")),
    }
}

/// `{uuid: {body, …}}`, or an array of such.
pub(super) fn rekor_answer(label: &str, value: &Value, scope: Scope) -> Tree {
    let all = items(value).iter().filter_map(Value::as_object).flatten();
    Tree::list(label, all, |_, (uuid, one)| answered(uuid, one, scope))
}

fn answered(uuid: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(uuid, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let mut tree = Tree::text("entry", uuid)
        .with_some(fields.node("logIndex", "log index"))
        .with_some(fields.node("logID", "log ID"))
        .with_some(fields.seconds("integratedTime", "integrated time", scope))
        .with_some(fields.take("body").map(|value| logged("body", value, scope)));
    if let Some(mut inner) = fields.take("verification").and_then(Fields::of) {
        tree = tree
            .with_some(inner.bytes("signedEntryTimestamp", "signed entry timestamp"))
            .with_some(inner.take("inclusionProof").map(|value| proof(value, scope)));
        tree.children.extend(inner.rest());
    }
    if let Some(attestation) = fields.take("attestation") {
        tree.push(clever("attestation", attestation, scope));
    }
    fields.finish(tree)
}
