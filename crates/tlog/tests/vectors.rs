//! Proofs of RFC 6962 and RFC 9162 as another implementation's testers wrote them, the wrong ones
//! above all: see `vectors/README.md`.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_tlog::{Hash, verify_consistency, verify_inclusion};
use serde_json::Value;

/// One vector: its values by name.
struct Vector(Value);

impl Vector {
    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap()
    }

    /// `None` for what is no hash: nothing that has another length can be handed to us.
    fn hash(&self, name: &str) -> Option<Hash> {
        hash(&self.0[name])
    }

    fn proof(&self) -> Option<Vec<Hash>> {
        let hashes = self.0["proof"].as_array().map(Vec::as_slice).unwrap_or_default();
        hashes.iter().map(hash).collect()
    }
}

fn hash(value: &Value) -> Option<Hash> {
    STANDARD.decode(value.as_str()?).ok()?.try_into().ok()
}

/// Theirs proves nothing about the empty tree, as RFC 9162 asks for `0 < m`. Ours says that every tree
/// begins with it, where its root is the empty root and the proof is empty.
const FROM_NOTHING: &str = "consistency/additional/size1-is-zero-and-size2-is-not-zero";

/// Counts the vectors that must verify and those that must not, and holds `verify` to both.
#[track_caller]
fn check(lines: &str, verify: impl Fn(&Vector) -> Option<bool>) -> (usize, usize) {
    let (mut good, mut bad, mut other_length) = (0, 0, 0);
    for line in lines.lines() {
        let vector = Vector(serde_json::from_str(line).unwrap());
        if vector.0["file"] == FROM_NOTHING {
            continue;
        }
        let wrong = vector.0["wantErr"].as_bool().unwrap();
        *if wrong { &mut bad } else { &mut good } += 1;
        match verify(&vector) {
            Some(verifies) => assert_eq!(verifies, !wrong, "{line}"),
            // A root of another length, of which theirs only asks whether it is the other root.
            None => other_length += 1,
        }
    }
    assert!(other_length < good + bad, "no vector can be read");
    (good, bad)
}

#[test]
fn inclusion() {
    let tally = check(include_str!("vectors/inclusion.jsonl"), |vector| {
        let (leaf, root) = (vector.hash("leafHash")?, vector.hash("root")?);
        let (index, size) = (vector.number("leafIdx"), vector.number("treeSize"));
        Some(verify_inclusion(&leaf, index, size, &vector.proof()?, &root).is_ok())
    });
    assert_eq!(tally, (6, 92));
}

#[test]
fn consistency() {
    let tally = check(include_str!("vectors/consistency.jsonl"), |vector| {
        let (old, new) = (vector.hash("root1")?, vector.hash("root2")?);
        let (from, to) = (vector.number("size1"), vector.number("size2"));
        Some(verify_consistency(from, &old, to, &new, &vector.proof()?).is_ok())
    });
    assert_eq!(tally, (6, 91));
}
