//! A log from start to start: what stays, and what is refused.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use lite_store::SystemClock;
use rekor_lite::{Config, KeyFileError, LogKey, OpenError, Server};

use crate::support::{CREATED, ENTRIES, Stack, send, valid_request};

#[tokio::test]
async fn a_later_start_goes_on_where_the_folder_stands() {
    let stack = Stack::new();
    let request = valid_request(b"artifact").to_string();
    assert_eq!(stack.post(request.clone()).await.index(), 1);
    let fragment = stack.server.fragment();
    let (server, _dir) =
        stack.reopen(|config| config.public_url = "http://rekor.example:9".to_owned());
    let server = server.unwrap();
    assert_eq!(server.fragment().tlogs[0].log.log_id, fragment.tlogs[0].log.log_id);
    assert_eq!(server.fragment().tlogs[0].log.public_key, fragment.tlogs[0].log.public_key);
    assert_eq!(server.log().checkpoint().size, 2);
    let again = send(server.router(), http::Method::POST, ENTRIES, request).await;
    assert_eq!(again.index(), 1);
    server.health().unwrap();
}

#[test]
fn the_key_is_for_its_owner_only() {
    let stack = Stack::new();
    let mode = |path: &str| {
        let path = stack.dir.path().join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("keys"), mode("keys/v2.pem")), (0o700, 0o600));
}

#[test]
fn the_fragment_says_what_clients_need() {
    let stack = Stack::with(|config| config.v1 = false);
    let fragment = stack.server.fragment();
    let log = &fragment.tlogs[0].log;
    assert_eq!(fragment.tlogs[0].major_api_version, 2);
    assert_eq!(log.base_url, "http://rekor.example:7070");
    assert_eq!(log.hash_algorithm, "SHA2_256");
    assert_eq!(log.public_key.key_details.as_deref(), Some("PKIX_ED25519"));
    let start = log.window().unwrap().start.unwrap();
    assert_eq!(start.millis(), CREATED / 1000 * 1000 - 1000);
    let service = &fragment.services.rekor[0];
    assert_eq!((service.url.as_str(), service.major_api_version), ("http://rekor.example:7070", 2));
    // Older clients refuse a TUF target of this usage with any key but ECDSA.
    assert!(fragment.legacy.is_empty());
    let stack = Stack::with(|config| (config.v1, config.key) = (false, LogKey::EcdsaP256));
    let fragment = stack.server.fragment();
    let details = fragment.tlogs[0].log.public_key.key_details.as_deref();
    assert_eq!(details, Some("PKIX_ECDSA_P256_SHA_256"));
    assert_eq!(
        (fragment.legacy[0].name.as_str(), fragment.legacy[0].usage.as_str()),
        ("rekor.pub", "Rekor")
    );
    assert!(fragment.legacy[0].contents.starts_with(b"-----BEGIN PUBLIC KEY-----\n"));
}

#[test]
fn origin_and_base_url_come_from_one_spelling() {
    let stack = Stack::with(|config| config.public_url = "HTTPS://Rekor.Example:443/".to_owned());
    let fragment = stack.server.fragment();
    assert_eq!(stack.server.log().origin(), "rekor.example");
    assert_eq!(fragment.tlogs[0].log.base_url, "https://rekor.example");
    assert_eq!(fragment.services.rekor[0].url, "https://rekor.example");
}

