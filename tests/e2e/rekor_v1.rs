//! API v1 over restarts: rekor-cli remembers the tree it saw, and holds the log to it.

use std::path::{Path, PathBuf};

use lite_tests::{Stack, Tool, http, run};
use serde_json::Value;

/// A file with a signature by a new key: what `rekor-cli` is to upload.
fn signed(stack: &Stack, openssl: &Path, name: &str) -> [String; 8] {
    let file = stack.file(name, name);
    let at = |ending: &str| file.with_extension(ending).display().to_string();
    let (key, public, signature) = (at("key"), at("pub"), at("sig"));
    let path = file.display().to_string();
    for arguments in [
        vec!["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key],
        vec!["ec", "-in", &key, "-pubout", "-out", &public],
        vec!["dgst", "-sha256", "-sign", &key, "-out", &signature, &path],
    ] {
        let _ = run(stack.command(openssl).args(arguments)).ok();
    }
    [
        "--artifact",
        &path,
        "--signature",
        &signature,
        "--public-key",
        &public,
        "--pki-format",
        "x509",
    ]
    .map(str::to_owned)
}

fn rekor_cli(stack: &Stack, program: &Path, verb: &str, arguments: &[String]) -> String {
    let mut command = stack.command(program);
    command.args([verb, "--rekor_server", stack.url()]).args(arguments);
    let ran = run(&mut command);
    // It says on standard error what it remembers.
    let said = ran.stderr.clone();
    ran.ok() + &said
}

fn consistent_over_a_restart(program: &Path, openssl: &Path) {
    let mut stack = Stack::start();
    let first = rekor_cli(&stack, program, "loginfo", &[]);
    assert!(first.contains("No previous log state stored"), "{first}");
    let entry = signed(&stack, openssl, "before.txt");
    let created = rekor_cli(&stack, program, "upload", &entry);
    assert!(created.contains("Created entry at index 1"), "{created}");
    stack.stop();
    stack.restart();
    let again = rekor_cli(&stack, program, "upload", &signed(&stack, openssl, "after.txt"));
    assert!(again.contains("Created entry at index 2"), "{again}");
    // The state of the first call is a tree of one entry: this proves that it grew to three.
    let info = rekor_cli(&stack, program, "loginfo", &[]);
    assert!(!info.contains("No previous log state stored"), "{info}");
    assert!(info.contains("Verification Successful!"), "{info}");
    let info = rekor_cli(&stack, program, "loginfo", &[]);
    assert!(info.contains("Active Tree Size:       3"), "{info}");
    let proven = rekor_cli(&stack, program, "verify", &entry);
    assert!(proven.contains("Entry Index in Current Tree: 1"), "{proven}");
}

#[test]
fn what_rekor_cli_remembers_holds_after_a_restart() {
    let Some(openssl) = Tool::OpenSsl.find() else { return };
    let programs: Vec<PathBuf> =
        [Tool::RekorCli, Tool::RekorCli2].into_iter().filter_map(Tool::find).collect();
    for program in programs {
        consistent_over_a_restart(&program, &openssl);
    }
}

/// Killed, and started again: what was acknowledged is there, under the same promise.
#[test]
fn a_promise_outlives_the_process_that_made_it() {
    let Some(openssl) = Tool::OpenSsl.find() else { return };
    let Some(program) = Tool::RekorCli.find() else { return };
    let mut stack = Stack::start();
    let _ = rekor_cli(&stack, &program, "upload", &signed(&stack, &openssl, "killed.txt"));
    let get = |stack: &Stack| -> Value {
        let url = format!("{}/api/v1/log/entries?logIndex=1", stack.url());
        let answer = http().get(url).send().unwrap().json::<Value>().unwrap();
        answer.as_object().unwrap().values().next().unwrap().clone()
    };
    let before = get(&stack);
    stack.kill();
    stack.restart();
    let after = get(&stack);
    for member in ["body", "integratedTime", "logID", "logIndex"] {
        assert_eq!(before[member], after[member], "{member}");
    }
    let root = |entry: &Value| entry["verification"]["inclusionProof"]["rootHash"].clone();
    assert_eq!(root(&before), root(&after));
}
