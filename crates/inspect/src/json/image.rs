//! Image manifests and indexes, and what cosign hangs on them.

use serde_json::Value;

use super::cosign;
use super::fields::{Fields, base64_node, generic, items};
use crate::kind::Kind;
use crate::pem;
use crate::tree::Tree;
use crate::when::Scope;

/// A manifest or an index: both are descriptors and annotations.
pub(super) fn manifest(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let one = |value: &Value, label: &str| descriptor(label, value, scope);
    let mut tree = Tree::new(label)
        .with_some(fields.node("schemaVersion", "schema version"))
        .with_some(fields.node("mediaType", "media type"))
        .with_some(fields.node("artifactType", "artifact type"))
        .with_some(fields.take("subject").map(|value| one(value, "subject")))
        .with_some(fields.take("config").map(|value| one(value, "configuration")));
    for (name, label, item) in
        [("layers", "layers", "layer"), ("manifests", "manifests", "manifest")]
    {
        if let Some(list) = fields.take(name) {
            tree.push(Tree::list(label, items(list), |index, value| {
                one(value, &format!("{item} {}", index + 1))
            }));
        }
    }
    let notes = fields.take("annotations").map(|value| annotations(value, scope));
    fields.finish(tree.with_some(notes))
}

fn descriptor(label: &str, value: &Value, scope: Scope) -> Tree {
    let Some(mut fields) = Fields::of(value) else { return generic(label, value) };
    let tree = Tree::new(label)
        .with_some(fields.node("mediaType", "media type"))
        .with_some(fields.node("digest", "digest"))
        .with_some(fields.take("size").map(|value| generic("size", value).noting("bytes")))
        .with_some(fields.node("artifactType", "artifact type"))
        .with_some(fields.take("platform").map(platform))
        .with_some(fields.take("annotations").map(|value| annotations(value, scope)));
    fields.finish(tree)
}

fn platform(value: &Value) -> Tree {
    let part = |name| value.get(name).and_then(Value::as_str);
    let parts = [part("os"), part("architecture"), part("variant")];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    Tree::text("platform", parts.join("/"))
}

/// cosign keeps certificates, signatures and promises of its older format here.
fn annotations(value: &Value, scope: Scope) -> Tree {
    let all = value.as_object().into_iter().flatten();
    Tree::list("annotations", all, |_, (name, value)| annotation(name, value, scope))
}

fn annotation(name: &str, value: &Value, scope: Scope) -> Tree {
    let Some(text) = value.as_str() else { return generic(name, value) };
    let parsed = || serde_json::from_str::<Value>(text).ok();
    match name {
        "dev.cosignproject.cosign/signature" => base64_node(name, value),
        "dev.sigstore.cosign/certificate" | "dev.sigstore.cosign/chain"
            if text.contains("-----BEGIN ") =>
        {
            pem::file(name, text, scope)
        }
        "dev.sigstore.cosign/bundle" | "dev.sigstore.cosign/rfc3161timestamp" => match parsed() {
            Some(json) => cosign::bundle(name, &json, scope).of_kind(Kind::CosignBundle),
            None => Tree::text(name, text).noting("not JSON"),
        },
        _ => Tree::text(name, text),
    }
}

/// What cosign's older format signs: the digest of an image, and a name that is only a claim.
pub(super) fn simple_signing(label: &str, value: &Value) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let critical = fields.take("critical");
    let part = |path: &str| critical.and_then(|value| value.pointer(path));
    let tree = Tree::new(label)
        .with_some(part("/type").map(|value| generic("type", value)))
        .with_some(part("/image/docker-manifest-digest").map(|v| generic("image digest", v)))
        .with_some(part("/identity/docker-reference").map(|value| {
            generic("image name", value)
                .noting("a claim of the signer's; the digest is what counts")
        }))
        .with_some(fields.node("optional", "optional"));
    fields.finish(tree)
}
