//! What holds for every leaf.

use lite_bundle::body::{Body, BodyError};
use lite_entries::{Rules, accept, kind_of, search_keys};
use proptest::prelude::*;
use serde_json::Value;

use crate::upstream::cases;

/// Canonical by another maker's canonicaliser, and read again by the reader of leaves.
fn holds(leaf: &[u8]) {
    let value: Value = serde_json::from_slice(leaf).unwrap();
    assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), leaf, "RFC 8785 says the same");
    let (kind, version) = kind_of(leaf).unwrap();
    match Body::parse(&kind, &version, leaf) {
        Ok(_) | Err(BodyError::UnknownKind) => {}
        Err(why) => panic!("{kind} {version}: {why}"),
    }
    assert!(!search_keys(leaf).is_empty());
}

#[test]
fn leaves_are_canonical_and_read_again() {
    for case in cases() {
        if let Ok(accepted) = accept(case.proposed.as_bytes(), &Rules::default()) {
            holds(&accepted.leaf);
        }
    }
}

#[test]
fn members_in_another_order_and_spaces_between_them_make_the_same_leaf() {
    for case in cases() {
        let Some(leaf) = case.leaf() else { continue };
        let value: Value = serde_json::from_str(&case.proposed).unwrap();
        for text in [value.to_string(), format!("\n{value:#}\n"), escaped(&value)] {
            let accepted = accept(text.as_bytes(), &Rules::default()).unwrap();
            assert_eq!(String::from_utf8(accepted.leaf).unwrap(), leaf, "{}", case.name);
        }
    }
}

/// Each letter `a` in a string as an escape.
fn escaped(value: &Value) -> String {
    match value {
        Value::String(text) => Value::String(text.clone()).to_string().replace('a', "\\u0061"),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(escaped).collect::<Vec<_>>().join(","))
        }
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("\"{name}\":{}", escaped(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A request with a byte or two changed is refused, or makes a leaf that holds.
    #[test]
    fn a_changed_request_is_refused_or_makes_a_good_leaf(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
    ) {
        let cases = cases();
        let mut proposed = which.get(&cases).proposed.clone().into_bytes();
        for (at, byte) in changes {
            let at = at.index(proposed.len());
            proposed[at] = byte;
        }
        if let Ok(accepted) = accept(&proposed, &Rules::default()) {
            holds(&accepted.leaf);
        }
        let _ = search_keys(&proposed);
    }
}
