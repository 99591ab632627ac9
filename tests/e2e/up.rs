//! `siglite up`: starts, goes on, refuses.

use std::net::TcpListener;
use std::path::Path;

use lite_tests::{ALICE, PASSWORD, Ran, Stack, binary, clean, http, run};

/// `siglite up` that is expected to refuse, in this home.
fn refused(home: &Path, arguments: &[&str]) -> Ran {
    let mut command = clean(&binary("siglite"), home);
    command.arg("up").args(arguments);
    run(&mut command)
}

#[track_caller]
fn check(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran}");
    for word in words {
        assert!(ran.stderr.contains(word), "`{word}` is missing: {ran}");
    }
    assert!(!ran.stderr.contains("panicked"), "{ran}");
}

/// Every file below `dir` with its content.
fn content(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap_or_default();
                files.push((path, bytes));
            }
        }
    }
    files.sort();
    files
}

/// What tells whether anything below `dir` has changed. Indexes are derived, and their engine
/// writes to a file when it opens it.
fn fingerprint(dir: &Path) -> Vec<(std::path::PathBuf, String)> {
    use sha2::{Digest as _, Sha256};
    let digest = |(path, bytes): (_, Vec<u8>)| (path, hex::encode(Sha256::digest(&bytes)));
    let derived =
        |(path, _): &(std::path::PathBuf, _)| path.extension().is_some_and(|e| e == "redb");
    content(dir).into_iter().filter(|file| !derived(file)).map(digest).collect()
}

#[test]
fn a_later_start_continues_where_the_folder_stands() {
    let mut stack = Stack::start();
    let file = stack.file("artifact.txt", "signed before the restart\n");
    let bundle = stack.sign(&file);
    let root = std::fs::read(stack.client("trusted_root.json")).unwrap();
    let before = http().get(format!("{}/checkpoint", stack.url())).send().unwrap().text().unwrap();
    assert_eq!(stack.stop(), Some(0), "{}", stack.said());
    stack.restart();
    assert_eq!(std::fs::read(stack.client("trusted_root.json")).unwrap(), root);
    let after = http().get(format!("{}/checkpoint", stack.url())).send().unwrap().text().unwrap();
    assert_eq!(before, after, "an unused log says the same after a restart");
    let mut verify = stack.siglite();
    verify.arg("verify-blob").arg(&file).arg("--bundle").arg(&bundle);
    verify.args(["--certificate-identity", ALICE, "--certificate-oidc-issuer", &stack.issuer()]);
    let _ = run(&mut verify).ok();
    let _ = stack.sign(&stack.file("second.txt", "signed after the restart\n"));
}

#[test]
fn metadata_does_not_grow_with_restarts() {
    let mut stack = Stack::start();
    let names = |stack: &Stack| {
        let repository = stack.data().join("trust").join("repository");
        content(&repository).into_iter().map(|(path, _)| path).collect::<Vec<_>>()
    };
    let before = names(&stack);
    assert!(!before.is_empty());
    for _ in 0..2 {
        stack.stop();
        stack.restart();
    }
    assert_eq!(names(&stack), before);
}

#[test]
fn a_folder_in_use_is_refused() {
    let stack = Stack::start();
    let data = stack.data();
    let ran = refused(stack.home(), &["--listen", "localhost:0", "--data", data.to_str().unwrap()]);
    check(&ran, 6, &["in use", "hint:"]);
}

#[test]
fn a_taken_port_is_refused_and_nothing_is_made() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("localhost:{}", taken.local_addr().unwrap().port());
    let data = home.path().join("instance");
    let ran = refused(home.path(), &["--listen", &address, "--data", data.to_str().unwrap()]);
    check(&ran, 6, &["taken", "hint:"]);
    assert!(!data.exists());
}

#[test]
fn an_unwritable_folder_is_refused() {
    let home = tempfile::tempdir().unwrap();
    // Not a folder at all: root may write anywhere, so a mode would not stop every tester.
    let file = home.path().join("file");
    std::fs::File::create(&file).unwrap();
    let below = file.join("instance");
    let arguments = ["--listen", "localhost:0", "--data", below.to_str().unwrap()];
    check(&refused(home.path(), &arguments), 6, &["cannot be written", "hint:"]);
}

#[test]
fn a_strangers_folder_is_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("photos");
    std::fs::create_dir(&dir).unwrap();
    std::fs::File::create(dir.join("holiday.jpg")).unwrap();
    let arguments = ["--listen", "localhost:0", "--data", dir.to_str().unwrap()];
    check(&refused(home.path(), &arguments), 6, &["not empty", "hint:"]);
    assert_eq!(content(&dir).len(), 1);
}

