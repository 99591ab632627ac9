//! What Rekor v1.5.4 made of the same requests: see `tests/vectors/README.md`.

use std::collections::BTreeSet;

use lite_entries::{Accepted, Refusal, Rules, SearchKey, accept, kind_of, search_keys};
use serde_json::Value;

/// A request, and what upstream made of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) proposed: String,
    answer: Value,
}

pub(crate) fn cases() -> Vec<Case> {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../vectors/upstream.json")).unwrap();
    let text = |case: &Value, member: &str| case[member].as_str().unwrap().to_owned();
    let case = |answer: Value| Case {
        name: text(&answer, "name"),
        proposed: text(&answer, "proposed"),
        answer,
    };
    vectors.into_iter().map(case).collect()
}

impl Case {
    /// The leaf that upstream wrote, where it wrote one.
    pub(crate) fn leaf(&self) -> Option<&str> {
        self.answer["leaf"].as_str()
    }

    fn accept(&self) -> Result<Accepted, Refusal> {
        accept(self.proposed.as_bytes(), &Rules::default())
    }
}

#[test]
fn leaves_are_upstreams_byte_for_byte() {
    let mut compared = 0;
    for case in cases() {
        match (case.accept(), case.leaf()) {
            (Ok(accepted), Some(leaf)) => {
                assert_eq!(String::from_utf8(accepted.leaf).unwrap(), leaf, "{}", case.name);
                let kind = (accepted.kind.to_owned(), accepted.version.to_owned());
                assert_eq!(kind_of(leaf.as_bytes()), Some(kind), "{}", case.name);
                compared += 1;
            }
            (Err(_), None) => {}
            (Ok(_), None) => panic!("{} is accepted here alone", case.name),
            (Err(refusal), Some(_)) => panic!("{} is refused here alone: {refusal}", case.name),
        }
    }
    assert!(compared >= 48, "{compared} leaves");
}

#[test]
fn search_keys_are_upstreams() {
    for case in cases() {
        let Ok(accepted) = case.accept() else { continue };
        let theirs = case.answer["keys"].as_array().unwrap().iter();
        let theirs = theirs.map(|key| key.as_str().unwrap().to_lowercase());
        // A key is `sha256:<hex>` for some kinds and `<hex>` for others; here it is one thing.
        let theirs: BTreeSet<String> = theirs.collect();
        let ours: BTreeSet<String> = search_keys(&accepted.leaf)
            .into_iter()
            .chain(accepted.beside)
            .map(|key| match key {
                SearchKey::Identity(name) => name,
                SearchKey::Key(digest) if theirs.contains(&hex::encode(digest)) => {
                    hex::encode(digest)
                }
                SearchKey::Key(digest) => format!("sha256:{}", hex::encode(digest)),
                digest => digest.to_string(),
            })
            .collect();
        assert_eq!(ours, theirs, "{}", case.name);
    }
}

/// Cases whose refusal has words of our own, because upstream's are those of a Go library.
const OWN_WORDS: &[&str] = &[
    "refused: hashedrekord md5",
    "refused: hashedrekord key and words",
    "refused: hashedrekord chain in the wrong order",
    "refused: hashedrekord no signature",
    "refused: hashedrekord ed25519ph with sha256",
    "refused: dsse no verifiers",
    "refused: dsse envelope no json",
    "refused: intoto 0.0.2 no hash",
    "refused: intoto 0.0.2 encoded once",
    "refused: intoto 0.0.1 wrong key",
    "refused: rekord url",
    "refused: rekord ssh other key",
    "refused: rekord ssh namespace git",
    "refused: rekord ssh sha256",
    "refused: rekord tuf",
    "refused: rfc3161 without certificate",
    "refused: rfc3161 signature",
    "refused: rfc3161 no response",
    "refused: spec is a string",
    "refused: no json",
];

#[test]
fn refusals_have_upstreams_words() {
    let mut wrong = Vec::new();
    for case in cases() {
        let Err(refusal) = case.accept() else { continue };
        let theirs = case.answer["message"].as_str().unwrap();
        // What is answered with 422 loses its heading on the way: the first of the list stands alone.
        let heading = "validation failure list:\n";
        let stage = case.answer["stage"].as_str().unwrap();
        let alone = if stage == "validate" { theirs.strip_prefix(heading) } else { None };
        let theirs = alone.unwrap_or(theirs);
        if OWN_WORDS.contains(&&*case.name) == (refusal.to_string() == theirs) {
            wrong.push(format!("{}:\n  {refusal}\n  {theirs}", case.name));
        }
        let early = matches!(stage, "parse" | "validate") && !refusal.is_parse_error();
        assert_eq!(refusal.validation().is_some(), early, "{}", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
