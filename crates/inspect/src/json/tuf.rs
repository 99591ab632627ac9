//! TUF metadata of the four roles.

use std::collections::BTreeMap;

use lite_tuf::canonical;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::fields::{Fields, generic, items};
use crate::pem;
use crate::tree::Tree;
use crate::when::Scope;

/// `{signatures, signed}`.
pub(super) fn metadata(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let signed = fields.take("signed");
    let roles = signed.map(roles_of_keys).unwrap_or_default();
    let mut tree = Tree::new(label);
    if let Some(mut inner) = signed.and_then(Fields::of) {
        tree = tree
            .with_some(inner.node("_type", "role"))
            .with_some(inner.node("version", "version"))
            .with_some(inner.take("expires").map(|value| match value.as_str() {
                Some(text) => scope.parsed(text, |scope, at| scope.end("expires", at), "expires"),
                None => generic("expires", value),
            }))
            .with_some(inner.node("spec_version", "TUF version"))
            .with_some(inner.node("consistent_snapshot", "consistent snapshots"))
            .with_some(inner.take("roles").map(thresholds))
            .with_some(inner.take("keys").map(|value| keys("keys", value, scope)))
            .with_some(inner.take("targets").map(|value| files("targets", value)))
            .with_some(inner.take("meta").map(|value| files("metadata", value)))
            .with_some(inner.take("delegations").map(|value| delegations(value, scope)));
        tree.children.extend(inner.rest());
    }
    if let Some(list) = fields.take("signatures") {
        let shown = Tree::list("signatures", items(list), |_, one| signature(one, &roles));
        tree.push(if items(list).is_empty() { shown.noting("none") } else { shown });
    }
    fields.finish(tree)
}

/// The roles that each key signs for, where the document says so.
fn roles_of_keys(signed: &Value) -> BTreeMap<&str, Vec<&str>> {
    let mut of_keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let roles = signed.get("roles").and_then(Value::as_object).into_iter().flatten();
    for (role, what) in roles {
        let ids = what.get("keyids").and_then(Value::as_array).into_iter().flatten();
        for id in ids.filter_map(Value::as_str) {
            of_keys.entry(id).or_default().push(role);
        }
    }
    of_keys
}

fn signature(value: &Value, roles: &BTreeMap<&str, Vec<&str>>) -> Tree {
    let Some(mut fields) = Fields::of(value) else { return generic("signature", value) };
    let id = fields.text("keyid").unwrap_or_default();
    let sig = fields.take("sig");
    let tree = match sig.and_then(Value::as_str).map(|text| (text, hex::decode(text))) {
        Some(("", _)) => Tree::new("signature").with_text("").noting("empty: not signed yet"),
        Some((_, Ok(bytes))) => Tree::bytes("signature", bytes),
        Some((text, Err(_))) => Tree::text("signature", text).noting("not hexadecimal digits"),
        None => Tree::new("signature").noting("without sig"),
    };
    let listed = roles.get(id).map(|roles| format!("a key of {}", roles.join(", ")));
    let key = Tree::text("key ID", id).noting_some(listed);
    fields.finish(Tree::new(short("by", id)).with(key).with(tree))
}

fn short(word: &str, id: &str) -> String {
    let head: String = id.chars().take(8).collect();
    format!("{word} {head}")
}

fn thresholds(value: &Value) -> Tree {
    let roles = value.as_object().into_iter().flatten();
    Tree::list("roles", roles, |_, (name, role)| threshold(name, role))
}

/// `{keyids, threshold}`.
fn threshold(name: &str, value: &Value) -> Tree {
    let Some(mut fields) = Fields::of(value) else { return generic(name, value) };
    let needed = fields.take("threshold").and_then(Value::as_u64);
    let ids = fields.take("keyids").map_or(&[][..], items);
    let mut tree = Tree::new(name);
    if let Some(needed) = needed {
        tree = tree.with_text(format_args!("{needed} of {} keys", ids.len()));
        if usize::try_from(needed).is_ok_and(|needed| needed > ids.len()) {
            tree = tree.noting("more than there are");
        }
    }
    tree.children.extend(Tree::list("", ids, |_, id| generic("key ID", id)).children);
    fields.finish(tree)
}

fn keys(label: &str, value: &Value, scope: Scope) -> Tree {
    let keys = value.as_object().into_iter().flatten();
    Tree::list(label, keys, |_, (id, one)| key(id, one, scope))
}

fn key(id: &str, value: &Value, scope: Scope) -> Tree {
    let label = short("key", id);
    let Some(mut fields) = Fields::of(value) else { return generic(&label, value) };
    // The ID should be the hash of the key; other writers hashed other fields in.
    let own = canonical(value).ok().map(|bytes| hex::encode(Sha256::digest(bytes)));
    let named = Tree::text("key ID", id);
    let named = if own.as_deref() == Some(id) {
        named
    } else {
        named.noting("not the SHA-256 of the key as it stands here")
    };
    let tree = Tree::new(label)
        .with(named)
        .with_some(fields.node("keytype", "type"))
        .with_some(fields.node("scheme", "scheme"));
    let public =
        fields.take("keyval").map(|value| match value.get("public").and_then(Value::as_str) {
            Some(text) if text.contains("-----BEGIN ") => pem::file("public key", text, scope),
            Some(text) => match hex::decode(text) {
                Ok(bytes) => Tree::bytes("public key", bytes),
                Err(_) => Tree::text("public key", text),
            },
            None => generic("public key", value),
        });
    fields.finish(tree.with_some(public))
}

/// Target files, or metadata files: name, length, hashes, version.
fn files(label: &str, value: &Value) -> Tree {
    let files = value.as_object().into_iter().flatten();
    Tree::list(label, files, |_, (name, one)| {
        let Some(mut fields) = Fields::of(one) else { return generic(name, one) };
        let tree = Tree::new(name)
            .with_some(fields.node("version", "version"))
            .with_some(fields.take("length").map(|value| generic("length", value).noting("bytes")));
        let mut tree = tree;
        if let Some(hashes) = fields.take("hashes") {
            tree.children.extend(generic("", hashes).children);
        }
        tree = tree.with_some(fields.node("custom", "custom"));
        fields.finish(tree)
    })
}

fn delegations(value: &Value, scope: Scope) -> Tree {
    const LABEL: &str = "delegations";
    let Some(mut fields) = Fields::of(value) else { return generic(LABEL, value) };
    let tree = Tree::new(LABEL).with_some(fields.take("keys").map(|v| keys("keys", v, scope)));
    let roles = fields.take("roles").map(|list| {
        Tree::list("roles", items(list), |_, one| {
            let name = one.get("name").and_then(Value::as_str).unwrap_or("role");
            threshold(name, one)
        })
    });
    fields.finish(tree.with_some(roles))
}