#[test]
fn another_url_is_refused_and_nothing_is_changed() {
    let mut stack = Stack::start();
    let port = stack.url().rsplit(':').next().unwrap().to_owned();
    stack.stop();
    let before = fingerprint(&stack.data());
    let data = stack.data();
    let ran = refused(
        stack.home(),
        &[
            "--data",
            data.to_str().unwrap(),
            "--listen",
            &format!("localhost:{port}"),
            "--public-url",
            "http://elsewhere.example.org",
        ],
    );
    check(&ran, 6, &["another URL", "expected:", "found:", "hint:"]);
    let elsewhere =
        refused(stack.home(), &["--data", data.to_str().unwrap(), "--listen", "localhost:0"]);
    check(&elsewhere, 6, &["expected:", "found:", "hint:"]);
    assert_eq!(fingerprint(&stack.data()), before);
}

#[test]
fn a_damaged_folder_is_refused_by_name() {
    let mut stack = Stack::start();
    let _ = stack.sign(&stack.file("artifact.txt", "signed before the damage\n"));
    let port = stack.url().rsplit(':').next().unwrap().to_owned();
    stack.stop();
    let journal = content(&stack.data().join("rekor"))
        .into_iter()
        .find(|(path, bytes)| path.to_string_lossy().contains("journal") && bytes.len() > 64)
        .unwrap();
    let mut bytes = journal.1;
    bytes[40] ^= 1;
    #[expect(clippy::disallowed_methods, reason = "this is the damage")]
    std::fs::write(&journal.0, &bytes).unwrap();
    let before = fingerprint(&stack.data());
    let data = stack.data();
    let arguments = ["--data", data.to_str().unwrap(), "--listen", &format!("localhost:{port}")];
    let ran = refused(stack.home(), &arguments);
    assert_eq!(ran.code, Some(6), "{ran}");
    assert!(ran.stderr.contains("journal"), "{ran}");
    assert_eq!(fingerprint(&stack.data()), before);
}

#[test]
fn an_ephemeral_instance_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let temporary = home.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let ready = home.path().join("ready");
    let mut command = clean(&binary("siglite"), home.path());
    command.env("TMPDIR", &temporary).args(["up", "--ephemeral", "--listen", "localhost:0"]);
    command.args(["--account", &format!("{ALICE}:{PASSWORD}"), "--ready-file"]).arg(&ready);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    while !ready.exists() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 1);
    let _ = run(std::process::Command::new("kill").arg(child.id().to_string())).ok();
    assert!(child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(!ready.exists());
}

#[test]
fn listening_elsewhere_without_tls_must_be_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let ran = refused(home.path(), &["--listen", "0.0.0.0:0"]);
    check(&ran, 2, &["--insecure-plain-http"]);
}

#[test]
fn keys_are_nobody_elses_to_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let stack = Stack::start();
    let mut keys = 0;
    for (path, bytes) in content(&stack.data()) {
        let text = String::from_utf8_lossy(&bytes);
        if text.contains("PRIVATE KEY") || text.contains("$argon2") {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
            keys += 1;
        }
    }
    assert!(keys >= 7, "only {keys} files with keys were found");
}

#[test]
fn the_front_page_and_health_answer() {
    let stack = Stack::start();
    let get = |path: &str| http().get(format!("{}{path}", stack.url())).send().unwrap();
    let front = get("/");
    assert_eq!(front.headers()["content-type"], "text/html; charset=utf-8");
    assert!(
        front.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'")
    );
    let page = front.text().unwrap();
    // Every link on the page leads somewhere.
    for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert_eq!(get(link).status(), 200, "{link}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(path).text().unwrap(), r#"{"status":"SERVING"}"#);
    }
    assert_eq!(get("/metrics").status(), 404, "metrics have a listener of their own");
    assert_eq!(get("/nowhere").status(), 404);
}

#[test]
fn metrics_are_served_where_they_were_asked_for_and_nowhere_else() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{free}");
    let stack = Stack::builder().argument("--metrics-listen").argument(&listen).start();
    let _ = stack.sign(&stack.file("artifact.txt", "signed and counted\n"));
    let metrics = http().get(format!("http://{listen}/metrics")).send().unwrap();
    let text = metrics.text().unwrap();
    for line in ["fulcio_new_certs 1", "rekor_v2_new_hashedrekord_entries 1"] {
        assert!(text.lines().any(|found| found == line), "`{line}` is missing:\n{text}");
    }
    assert!(text.contains(r#"route="/api/v2/signingCert""#), "{text}");
    assert!(!text.contains(ALICE), "no metric says who signs");
    let public = http().get(format!("{}/metrics", stack.url())).send().unwrap();
    assert_eq!(public.status(), 404);
}
