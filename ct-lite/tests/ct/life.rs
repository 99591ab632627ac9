//! The folder over time: restarts, what must not change, and what is refused.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use ct_lite::OpenError;

use crate::common::{Ca, START, Site, base64, der, get};

#[tokio::test]
async fn a_restart_keeps_leaves_key_and_promises() {
    let site = Site::new();
    let server = site.filled(3).await;
    let fragment = server.fragment();
    let before = get(&server, "/checkpoint").await.body;
    let entries = get(&server, "/ct/v1/get-entries?start=0&end=9").await.body;
    server.close();
    site.clock.advance(Duration::from_secs(3600));
    let server = site.open();
    assert_eq!(server.fragment(), fragment);
    assert_eq!(get(&server, "/checkpoint").await.body, before);
    assert_eq!(get(&server, "/ct/v1/get-entries?start=0&end=9").await.body, entries);
    let leaf = get(&server, "/ct/v1/get-entry-and-proof?leaf_index=2&tree_size=4").await.json();
    let hash = lite_tlog::leaf_hash(&base64(&leaf["leaf_input"]));
    let text = hex_to_query(&hash);
    let found = get(&server, &format!("/ct/v1/get-proof-by-hash?hash={text}&tree_size=4")).await;
    assert_eq!(found.json()["leaf_index"], 2);
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_before_the_first_leaf_goes_on() {
    let site = Site::new();
    let server = site.open();
    let key = server.log().id();
    server.close();
    // What is there before the first leaf is: the key, the log's name, empty folders.
    let dir = site.dir.path().join("ct");
    for later in ["issuers", "log/journal", "log/tree"] {
        std::fs::remove_dir_all(dir.join(later)).unwrap();
    }
    std::fs::remove_file(dir.join("promised")).unwrap();
    let server = site.open();
    assert_eq!(server.log().id(), key);
    assert_eq!(get(&server, "/ct/v1/get-sth").await.json()["tree_size"], 1);
}

#[tokio::test]
async fn the_index_of_hashes_may_be_lost_or_damaged() {
    let site = Site::new();
    let server = site.filled(3).await;
    let leaf = get(&server, "/ct/v1/get-entry-and-proof?leaf_index=1&tree_size=4").await.json();
    let text = hex_to_query(&lite_tlog::leaf_hash(&base64(&leaf["leaf_input"])));
    server.close();
    let path = site.dir.path().join("ct/hashes.redb");
    for damage in [None, Some(&b"not a database"[..])] {
        std::fs::remove_file(&path).unwrap();
        if let Some(bytes) = damage {
            put(&path, bytes);
        }
        let server = site.open();
        let found =
            get(&server, &format!("/ct/v1/get-proof-by-hash?hash={text}&tree_size=4")).await;
        assert_eq!(found.json()["leaf_index"], 1);
        server.close();
    }
}

#[tokio::test]
async fn the_fragment_is_what_verifies_the_promises() {
    let site = Site::new();
    let server = site.open();
    site.clock.advance(Duration::from_secs(60));
    let precertificate = site.ca.precertificate(1);
    let sct = server.log().submit_pre_chain(&der(&precertificate.submission())).await.unwrap();
    let fragment = server.fragment();
    let log = &fragment.trusted_root().ctlogs[0];
    let key = lite_keys::PublicKey::from_spki_der(&log.public_key.raw_bytes).unwrap();
    sct.verify(&key, precertificate.entry()).unwrap();
    assert_eq!(log.base_url, "http://localhost:7070/ct");
    assert_eq!(log.log_id.key_id, sct.log_id);
    assert_eq!(log.public_key.key_details.as_deref(), Some("PKIX_ECDSA_P256_SHA_256"));
    assert_eq!(log.window().unwrap().start, Some(START));
    assert!(log.window().unwrap().contains(sct.time()));
    let legacy = &fragment.legacy[0];
    assert_eq!((legacy.name.as_str(), legacy.usage.as_str()), ("ctfe.pub", "CTFE"));
    let pem = std::str::from_utf8(&legacy.contents).unwrap();
    assert_eq!(lite_keys::PublicKey::from_pem(pem).unwrap(), key);
}

#[tokio::test]
async fn the_checkpoint_does_not_grow_older_than_half_a_day() {
    let site = Site::new();
    let server = site.filled(1).await;
    let before = get(&server, "/ct/v1/get-sth").await.json();
    site.clock.advance(Duration::from_secs(11 * 3600));
    server.keep_young().await;
    assert_eq!(get(&server, "/ct/v1/get-sth").await.json(), before);
    site.clock.advance(Duration::from_secs(2 * 3600));
    server.keep_young().await;
    let after = get(&server, "/ct/v1/get-sth").await.json();
    assert_eq!(after["sha256_root_hash"], before["sha256_root_hash"]);
    let hours = |sth: &serde_json::Value| sth["timestamp"].as_u64().unwrap() / 3_600_000;
    assert_eq!(hours(&after), hours(&before) + 13);
}

#[test]
fn the_key_is_for_its_owner_only_and_is_never_replaced() {
    let site = Site::new();
    site.open().close();
    let path = site.dir.path().join("ct/key.pem");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let key = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(site.try_open(), Err(OpenError::KeyMissing(_))));
    put(&path, b"no key");
    assert!(matches!(site.try_open(), Err(OpenError::KeyUnusable(_))));
    let other = lite_keys::SigningKey::generate(lite_keys::KeyKind::EcdsaP384).to_pkcs8_pem();
    put(&path, other.as_bytes());
    assert!(matches!(site.try_open(), Err(OpenError::KeyUnusable(_))));
    let other = lite_keys::SigningKey::generate(lite_keys::KeyKind::EcdsaP256).to_pkcs8_pem();
    put(&path, other.as_bytes());
    assert!(matches!(site.try_open(), Err(OpenError::Log(_))));
    put(&path, &key);
    site.open().close();
}

