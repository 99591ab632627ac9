//! An auditor at a log that grows, and at one that was tampered with.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use lite_tests::{Stack, http, run};
use serde_json::json;

use crate::crash::request;

/// Enough for a full tile, which is then on disk and nowhere else.
const ENTRIES: usize = 300;
const WRITERS: usize = 4;

const TREES: [(&str, &str); 2] = [("v1", "/api/v1/log/entries"), ("v2", "/api/v2/log/entries")];

/// `hashedrekord` 0.0.1, different each time.
fn request_of_v1(key: &SigningKey, text: &str) -> String {
    let digest = HashAlgorithm::Sha256.digest(text.as_bytes());
    let signature = key.sign_digest(HashAlgorithm::Sha256, &digest).unwrap();
    json!({
        "kind": "hashedrekord",
        "apiVersion": "0.0.1",
        "spec": {
            "data": { "hash": { "algorithm": "sha256", "value": hex::encode(digest) } },
            "signature": {
                "content": STANDARD.encode(signature),
                "publicKey": { "content": STANDARD.encode(key.public().to_pem()) },
            },
        },
    })
    .to_string()
}

fn audit(stack: &Stack, tree: &str) -> Command {
    let mut command = stack.siglite();
    command.args(["log", "audit", "--tree", tree]);
    command
}

/// Writes to both trees until each has enough.
fn write(url: &str, written: &AtomicUsize) {
    let (key, client) = (SigningKey::generate(KeyKind::EcdsaP256), http());
    loop {
        let count = written.fetch_add(1, Ordering::SeqCst);
        if count >= 2 * ENTRIES {
            return;
        }
        let (tree, path) = TREES[count % 2];
        let text = count.to_string();
        let body = if tree == "v1" { request_of_v1(&key, &text) } else { request(&key, &text) };
        let sent = client.post(format!("{url}{path}")).header("content-type", "application/json");
        let answer = sent.body(body).send().unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().unwrap());
    }
}

#[test]
fn an_auditor_meets_no_inconsistency_while_both_trees_grow() {
    let mut stack = Stack::start();
    let written = AtomicUsize::new(0);
    let mut audits = 0;
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| write(stack.url(), &written));
        }
        while written.load(Ordering::SeqCst) < 2 * ENTRIES {
            for (tree, _) in TREES {
                let _ = run(&mut audit(&stack, tree)).ok();
                audits += 1;
            }
        }
    });
    assert!(audits >= 2);
    for (tree, _) in TREES {
        let said = run(audit(&stack, tree).args(["--output", "json"])).ok();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["treeSize"], 301, "the first entry is the log's own");
    }
    // What was remembered holds over a restart.
    stack.stop();
    stack.restart();
    for (tree, _) in TREES {
        let _ = run(&mut audit(&stack, tree)).ok();
    }

    // One byte of a hash, one of an entry: the audit names the file.
    let tampered = |tree: &str, name: &str| {
        let folder = stack.data().join("rekor").join(tree).join("tree/tile");
        flip(&folder.join(name), 100);
        let state = stack.home().join(format!("another-{tree}.state"));
        let said = run(audit(&stack, tree).arg("--state").arg(&state)).refused();
        assert!(said.contains(&format!("tile/{name}")), "{said}");
        flip(&folder.join(name), 100);
        let _ = run(audit(&stack, tree).arg("--state").arg(&state)).ok();
    };
    for (tree, _) in TREES {
        tampered(tree, "0/000");
        tampered(tree, "entries/000");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the log should notice need not survive a crash"
)]
fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}
