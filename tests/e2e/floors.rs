//! Arrows between the crates of this workspace only go down, and none stays on its floor.

use std::collections::BTreeMap;
use std::path::Path;

/// Each crate with its floor, bottom first. ARCHITECTURE.md draws the same house.
const FLOORS: [(&str, u8); 28] = [
    ("lite-time", 0),
    ("lite-keys", 0),
    ("lite-tlog", 1),
    ("lite-pki", 1),
    ("lite-identity", 1),
    ("lite-bundle", 1),
    ("lite-tuf", 1),
    ("lite-oci", 1),
    ("lite-grpc", 1),
    ("lite-sequencer", 2),
    ("lite-issuer", 2),
    ("lite-verifier", 2),
    ("lite-entries", 2),
    ("lite-inspect", 2),
    ("lite-store", 3),
    ("lite-http", 3),
    ("lite-images", 3),
    ("lite-search", 3),
    ("lite-testkit", 3),
    ("rekor-lite", 4),
    ("fulcio-lite", 4),
    ("ct-lite", 4),
    ("tsa-lite", 4),
    ("oidc-lite", 4),
    ("trust-lite", 4),
    ("registry-lite", 4),
    ("siglite", 5),
    ("lite-tests", 6),
];

/// What floors 0 to 2 must not depend on: they know no file, socket, clock or environment.
const NOT_BELOW_THE_ADAPTERS: [&str; 8] =
    ["axum", "clap", "hyper", "redb", "reqwest", "sled", "tokio", "tracing-subscriber"];

/// A dependency that a manifest names.
#[derive(Debug, PartialEq)]
struct Arrow {
    to: String,
    /// Only tests follow it. Judges of other makers may know the world; our own rooms stay in
    /// their order even then.
    in_tests: bool,
}

/// What stands under the headings of dependencies in a manifest.
fn dependencies(manifest: &str) -> Vec<Arrow> {
    let mut found = Vec::new();
    let mut inside = false;
    let mut in_tests = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
            in_tests = line.contains("dev-");
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let to = line.chars().take_while(|c| !matches!(c, '.' | '=' | ' ')).collect();
            found.push(Arrow { to, in_tests });
        }
    }
    found
}

fn manifests() -> BTreeMap<String, Vec<Arrow>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = text.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    members
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split('"').next())
        .map(|member| {
            let manifest = std::fs::read_to_string(root.join(member).join("Cargo.toml")).unwrap();
            let name = manifest.split("name = \"").nth(1).unwrap().split('"').next().unwrap();
            (name.to_owned(), dependencies(&manifest))
        })
        .collect()
}

#[test]
fn arrows_only_go_down() {
    let floors: BTreeMap<&str, u8> = FLOORS.into();
    for (name, dependencies) in manifests() {
        let floor = floors.get(name.as_str());
        let floor = floor.unwrap_or_else(|| panic!("{name} has no floor; give it one here"));
        for Arrow { to, in_tests } in dependencies {
            if let Some(below) = floors.get(to.as_str()) {
                assert!(below < floor, "{name} (floor {floor}) → {to} (floor {below})");
            }
            let outward = !in_tests && NOT_BELOW_THE_ADAPTERS.contains(&to.as_str());
            assert!(*floor > 2 || !outward, "{name} (floor {floor}) → {to}");
        }
    }
}

#[test]
fn every_room_is_on_the_plan() {
    let built = manifests();
    for (name, _) in FLOORS {
        assert!(built.contains_key(name), "{name} is on the plan and not in the workspace");
    }
}

#[test]
fn a_manifest_is_read_whole() {
    let manifest = "[dependencies]\nserde.workspace = true\n# no\nlite-x = { path = \"x\" }\n\
                    [dev-dependencies]\nproptest.workspace = true\n[features]\nnothing = []\n";
    let arrow = |to: &str, in_tests| Arrow { to: to.to_owned(), in_tests };
    let want = [arrow("serde", false), arrow("lite-x", false), arrow("proptest", true)];
    assert_eq!(dependencies(manifest), want);
}
