//! The image registry, judged by the clients that people push with.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use lite_tests::{ALICE, PASSWORD, Stack, Tool, binary, clean, http, run};
use serde_json::Value;

/// What a gigabyte may add to the server's largest memory.
const GROWTH_KIB: u64 = 96 * 1024;

/// `HOST:PORT` of a stack.
fn host(stack: &Stack) -> &str {
    stack.url().split_once("://").unwrap().1
}

/// Runs a client that must succeed, and returns what it printed.
#[track_caller]
fn client(stack: &Stack, program: &Path, arguments: &[&str]) -> String {
    run(stack.command(program).args(arguments)).ok()
}

#[test]
fn oras_and_crane_push_copy_list_and_pull() {
    let (Some(oras), Some(crane)) = (Tool::Oras.find(), Tool::Crane.find()) else { return };
    let stack = Stack::start();
    let image = format!("{}/team/app:v1", host(&stack));
    let _ = stack.file("one.txt", "one\n");
    let _ = stack.file("two.txt", "two\n");
    let _ = client(&stack, &oras, &["push", "--plain-http", &image, "one.txt", "two.txt"]);
    let _ = client(
        &stack,
        &oras,
        &["attach", "--plain-http", "--artifact-type", "text/sbom", &image, "two.txt"],
    );
    let found = client(&stack, &oras, &["discover", "--plain-http", "--format", "json", &image]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["referrers"][0]["artifactType"], "text/sbom", "{found}");

    let digest = client(&stack, &crane, &["digest", &image]);
    let copy = format!("{}/team/copy:1h", host(&stack));
    let copied = run(stack.command(&crane).args(["copy", &image, &copy]));
    assert!(copied.stderr.contains("mounted blob"), "{copied}");
    assert_eq!(client(&stack, &crane, &["digest", &copy]), digest);
    assert_eq!(client(&stack, &crane, &["ls", &format!("{}/team/app", host(&stack))]), "v1\n");
    assert_eq!(client(&stack, &crane, &["catalog", host(&stack)]), "team/app\nteam/copy\n");

    let _ = client(
        &stack,
        &oras,
        &[
            "cp",
            "-r",
            "--from-plain-http",
            "--to-plain-http",
            &image,
            &format!("{}/other/app:v2", host(&stack)),
        ],
    );
    let referrers = http()
        .get(format!("{}/v2/other/app/referrers/{}", stack.url(), digest.trim()))
        .send()
        .unwrap();
    let found: Value = serde_json::from_str(&referrers.text().unwrap()).unwrap();
    assert_eq!(found["manifests"][0]["artifactType"], "text/sbom", "{found}");

    let _ = client(&stack, &oras, &["pull", "--plain-http", "-o", "pulled", &copy]);
    let pulled = std::fs::read_to_string(stack.home().join("pulled/two.txt")).unwrap();
    assert_eq!(pulled, "two\n");
    let _ = client(&stack, &crane, &["delete", &copy]);
    let gone = run(stack.command(&crane).args(["digest", &copy])).refused();
    assert!(gone.contains("MANIFEST_UNKNOWN") || gone.contains("404"), "{gone}");
}

#[test]
fn what_was_pushed_survives_a_killed_server() {
    let Some(oras) = Tool::Oras.find() else { return };
    let mut stack = Stack::start();
    let image = format!("{}/app:v1", host(&stack));
    let _ = stack.file("one.txt", "one\n");
    let _ = client(&stack, &oras, &["push", "--plain-http", &image, "one.txt"]);
    stack.kill();
    stack.restart();
    let _ = client(&stack, &oras, &["pull", "--plain-http", "-o", "pulled", &image]);
    assert_eq!(std::fs::read_to_string(stack.home().join("pulled/one.txt")).unwrap(), "one\n");
}

#[test]
fn an_instance_from_before_the_registry_is_given_one() {
    let mut stack = Stack::start();
    stack.stop();
    std::fs::remove_dir_all(stack.data().join("registry")).unwrap();
    stack.restart();
    assert_eq!(http().get(format!("{}/v2/", stack.url())).send().unwrap().status(), 200);
}

