//! A tree as lines, and as data.
//!
//! `siglite tree` keeps cosign's form, word for word; this one is ours.

use lite_inspect::{Tree, escape};
use owo_colors::{OwoColorize as _, Style};
use serde_json::{Map, Value, json};

/// The tree as lines, below a line that says what it is. All text in it is escaped.
pub(super) fn lines(tree: &Tree, name: &str, full: bool, colour: bool) -> String {
    let pen = Pen { full, colour };
    let what = tree.kind.map_or("document", lite_inspect::Kind::name);
    let mut out = format!("{}: {}", pen.paint(what, Style::new().bold()), escape(name));
    pen.note(&mut out, tree);
    out.push('\n');
    pen.children(&mut out, tree, "");
    out
}

#[derive(Clone, Copy)]
struct Pen {
    full: bool,
    colour: bool,
}

impl Pen {
    fn paint(self, text: &str, style: Style) -> String {
        if self.colour { text.style(style).to_string() } else { text.to_owned() }
    }

    fn children(self, out: &mut String, tree: &Tree, margin: &str) {
        let dim = Style::new().dimmed();
        let last = tree.children.len().saturating_sub(1);
        for (index, child) in tree.children.iter().enumerate() {
            let (branch, below) =
                if index == last { ("└── ", "    ") } else { ("├── ", "│   ") };
            out.push_str(&self.paint(&format!("{margin}{branch}"), dim));
            self.node(out, child);
            self.children(out, child, &format!("{margin}{below}"));
        }
    }

    fn node(self, out: &mut String, tree: &Tree) {
        match &tree.value {
            Some(value) => {
                out.push_str(&self.paint(&format!("{}:", tree.label), Style::new().dimmed()));
                out.push(' ');
                out.push_str(&value.shown(self.full));
            }
            None => out.push_str(&self.paint(&tree.label, Style::new().bold())),
        }
        self.note(out, tree);
        out.push('\n');
    }

    fn note(self, out: &mut String, tree: &Tree) {
        if let Some(note) = &tree.note {
            out.push_str("  ");
            out.push_str(&self.paint(&format!("({note})"), Style::new().yellow()));
        }
    }
}

/// The tree as data: what is absent is left out, and every value is whole.
pub(super) fn json(tree: &Tree) -> Value {
    let mut node = Map::new();
    if let Some(kind) = tree.kind {
        node.insert("kind".to_owned(), kind.id().into());
    }
    node.insert("label".to_owned(), tree.label.as_str().into());
    if let Some(value) = &tree.value {
        node.insert("value".to_owned(), value.shown(true).into());
    }
    if let Some(note) = &tree.note {
        node.insert("note".to_owned(), note.as_str().into());
    }
    if let Some(span) = tree.span {
        node.insert("offset".to_owned(), json!(span.offset));
        node.insert("length".to_owned(), json!(span.length));
    }
    if !tree.children.is_empty() {
        node.insert("children".to_owned(), tree.children.iter().map(json).collect());
    }
    Value::Object(node)
}

#[cfg(test)]
mod tests {
    use lite_inspect::{Span, Value as Shown};

    use super::*;

    fn tree() -> Tree {
        let node = |label: &str| Tree { label: label.into(), ..Tree::default() };
        let leaf = Tree {
            value: Some(Shown::Text("v".into())),
            note: Some("n".into()),
            span: Some(Span { offset: 4, length: 2 }),
            ..node("leaf")
        };
        let branch = Tree { children: vec![leaf.clone()], ..node("branch") };
        Tree { children: vec![branch, leaf], ..node("top") }
    }

    #[test]
    fn branches_hang_together() {
        assert_eq!(
            lines(&tree(), "f\u{1b}", false, false),
            "document: f\\u{1b}\n├── branch\n│   └── leaf: v  (n)\n└── leaf: v  (n)\n"
        );
        assert!(lines(&tree(), "f", false, true).contains("\u{1b}[2m"));
    }

    #[test]
    fn data_has_labels_values_and_places() {
        let leaf = json!({"label": "leaf", "value": "v", "note": "n", "offset": 4, "length": 2});
        let wanted = json!({"label": "top", "children": [
            {"label": "branch", "children": [leaf]},
            leaf,
        ]});
        assert_eq!(json(&tree()), wanted);
    }
}
