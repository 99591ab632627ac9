//! The fields of an object: the known ones one by one, and then what is left.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::pem;
use crate::recognise::{self, Content};
use crate::tree::Tree;
use crate::when::Scope;

/// The most nodes that one piece of unknown JSON becomes.
const MAX_NODES: usize = 5000;
/// The deepest that unknown JSON is shown.
const MAX_DEPTH: usize = 32;

/// The fields of an object, some of them taken.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    taken: BTreeSet<&'a str>,
}

impl<'a> Fields<'a> {
    /// `None` where the value is no object.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        Some(Self { map: value.as_object()?, taken: BTreeSet::new() })
    }

    /// The fields, or what is there instead as a tree.
    #[expect(clippy::result_large_err, reason = "the tree goes straight into its parent")]
    pub(crate) fn or_generic(label: &str, value: &'a Value) -> Result<Self, Tree> {
        Self::of(value).ok_or_else(|| generic(label, value).noting("an object should stand here"))
    }

    /// A field by its `camelCase` name, or the same in `snake_case`, as protocol buffers allow.
    /// `null` is absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a Value> {
        let (key, value) =
            self.map.get_key_value(name).or_else(|| self.map.get_key_value(&snake(name)))?;
        self.taken.insert(key);
        (!value.is_null()).then_some(value)
    }

    /// A field as a node of its own, whatever is in it.
    pub(crate) fn node(&mut self, name: &str, label: &str) -> Option<Tree> {
        Some(generic(label, self.take(name)?))
    }

    /// A field that is text.
    pub(crate) fn text(&mut self, name: &str) -> Option<&'a str> {
        self.take(name)?.as_str()
    }

    /// A field with bytes in base64.
    pub(crate) fn bytes(&mut self, name: &str, label: &str) -> Option<Tree> {
        Some(base64_node(label, self.take(name)?))
    }

    /// A field with a number of seconds since the Unix epoch, as a number or as text.
    pub(crate) fn seconds(&mut self, name: &str, label: &str, scope: Scope) -> Option<Tree> {
        let value = self.take(name)?;
        Some(match whole(value) {
            Some(seconds) => scope
                .moment(label, lite_time::Time::from_secs(seconds))
                .noting(format_args!("{seconds} s")),
            None => generic(label, value).noting("not a number of seconds"),
        })
    }

    /// What was not taken.
    pub(crate) fn rest(self) -> Vec<Tree> {
        let left = self.map.iter().filter(|(key, _)| !self.taken.contains(key.as_str()));
        let shown = Tree::list("", left, |_, (key, value)| generic(key, value));
        shown.children
    }

    /// Puts what was not taken below a tree.
    pub(crate) fn finish(self, mut tree: Tree) -> Tree {
        tree.children.extend(self.rest());
        tree
    }
}

/// A whole number, as JSON or as protocol buffers write it.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}

/// The array in a value; a lone value is an array of one.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// Base64 of either alphabet, padded or not.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// A value that should be bytes in base64.
pub(crate) fn base64_node(label: &str, value: &Value) -> Tree {
    match value.as_str().map(decode) {
        Some(Some(bytes)) => Tree::bytes(label, bytes),
        _ => generic(label, value).noting("not base64"),
    }
}

/// JSON as it is, within limits.
pub(crate) fn generic(label: &str, value: &Value) -> Tree {
    let mut budget = MAX_NODES;
    walk(label, value, 0, &mut budget, &|_, _| None)
}

/// JSON in which well-known fields hold keys, certificates and signatures in base64.
pub(crate) fn clever(label: &str, value: &Value, scope: Scope) -> Tree {
    let mut budget = MAX_NODES;
    walk(label, value, 0, &mut budget, &|label, text| encoded(label, text, scope))
}

fn walk(
    label: &str,
    value: &Value,
    depth: usize,
    budget: &mut usize,
    special: &dyn Fn(&str, &str) -> Option<Tree>,
) -> Tree {
    let tree = Tree::new(label);
    let inside = !matches!(value, Value::Array(_) | Value::Object(_));
    *budget = budget.saturating_sub(1);
    if !inside && (depth == MAX_DEPTH || *budget == 0) {
        return tree.noting("there is more below; it is not shown");
    }
    match value {
        Value::Null => tree.with_text("null"),
        Value::Bool(flag) => tree.with_text(flag),
        Value::Number(number) => tree.with_text(number),
        Value::String(text) => special(label, text).unwrap_or_else(|| tree.with_text(text)),
        Value::Array(items) => {
            let shown = Tree::list(label, items, |index, item| {
                walk(&(index + 1).to_string(), item, depth + 1, budget, special)
            });
            if items.is_empty() { shown.noting("empty") } else { shown }
        }
        Value::Object(map) => {
            let shown = Tree::list(label, map, |_, (key, item)| {
                walk(key, item, depth + 1, budget, special)
            });
            if map.is_empty() { shown.noting("empty") } else { shown }
        }
    }
}

/// What a field of a log entry holds: PEM in base64, DER in base64, a signature in base64.
fn encoded(label: &str, text: &str, scope: Scope) -> Option<Tree> {
    /// Base64 of `-----BEGIN `.
    const PEM: &str = "LS0tLS1CRUdJTi";
    if text.starts_with(PEM) {
        let inner = String::from_utf8(decode(text)?).ok()?;
        return Some(pem::file(label, &inner, scope));
    }
    if text.starts_with("-----BEGIN ") {
        return Some(pem::file(label, text, scope));
    }
    match label {
        "rawBytes" => {
            let der = decode(text)?;
            Some(match recognise::der(&der) {
                Ok(kind) => crate::render(kind, label, &Content::Der(der), scope),
                Err(_) => Tree::bytes(label, der),
            })
        }
        "content"
        | "signature"
        | "sig"
        | "digest"
        | "signedEntryTimestamp"
        | "SignedEntryTimestamp" => Some(Tree::bytes(label, decode(text)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn deep_and_wide_json_ends() {
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        assert!(generic("x", &deep).count() < 40);
        let wide = json!(vec![vec![0; 300]; 300]);
        assert!(generic("x", &wide).count() < 2 * MAX_NODES);
    }

    #[test]
    fn fields_are_found_in_both_spellings_and_the_rest_is_shown() {
        let value = json!({"log_index": "7", "other": 1, "none": null});
        let mut fields = Fields::of(&value).unwrap();
        assert_eq!(fields.text("logIndex"), Some("7"));
        assert!(fields.take("none").is_none());
        let rest = fields.rest();
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].label, "other");
    }

    #[test]
    fn base64_is_read_in_all_four_forms() {
        for text in ["-_-_", "+/+/", "AQ", "AQ=="] {
            assert!(decode(text).is_some(), "{text}");
        }
        assert!(decode("A").is_none());
    }
}
