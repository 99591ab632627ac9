//! Labelled values in a tree: lines for people, JSON for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// A value, or more values below it.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// Text, of one line or several.
    Leaf(String),
    /// JSON that came along, such as a predicate.
    Json(Value),
    /// Labelled values, in their order.
    Branch(Vec<(String, Tree)>),
    /// Values of one kind.
    List(Vec<Tree>),
}

impl Tree {
    /// A text.
    pub(super) fn leaf(value: impl std::fmt::Display) -> Self {
        Self::Leaf(value.to_string())
    }

    /// Labelled values; what is absent is left out.
    pub(super) fn branch<const N: usize>(parts: [(&str, Option<Self>); N]) -> Self {
        let there = |(label, part): (&str, Option<Self>)| Some((label.to_owned(), part?));
        Self::Branch(parts.into_iter().filter_map(there).collect())
    }

    /// The tree as one JSON document.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Leaf(text) => Value::from(text.as_str()),
            Self::Json(value) => value.clone(),
            Self::Branch(parts) => {
                let parts = parts.iter().map(|(label, part)| (camel(label), part.json()));
                Value::Object(parts.collect::<Map<_, _>>())
            }
            Self::List(items) => items.iter().map(Self::json).collect(),
        }
    }

    /// The tree as indented lines.
    pub(super) fn lines(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Branch(parts) => {
                for (label, part) in parts {
                    part.write_labelled(out, label, depth);
                }
            }
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.write_labelled(out, &(index + 1).to_string(), depth);
                }
            }
            Self::Leaf(text) => block(out, text, depth),
            Self::Json(value) => block(out, &format!("{value:#}"), depth),
        }
    }

    fn write_labelled(&self, out: &mut String, label: &str, depth: usize) {
        let indent = "  ".repeat(depth);
        match self {
            Self::Leaf(text) if !text.contains('\n') => {
                let _ = writeln!(out, "{indent}{label}: {text}");
            }
            _ => {
                let _ = writeln!(out, "{indent}{label}:");
                self.write(out, depth + 1);
            }
        }
    }
}

fn block(out: &mut String, text: &str, depth: usize) {
    let indent = "  ".repeat(depth);
    for line in text.trim_end().lines() {
        let _ = writeln!(out, "{indent}{line}");
    }
}

/// `log index` and `log-index` become `logIndex`.
fn camel(label: &str) -> String {
    let mut upper = false;
    let mut out = String::new();
    for c in label.chars() {
        match c {
            ' ' | '-' => upper = true,
            c if upper => {
                out.extend(c.to_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_reads_as_lines_and_as_json() {
        let tree = Tree::branch([
            ("log index", Some(Tree::leaf(7))),
            ("absent", None),
            ("note", Some(Tree::leaf("a\nb\n"))),
            ("items", Some(Tree::List(vec![Tree::leaf("x"), Tree::branch([])]))),
        ]);
        assert_eq!(tree.lines(), "log index: 7\nnote:\n  a\n  b\nitems:\n  1: x\n  2:\n");
        let json = serde_json::json!({"logIndex": "7", "note": "a\nb\n", "items": ["x", {}]});
        assert_eq!(tree.json(), json);
    }
}
