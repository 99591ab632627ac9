//! Trusted roots: whose signatures count, and when.

use serde_json::Value;

use super::bundle::certificate;
use super::fields::{Fields, base64_node, decode, generic, items};
use crate::der;
use crate::tree::Tree;
use crate::when::Scope;

/// A trusted root, v0.1 and later.
pub(super) fn trusted_root(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let mut tree = Tree::new(label).with_some(fields.node("mediaType", "media type"));
    for (name, label) in
        [("tlogs", "transparency logs"), ("ctlogs", "certificate transparency logs")]
    {
        if let Some(list) = fields.take(name) {
            tree.push(Tree::list(label, items(list), |index, one| {
                log(&format!("log {}", index + 1), one, scope)
            }));
        }
    }
    for (name, label) in [
        ("certificateAuthorities", "certificate authorities"),
        ("timestampAuthorities", "timestamp authorities"),
    ] {
        if let Some(list) = fields.take(name) {
            tree.push(Tree::list(label, items(list), |index, one| {
                authority(&format!("authority {}", index + 1), one, scope)
            }));
        }
    }
    fields.finish(tree)
}

/// `TransparencyLogInstance`.
fn log(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let id = |value: &Value, label: &str| match value.get("keyId") {
        Some(id) => base64_node(label, id),
        None => generic(label, value),
    };
    let tree = Tree::new(label)
        .with_some(fields.node("baseUrl", "URL"))
        .with_some(fields.node("hashAlgorithm", "hash algorithm"))
        .with_some(fields.take("logId").map(|value| id(value, "log ID")))
        .with_some(fields.take("checkpointKeyId").map(|value| id(value, "checkpoint key ID")))
        .with_some(fields.take("publicKey").map(|value| public_key(value, scope)))
        .with_some(fields.node("operator", "operator"));
    fields.finish(tree)
}

fn public_key(value: &Value, scope: Scope) -> Tree {
    const LABEL: &str = "public key";
    let mut fields = match Fields::or_generic(LABEL, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let key = match fields.take("rawBytes") {
        Some(raw) => match raw.as_str().and_then(decode) {
            Some(der) => der::public_key(LABEL, &der),
            None => generic(LABEL, raw).noting("not base64"),
        },
        None => Tree::new(LABEL).noting("without rawBytes"),
    };
    let key = key
        .with_some(fields.node("keyDetails", "key details"))
        .with_some(fields.take("validFor").map(|value| window(value, scope)));
    fields.finish(key)
}

/// `CertificateAuthority`.
fn authority(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let mut tree = Tree::new(label)
        .with_some(fields.node("subject", "subject"))
        .with_some(fields.node("uri", "URL"))
        .with_some(fields.take("validFor").map(|value| window(value, scope)))
        .with_some(fields.node("operator", "operator"));
    if let Some(chain) = fields.take("certChain") {
        let list = chain.get("certificates").map_or(&[][..], items);
        tree.push(Tree::list("certificate chain", list, |index, one| {
            certificate(&format!("certificate {}", index + 1), one, scope)
        }));
    }
    fields.finish(tree)
}

/// `TimeRange`: without an end it still counts.
pub(super) fn window(value: &Value, scope: Scope) -> Tree {
    const LABEL: &str = "valid for";
    let mut fields = match Fields::or_generic(LABEL, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let start = fields
        .text("start")
        .map(|text| scope.parsed(text, |scope, at| scope.begin("start", at), "start"));
    let end =
        fields.text("end").map(|text| scope.parsed(text, |scope, at| scope.end("end", at), "end"));
    let tree = Tree::new(LABEL);
    let tree =
        if end.is_none() { tree.noting("no end: it counts until further notice") } else { tree };
    fields.finish(tree.with_some(start).with_some(end))
}
