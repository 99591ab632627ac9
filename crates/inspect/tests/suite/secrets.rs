//! What is shown can be shared: no private key, and nothing that moves a terminal.

use lite_inspect::Tree;

use crate::support::{tree, vector};

/// Every text and all bytes of a tree, as they could be printed.
fn all(tree: &Tree) -> String {
    let mut out = format!("{}\n{}\n", tree.label, tree.note.as_deref().unwrap_or_default());
    if let Some(value) = &tree.value {
        out.push_str(&value.shown(true));
    }
    for child in &tree.children {
        out.push_str(&all(child));
    }
    out
}

#[test]
fn private_keys_are_never_in_a_tree() {
    for name in ["ed25519.key", "sec1-p256.key", "sec1-p384.key", "pkcs1-rsa2048.key", "cosign.key"]
    {
        let pem = vector(&format!("keys/tests/vectors/{name}"));
        let text = String::from_utf8(pem.clone()).unwrap();
        let mut rest = text.as_str();
        let shown = all(&tree(&pem));
        while let Some(block) = lite_pki::pem::first_block(rest).unwrap() {
            rest = block.after;
            if !block.label.contains("PRIVATE") {
                continue;
            }
            let secret = hex::encode(block.decode().unwrap());
            // Any sixteen bytes of it would be too much.
            for window in secret.as_bytes().chunks(32).skip(2) {
                let window = std::str::from_utf8(window).unwrap();
                assert!(window.len() < 32 || !shown.contains(window), "{name} shows its key");
            }
        }
    }
}

#[test]
fn no_foreign_text_reaches_a_terminal_as_it_is() {
    let hostile = r#"{"_type": "https://in-toto.io/Statement/v1\u001b[2J", "subject":
        [{"name": "a\u202eb\nforged line", "digest": {"sha\u009b256": "x"}}],
        "predicateType": "p\u200bq", "predicate": {"k\r": "\u0007"}, "more\u2066": 1}"#;
    let shown = all(&tree(hostile.as_bytes()));
    for forbidden in ['\u{1b}', '\u{202e}', '\u{9b}', '\u{200b}', '\r', '\u{7}', '\u{2066}'] {
        assert!(!shown.contains(forbidden), "{}", forbidden.escape_unicode());
    }
    assert!(shown.contains("a\\u{202e}b\\nforged line"));
}
