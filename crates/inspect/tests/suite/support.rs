//! Where vectors are, and how a tree is asked.

use std::path::{Path, PathBuf};

use lite_inspect::{Tree, inspect};
use lite_time::Time;

/// The tests' own now.
pub(crate) fn now() -> Time {
    Time::parse_rfc3339("2027-01-01T00:00:00Z").unwrap()
}

pub(crate) fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn vector(path: &str) -> Vec<u8> {
    let path = crates().join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A bundle of the conformance suite that lives with us.
pub(crate) fn bundle(name: &str) -> Vec<u8> {
    vector(&format!("verifier/tests/vectors/bundle-verify/{name}/bundle.sigstore.json"))
}

#[track_caller]
pub(crate) fn tree(bytes: &[u8]) -> Tree {
    inspect(bytes, now()).unwrap()
}

/// The whole value of the first node with this label.
#[track_caller]
pub(crate) fn value(tree: &Tree, label: &str) -> String {
    let node = tree.find(label).unwrap_or_else(|| panic!("no {label:?} in {tree:#?}"));
    node.value.as_ref().unwrap_or_else(|| panic!("{label:?} has no value")).shown(true)
}

/// Every note of a tree.
pub(crate) fn notes(tree: &Tree) -> Vec<String> {
    let below = tree.children.iter().flat_map(notes);
    tree.note.iter().cloned().chain(below).collect()
}

/// Every folder with a bundle: the few of ours, and the whole suite where it is at hand.
pub(crate) fn cases() -> Vec<PathBuf> {
    let ours = crates().join("verifier/tests/vectors");
    let whole = std::env::var_os("SIGLITE_CONFORMANCE_DIR")
        .map_or_else(|| crates().join("../../shared/conformance"), PathBuf::from);
    let mut cases = Vec::new();
    for suite in [ours, whole] {
        let Ok(folders) = std::fs::read_dir(suite.join("bundle-verify")) else {
            println!("skipped: the conformance suite is not at {}", suite.display());
            continue;
        };
        cases.extend(folders.map(|folder| folder.unwrap().path()));
    }
    cases.retain(|folder| folder.join("bundle.sigstore.json").is_file());
    cases
}
