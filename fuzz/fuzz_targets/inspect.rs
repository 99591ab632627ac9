//! Whatever is looked at, no panic, and no tree much larger than what it shows.
#![no_main]

use lite_inspect::{Tree, inspect};
use lite_time::Time;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(tree) = inspect(data, Time::from_secs(1_700_000_000)) else { return };
    assert!(tree.count() <= 4 * data.len() + 64);
    check(&tree);
});

fn check(tree: &Tree) {
    let value = tree.value.iter().map(|value| value.shown(true));
    let texts = value.chain(tree.note.clone()).chain([tree.label.clone()]);
    for text in texts {
        assert!(!text.chars().any(char::is_control));
    }
    tree.children.iter().for_each(check);
}
