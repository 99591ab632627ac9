//! What an inspection shows: labelled values in a tree.
//!
//! **Invariant:** every text that reaches a tree is escaped on the way in, so that no renderer can
//! forget it: what somebody else wrote must not move a cursor or turn a line around.

use std::fmt::{Display, Write as _};

use sha2::{Digest, Sha256};

use crate::kind::Kind;

/// The most children of a node that are shown one by one.
pub const MAX_CHILDREN: usize = 256;
/// The longest text that is shown whole unless everything is asked for, in characters.
const SHOWN_CHARACTERS: usize = 160;
/// The longest bytes that are shown whole unless everything is asked for.
const SHOWN_BYTES: usize = 32;
/// How many bytes of longer ones are shown.
const HEAD_BYTES: usize = 16;
/// From this length on, shortened bytes carry their SHA-256, by which two can be compared.
const HASHED_BYTES: usize = 256;

/// A node: a label, a value, and what is below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// What a document of its own this is, where it is one.
    pub kind: Option<Kind>,
    /// What the value is.
    pub label: String,
    /// The value, where the node is more than a heading.
    pub value: Option<Value>,
    /// What there is to say about the value, such as that a time has passed.
    pub note: Option<String>,
    /// Where it stands in the DER around it.
    pub span: Option<Span>,
    /// What it is made of.
    pub children: Vec<Tree>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One line of text, escaped.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A place in a DER document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Of the first byte, the tag, from the start of the DER document.
    pub offset: usize,
    /// In bytes, tag and length among them.
    pub length: usize,
}

impl Value {
    /// The value as one line: the whole of it, or what a person needs to tell it from another.
    #[must_use]
    pub fn shown(&self, full: bool) -> String {
        match self {
            Self::Text(text) if full => text.clone(),
            Self::Text(text) => match text.char_indices().nth(SHOWN_CHARACTERS) {
                Some((end, _)) => {
                    format!("{}… ({} characters)", &text[..end], text.chars().count())
                }
                None => text.clone(),
            },
            Self::Bytes(bytes) if full || bytes.len() <= SHOWN_BYTES => hex::encode(bytes),
            Self::Bytes(bytes) => {
                let head = hex::encode(&bytes[..HEAD_BYTES]);
                let length = bytes.len();
                if length < HASHED_BYTES {
                    format!("{head}… ({length} bytes)")
                } else {
                    let digest = hex::encode(Sha256::digest(bytes));
                    format!("{head}… ({length} bytes, sha256:{digest})")
                }
            }
        }
    }
}

impl Tree {
    /// A heading.
    pub(crate) fn new(label: impl AsRef<str>) -> Self {
        Self { label: escape(label.as_ref()), ..Self::default() }
    }

    /// A label with a text.
    pub(crate) fn text(label: impl AsRef<str>, value: impl Display) -> Self {
        Self::new(label).with_text(value)
    }

    /// A label with bytes.
    pub(crate) fn bytes(label: impl AsRef<str>, value: impl Into<Vec<u8>>) -> Self {
        Self { value: Some(Value::Bytes(value.into())), ..Self::new(label) }
    }

    /// What could not be read, and why.
    pub(crate) fn unreadable(label: impl AsRef<str>, why: impl Display) -> Self {
        Self::new(label).noting(format_args!("unreadable: {why}"))
    }

    /// One node an item, and how many more there are than are shown.
    pub(crate) fn list<T>(
        label: impl AsRef<str>,
        items: impl IntoIterator<Item = T>,
        mut node: impl FnMut(usize, T) -> Self,
    ) -> Self {
        let mut tree = Self::new(label);
        let mut more = 0_usize;
        for (index, item) in items.into_iter().enumerate() {
            if index < MAX_CHILDREN {
                tree.push(node(index, item));
            } else {
                more += 1;
            }
        }
        if more > 0 {
            tree.push(Self::new(format!("… and {more} more")));
        }
        tree
    }

    pub(crate) fn with_text(mut self, value: impl Display) -> Self {
        self.value = Some(Value::Text(escape(&value.to_string())));
        self
    }

    pub(crate) fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Adds a remark behind those that are there.
    pub(crate) fn noting(mut self, note: impl Display) -> Self {
        let note = escape(&note.to_string());
        self.note = Some(match self.note.take() {
            Some(before) => format!("{before}; {note}"),
            None => note,
        });
        self
    }

    pub(crate) fn noting_some(self, note: Option<impl Display>) -> Self {
        match note {
            Some(note) => self.noting(note),
            None => self,
        }
    }

    pub(crate) const fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    pub(crate) fn push(&mut self, child: Self) {
        self.children.push(child);
    }

    pub(crate) fn with(mut self, child: Self) -> Self {
        self.push(child);
        self
    }

    pub(crate) fn with_some(mut self, child: Option<Self>) -> Self {
        self.children.extend(child);
        self
    }

    /// Gives it another label.
    pub(crate) fn named(mut self, label: impl AsRef<str>) -> Self {
        self.label = escape(label.as_ref());
        self
    }

    /// The first node with this label on the way down, itself first.
    #[must_use]
    pub fn find(&self, label: &str) -> Option<&Self> {
        if self.label == label {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(label))
    }

    /// How many nodes there are, itself among them.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.children.iter().map(Self::count).sum::<usize>()
    }
}

/// The text with every control character, and every one that is not seen or reorders others,
/// written out. Line ends too: a value is one line.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            hidden if is_hidden(hidden) => {
                let _ = write!(out, "{}", hidden.escape_unicode());
            }
            seen => out.push(seen),
        }
    }
    out
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_moves_the_cursor() {
        assert_eq!(escape("a\u{1b}[2Jb\r\nc"), "a\\u{1b}[2Jb\\r\\nc");
        assert_eq!(escape("a\u{202e}b\u{2066}c\u{200b}d"), "a\\u{202e}b\\u{2066}c\\u{200b}d");
        let tree = Tree::text("la\u{9b}bel", "va\u{7f}lue").noting("no\u{7}te");
        assert_eq!(tree.label, "la\\u{9b}bel");
        assert_eq!(tree.value, Some(Value::Text("va\\u{7f}lue".into())));
        assert_eq!(tree.note.as_deref(), Some("no\\u{7}te"));
    }

    #[test]
    fn long_values_are_shortened_with_their_length() {
        assert_eq!(Value::Bytes(vec![1, 2]).shown(false), "0102");
        let long = Value::Bytes(vec![0xab; 64]);
        assert_eq!(long.shown(false), format!("{}… (64 bytes)", "ab".repeat(16)));
        assert_eq!(long.shown(true), "ab".repeat(64));
        assert!(Value::Bytes(vec![0; 256]).shown(false).contains("256 bytes, sha256:"));
        let text = Value::Text("é".repeat(200));
        assert_eq!(text.shown(false), format!("{}… (200 characters)", "é".repeat(160)));
    }

    #[test]
    fn a_long_list_says_how_many_more() {
        let tree = Tree::list("l", 0..MAX_CHILDREN + 12, |_, n| Tree::text("n", n));
        assert_eq!(tree.children.len(), MAX_CHILDREN + 1);
        assert_eq!(tree.children[MAX_CHILDREN].label, "… and 12 more");
    }
}