#[test]
fn skopeo_copies_in_and_out() {
    let Some(skopeo) = Tool::Skopeo.find() else { return };
    let stack = Stack::start();
    let layout = layout(stack.home(), &[b"a small layer".to_vec()]);
    let remote = format!("docker://{}/skopeo/app:latest", host(&stack));
    let policy = stack.file("policy.json", r#"{"default":[{"type":"insecureAcceptAnything"}]}"#);
    let policy = format!("--policy={}", policy.display());
    let from = format!("oci:{}:latest", layout.display());
    let _ = client(&stack, &skopeo, &[&policy, "copy", "--dest-tls-verify=false", &from, &remote]);
    let back = format!("oci:{}:latest", stack.home().join("back").display());
    let _ = client(&stack, &skopeo, &[&policy, "copy", "--src-tls-verify=false", &remote, &back]);
    let tags = client(
        &stack,
        &skopeo,
        &["list-tags", "--tls-verify=false", &remote.replace(":latest", "")],
    );
    assert!(tags.contains("\"latest\""), "{tags}");
}

/// With tokens, the password is what `siglite token` prints, and nobody else may push.
#[test]
fn a_client_that_signs_in_with_an_id_token_may_push_and_a_stranger_may_not() {
    let (Some(oras), Some(crane)) = (Tool::Oras.find(), Tool::Crane.find()) else { return };
    let stack = Stack::builder()
        .argument("--registry-auth")
        .argument("tokens")
        .argument("--registry-anonymous-pull")
        .start();
    let image = format!("{}/team/app:v1", host(&stack));
    let _ = stack.file("one.txt", "one\n");
    let push = ["push", "--plain-http", &image, "one.txt"];
    let refused = run(stack.command(&oras).args(push)).refused();
    assert!(
        refused.to_lowercase().contains("401") || refused.contains("unauthorized"),
        "{refused}"
    );
    let token = stack.token();
    let login = ["auth", "login", host(&stack), "-u", ALICE, "-p", &token];
    let _ = client(&stack, &crane, &login);
    let _ = client(&stack, &oras, &push);
    let copy = format!("{}/team/copy:v1", host(&stack));
    let _ = client(&stack, &crane, &["copy", &image, &copy]);
    let _ = client(&stack, &crane, &["delete", &copy]);
    // Somebody else's home, without a login.
    let home = tempfile::tempdir().unwrap();
    let _ = run(clean(&crane, home.path()).args(["manifest", &image])).ok();
    let _ = run(clean(&crane, home.path()).args(["delete", &image])).refused();
}

#[test]
fn an_open_registry_is_not_offered_to_the_network_by_accident() {
    let home = tempfile::tempdir().unwrap();
    let mut up = clean(&binary("siglite"), home.path());
    up.args(["up", "--ephemeral", "--listen", "0.0.0.0:0", "--insecure-plain-http"]);
    up.args(["--account", &format!("{ALICE}:{PASSWORD}"), "--registry-auth", "none"]);
    let said = run(&mut up).refused();
    assert!(
        said.contains("overwrite every image") && said.contains("--registry-auth tokens"),
        "{said}"
    );
}

/// A gigabyte of layers goes in and out, and the server does not grow by a tenth of it.
#[test]
fn a_gigabyte_streams_through() {
    let Some(crane) = Tool::Crane.find() else { return };
    let stack = Stack::start();
    let layers: Vec<Vec<u8>> = (0..4_u8).map(|number| noise(number, 256 << 20)).collect();
    let layout = layout(stack.home(), &layers);
    drop(layers);
    let image = format!("{}/big:v1", host(&stack));
    // A first small push, so that what every server needs is not counted.
    let small = stack.home().join("small");
    std::fs::create_dir(&small).unwrap();
    let small = self::layout(&small, &[b"small".to_vec()]);
    let _ = client(
        &stack,
        &crane,
        &["push", small.to_str().unwrap(), &format!("{}/small:v1", host(&stack))],
    );
    let before = largest_memory(&stack);
    let _ = client(&stack, &crane, &["push", layout.to_str().unwrap(), &image]);
    let manifest: Value =
        serde_json::from_str(&client(&stack, &crane, &["manifest", &image])).unwrap();
    for layer in manifest["layers"].as_array().unwrap() {
        let digest = layer["digest"].as_str().unwrap();
        let blob = http().get(format!("{}/v2/big/blobs/{digest}", stack.url())).send().unwrap();
        let length = drain(blob);
        assert_eq!(length, layer["size"].as_u64().unwrap());
    }
    let growth = largest_memory(&stack).saturating_sub(before);
    assert!(growth < GROWTH_KIB, "{growth} KiB more for a gigabyte");
}

fn drain(mut body: impl std::io::Read) -> u64 {
    let mut buffer = vec![0; 1 << 20];
    let mut length = 0;
    loop {
        match body.read(&mut buffer).unwrap() {
            0 => return length,
            read => length += read as u64,
        }
    }
}

/// `VmHWM`: the most memory that the process has ever had.
fn largest_memory(stack: &Stack) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", stack.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// Bytes that are cheap to make and of a digest of their own.
fn noise(seed: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![seed; length];
    bytes[..8].copy_from_slice(&[seed, 1, 2, 3, 4, 5, 6, 7]);
    bytes
}

/// An image in an OCI layout folder (image specification, image-layout.md).
#[expect(clippy::disallowed_methods, reason = "a test's own files need not survive a crash")]
fn layout(home: &Path, layers: &[Vec<u8>]) -> PathBuf {
    use sha2::{Digest as _, Sha256};
    let dir = home.join("layout");
    let blobs = dir.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let keep = |bytes: &[u8]| {
        let digest = hex::encode(Sha256::digest(bytes));
        File::create(blobs.join(&digest)).unwrap().write_all(bytes).unwrap();
        (format!("sha256:{digest}"), bytes.len())
    };
    let describe = |kind: &str, bytes: &[u8]| {
        let (digest, size) = keep(bytes);
        serde_json::json!({ "mediaType": kind, "digest": digest, "size": size })
    };
    let layers: Vec<Value> = layers
        .iter()
        .map(|layer| describe("application/vnd.oci.image.layer.v1.tar", layer))
        .collect();
    let ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux",
        "rootfs": { "type": "layers", "diff_ids": ids }, "config": {},
    });
    let config =
        describe("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers,
    });
    let mut manifest = describe(kind, manifest.to_string().as_bytes());
    manifest["annotations"] = serde_json::json!({ "org.opencontainers.image.ref.name": "latest" });
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [manifest] });
    std::fs::write(dir.join("index.json"), index.to_string()).unwrap();
    std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    dir
}
