//! Small documents: encrypted private keys, and answers of CT logs.

use lite_pki::Sct;
use serde_json::Value;

use super::fields::{decode, generic};
use crate::der::sct_tree;
use crate::tree::Tree;
use crate::when::Scope;

/// What cosign seals a private key in: how, and nothing of what.
pub(crate) fn sealed(label: &str, value: &Value) -> Tree {
    let part = |path: &str| value.pointer(path);
    let length = part("/ciphertext").and_then(Value::as_str).and_then(decode).map(|b| b.len());
    Tree::new(label)
        .noting("a password opens it; salt, nonce and ciphertext are not shown")
        .with_some(part("/kdf/name").map(|value| generic("key from password", value)))
        .with_some(part("/kdf/params").map(|value| generic("costs", value)))
        .with_some(part("/cipher/name").map(|value| generic("cipher", value)))
        .with_some(length.map(|bytes| Tree::text("ciphertext", format_args!("{bytes} bytes"))))
}

/// RFC 6962, Section 4.1.
pub(crate) fn sct_answer(label: &str, value: &Value, scope: Scope) -> Tree {
    let bytes = |name: &str| value.get(name).and_then(Value::as_str).and_then(decode);
    let read = || {
        let id: [u8; 32] = bytes("id")?.try_into().ok()?;
        let timestamp = value.get("timestamp")?.as_u64()?;
        let extensions = bytes("extensions").unwrap_or_default();
        Sct::from_response(id, timestamp, extensions, &bytes("signature")?).ok()
    };
    match read() {
        Some(sct) => sct_tree(label, &sct, scope),
        None => generic(label, value).noting("not what a log answers"),
    }
}
