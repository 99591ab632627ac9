//! DSSE envelopes.

use serde_json::Value;

use super::fields::{Fields, base64_node, clever, decode, generic, items};
use super::statement::statement;
use crate::kind::Kind;
use crate::pem;
use crate::tree::Tree;
use crate::when::Scope;

/// An envelope, with the statement in it opened.
pub(super) fn envelope(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let kind = fields.node("payloadType", "payload type");
    let payload = fields.take("payload").map(payload);
    let mut tree = Tree::new(label).with_some(kind).with_some(payload);
    if let Some(list) = fields.take("signatures") {
        let shown = Tree::list("signatures", items(list), |index, one| {
            signature(&format!("signature {}", index + 1), one, scope)
        });
        tree.push(if items(list).is_empty() { shown.noting("none") } else { shown });
    }
    fields.finish(tree)
}

fn payload(value: &Value) -> Tree {
    let Some(bytes) = value.as_str().and_then(decode) else {
        return generic("payload", value).noting("not base64");
    };
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(json) if json.get("predicateType").is_some() => {
            statement("statement", &json).of_kind(Kind::Statement)
        }
        Ok(json) => generic("payload", &json),
        Err(_) => Tree::bytes("payload", bytes).noting("not JSON"),
    }
}

fn signature(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let tree = Tree::new(label)
        .with_some(fields.node("keyid", "key ID"))
        .with_some(fields.take("sig").map(|value| base64_node("signature", value)));
    let certificate = fields.take("cert").map(|value| match value.as_str() {
        Some(text) if text.contains("-----BEGIN ") => pem::file("certificate", text, scope),
        _ => clever("certificate", value, scope),
    });
    fields.finish(tree.with_some(certificate))
}
