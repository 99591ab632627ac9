//! Bodies of log entries: what exactly was logged.

use serde_json::Value;

use super::fields::{Fields, clever};
use crate::tree::Tree;
use crate::when::Scope;

/// A body of any kind: `{apiVersion, kind, spec}`, with keys and certificates opened.
pub(crate) fn body(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let kind = fields.node("kind", "kind");
    let version = fields.node("apiVersion", "version");
    let mut tree = Tree::new(label).with_some(kind).with_some(version);
    if let Some(spec) = fields.take("spec") {
        tree.children.extend(clever("", unwrapped(spec), scope).children);
    }
    fields.finish(tree)
}

/// Rekor v2 puts the fields under the name of the kind, alone: `{"hashedRekordV002": {…}}`.
fn unwrapped(spec: &Value) -> &Value {
    let only = spec.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
    match only {
        Some((name, inner)) if name.contains("V0") && inner.is_object() => inner,
        _ => spec,
    }
}
