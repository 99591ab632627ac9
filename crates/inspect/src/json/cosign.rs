//! What older versions of cosign wrote beside a signature: a promise of Rekor's, a timestamp.

use serde_json::Value;

use super::entry::leaf_tree;
use super::fields::{Fields, base64_node, clever, decode, generic};
use crate::der;
use crate::pem;
use crate::tree::Tree;
use crate::when::Scope;

/// `{base64Signature, cert, rekorBundle}`, or the promise or the timestamp alone.
pub(super) fn bundle(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let mut tree = Tree::new(label)
        .with_some(fields.take("base64Signature").map(|value| base64_node("signature", value)));
    if let Some(value) = fields.take("cert") {
        tree.push(match value.as_str() {
            Some(text) if text.contains("-----BEGIN ") => pem::file("certificate", text, scope),
            _ => clever("certificate", value, scope),
        });
    }
    if let Some(value) = fields.take("rekorBundle") {
        tree.push(bundle("promise of the log", value, scope));
    }
    tree = tree.with_some(fields.bytes("SignedEntryTimestamp", "signed entry timestamp"));
    if let Some(payload) = fields.take("Payload") {
        tree.push(promised(payload, scope));
    }
    if let Some(value) = fields.take("SignedRFC3161Timestamp") {
        tree.push(match value.as_str().and_then(decode) {
            Some(der) => der::timestamp_response("timestamp", &der, scope),
            None => generic("timestamp", value).noting("not base64"),
        });
    }
    fields.finish(tree)
}

fn promised(value: &Value, scope: Scope) -> Tree {
    const LABEL: &str = "promised entry";
    let Some(mut fields) = Fields::of(value) else { return generic(LABEL, value) };
    let mut tree = Tree::new(LABEL)
        .with_some(fields.node("logIndex", "log index"))
        .with_some(fields.node("logID", "log ID"))
        .with_some(fields.seconds("integratedTime", "integrated time", scope));
    if let Some(body) = fields.take("body") {
        tree.push(match body.as_str().and_then(decode) {
            Some(leaf) => leaf_tree("body", &leaf, scope),
            None => generic("body", body).noting("not base64"),
        });
    }
    fields.finish(tree)
}
