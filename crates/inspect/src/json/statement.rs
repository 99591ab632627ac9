//! in-toto statements.

use serde_json::Value;

use super::fields::{Fields, items};
use crate::tree::Tree;

/// What is stated about what.
pub(super) fn statement(label: &str, value: &Value) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let mut tree = Tree::new(label).with_some(fields.node("_type", "type"));
    if let Some(list) = fields.take("subject") {
        let shown = Tree::list("subjects", items(list), |index, one| {
            subject(&format!("subject {}", index + 1), one)
        });
        tree.push(if items(list).is_empty() { shown.noting("none") } else { shown });
    }
    let tree = tree
        .with_some(fields.node("predicateType", "predicate type"))
        .with_some(fields.node("predicate", "predicate"));
    fields.finish(tree)
}

fn subject(label: &str, value: &Value) -> Tree {
    let mut fields = match Fields::or_generic(label, value) {
        Ok(fields) => fields,
        Err(tree) => return tree,
    };
    let tree = Tree::new(label)
        .with_some(fields.node("name", "name"))
        .with_some(fields.node("digest", "digest"));
    fields.finish(tree)
}