#[test]
fn a_log_that_was_taken_away_is_not_begun_again() {
    let site = Site::new();
    site.open().close();
    std::fs::remove_dir_all(site.dir.path().join("ct/log")).unwrap();
    assert!(matches!(site.try_open(), Err(OpenError::Log(lite_store::OpenError::Missing(_)))));
}

#[tokio::test]
async fn an_older_copy_of_the_log_is_refused() {
    let site = Site::new();
    site.filled(1).await.close();
    let (log, copy) = (site.dir.path().join("ct/log"), site.dir.path().join("copy"));
    copy_dir(&log, &copy);
    let server = site.open();
    let chain = der(&site.ca.precertificate(2).submission());
    server.log().submit_pre_chain(&chain).await.unwrap();
    server.close();
    std::fs::remove_dir_all(&log).unwrap();
    copy_dir(&copy, &log);
    let refusal = site.try_open().err().unwrap();
    assert!(matches!(refusal, OpenError::Log(lite_store::OpenError::Refused { .. })), "{refusal}");
}

fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn another_url_is_another_log() {
    let mut site = Site::new();
    site.open().close();
    site.config.public_url = "http://localhost:7071/ct".to_owned();
    let refusal = site.try_open().err().unwrap();
    assert!(matches!(refusal, OpenError::Log(lite_store::OpenError::AnotherOrigin { .. })));
}

#[test]
fn a_folder_has_one_process() {
    let site = Site::new();
    let server = site.open();
    assert!(matches!(site.try_open(), Err(OpenError::Lock(_))));
    server.close();
    site.open().close();
}

#[test]
fn refuses_configurations_that_make_no_log() {
    let check = |change: &dyn Fn(&mut ct_lite::Config), word: &str| {
        let site = Site::with(|config| change(config));
        let found = match site.try_open() {
            Err(OpenError::NoRoots) => "no roots",
            Err(OpenError::Root { .. }) => "root",
            Err(OpenError::Url(_)) => "url",
            Err(OpenError::Io { .. }) => "io",
            _ => "other",
        };
        assert_eq!(found, word);
        assert!(!site.dir.path().join("ct").exists(), "{word}: nothing was made");
    };
    check(&|config| config.roots_pem.clear(), "no roots");
    check(&|config| config.roots_pem = "no PEM".to_owned(), "root");
    check(&|config| config.root_files.push("/nowhere/root.pem".into()), "io");
    check(&|config| config.public_url = "localhost:7070".to_owned(), "url");
}

#[tokio::test]
async fn a_new_root_is_accepted_after_a_restart() {
    let mut site = Site::new();
    site.open().close();
    let other = Ca::new();
    let chain = der(&other.precertificate(1).submission());
    let server = site.open();
    server.log().submit_pre_chain(&chain).await.unwrap_err();
    server.close();
    site.config.roots_pem.push_str(&other.root.to_pem());
    let server = site.open();
    server.log().submit_pre_chain(&chain).await.unwrap();
}

fn hex_to_query(hash: &[u8; 32]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE.encode(hash)
}

#[expect(clippy::disallowed_methods, reason = "a test's own damage")]
pub(crate) fn put(path: &std::path::Path, contents: &[u8]) {
    std::fs::write(path, contents).unwrap();
}