/// Every file below a folder, with its bytes; the locks are the kernel's.
fn contents(dir: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for item in std::fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

/// A start with a change in the configuration is refused, and changes nothing.
fn refuse_reopen(
    damage: impl FnOnce(&Path),
    change: impl FnOnce(&mut Config),
    expected: fn(&OpenError) -> bool,
) {
    let Stack { server, dir, clock } = Stack::new();
    let path = dir.path().to_owned();
    server.close();
    damage(&path);
    let before = contents(&path);
    let mut config = Config::new(&path, crate::support::URL);
    change(&mut config);
    let error = Server::open(config, clock).err().unwrap();
    assert!(expected(&error), "{error:?}");
    // Not `assert_eq`: it would print every byte.
    assert!(contents(&path) == before, "{error}");
}

#[test]
fn another_origin_or_key_is_refused() {
    refuse_reopen(
        |_| {},
        |config| config.public_url = "http://other.example".to_owned(),
        |error| matches!(error, OpenError::Log(_)),
    );
    refuse_reopen(
        |_| {},
        |config| config.key = LogKey::EcdsaP256,
        |error| matches!(error, OpenError::Key(KeyFileError::Kind { .. })),
    );
}

#[test]
fn a_lost_key_is_not_replaced() {
    refuse_reopen(
        |dir| std::fs::remove_file(dir.join("keys/v2.pem")).unwrap(),
        |_| {},
        |error| matches!(error, OpenError::Key(KeyFileError::Missing(_))),
    );
}

#[test]
fn neither_tree_goes_on_without_its_key() {
    for name in ["v1", "v2"] {
        let Stack { server, dir, clock } = Stack::new();
        server.close();
        std::fs::remove_file(dir.path().join(format!("keys/{name}.pem"))).unwrap();
        let config = Config::new(dir.path(), crate::support::URL);
        let error = Server::open(config, clock).err().unwrap();
        assert!(matches!(error, OpenError::Key(KeyFileError::Missing(_))), "{error:?}");
        assert!(!dir.path().join(format!("keys/{name}.pem")).exists());
    }
}

#[test]
fn a_lost_tree_is_not_begun_again() {
    refuse_reopen(
        |dir| std::fs::remove_dir_all(dir.join("v2")).unwrap(),
        |_| {},
        |error| matches!(error, OpenError::TreeMissing(_)),
    );
    refuse_reopen(
        |dir| {
            std::fs::remove_dir_all(dir.join("v2")).unwrap();
            std::fs::remove_file(dir.join("keys/v2.pem")).unwrap();
        },
        |_| {},
        |error| matches!(error, OpenError::TreeMissing(_)),
    );
    refuse_reopen(
        |dir| std::fs::remove_dir_all(dir.join("v2/journal")).unwrap(),
        |_| {},
        |error| matches!(error, OpenError::Log(lite_store::OpenError::Refused { .. })),
    );
}

#[tokio::test]
async fn a_tree_from_an_older_copy_is_refused() {
    let stack = Stack::new();
    let older = tempfile::tempdir().unwrap();
    let tree = stack.dir.path().join("v2");
    copy(&tree, older.path());
    stack.post(valid_request(b"artifact").to_string()).await.index();
    stack.server.log().close();
    std::fs::remove_dir_all(&tree).unwrap();
    copy(older.path(), &tree);
    let (server, dir) = stack.reopen(|_| {});
    let refused =
        matches!(server.err(), Some(OpenError::Log(lite_store::OpenError::Refused { .. })));
    assert!(refused);
    assert!(contents(&dir.path().join("v2")).len() == contents(older.path()).len());
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let path = item.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_folder_in_use_is_refused() {
    let stack = Stack::new();
    let config = Config::new(stack.dir.path(), crate::support::URL);
    let second = Server::open(config, Arc::new(SystemClock));
    assert!(matches!(second.err(), Some(OpenError::Lock(_))));
    stack.server.health().unwrap();
}

#[test]
fn a_url_that_clients_cannot_use_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::new(dir.path().join("log"), "https://[::1]:7070");
    let server = Server::open(config, Arc::new(SystemClock));
    assert!(matches!(server.err(), Some(OpenError::PublicUrl)));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_closed_log_is_unwell_and_still_read() {
    let stack = Stack::new();
    stack.server.log().close();
    assert!(stack.server.health().is_err());
    let answer = stack.post(valid_request(b"artifact").to_string()).await;
    assert_eq!(answer.status, 503);
    assert_eq!(stack.get("/checkpoint").await.status, 200);
}

#[test]
fn the_readme_names_every_setting() {
    let error = serde_json::from_str::<Config>(r#"{"nonsense":1}"#).unwrap_err().to_string();
    let settings: Vec<_> = error.split('`').skip(3).step_by(2).collect();
    assert_eq!(settings.len(), 12, "{error}");
    let readme = include_str!("../../README.md");
    for setting in settings {
        assert!(readme.contains(&format!("\n| `{setting}` | ")), "{setting}");
    }
}
