//! The folder over the years: restarts, renewals, changes, and what is refused.

use std::os::unix::fs::PermissionsExt as _;

use lite_keys::KeyKind;
use trust_lite::{OpenError, UpdateError};

use crate::common::{DAY, Site, fragment, get};

#[test]
fn a_restart_writes_nothing() {
    let site = Site::new();
    let fragment = fragment(&[KeyKind::Ed25519]);
    site.open(&fragment).close();
    let before = site.files();
    for _ in 0..3 {
        site.clock.advance(DAY);
        site.open(&fragment).close();
    }
    assert_eq!(site.files(), before);
}

#[test]
fn another_key_of_a_log_makes_new_targets_and_nothing_else() {
    let site = Site::new();
    let server = site.open(&fragment(&[KeyKind::Ed25519]));
    assert_eq!(
        site.metadata(),
        ["1.root.json", "1.snapshot.json", "1.targets.json", "timestamp.json"]
    );
    server.publish(fragment(&[KeyKind::Ed25519])).unwrap();
    assert_eq!(
        site.metadata(),
        [
            "1.root.json",
            "1.snapshot.json",
            "1.targets.json",
            "2.snapshot.json",
            "2.targets.json",
            "timestamp.json"
        ]
    );
}

#[tokio::test]
async fn a_change_is_served_at_once_and_earlier_versions_stay() {
    let site = Site::new();
    let server = site.open(&fragment(&[KeyKind::Ed25519]));
    let before = get(&server, "/trusted_root.json").await.body;
    server.publish(fragment(&[KeyKind::EcdsaP256])).unwrap();
    let after = get(&server, "/trusted_root.json").await.body;
    assert_ne!(before, after);
    assert_eq!(std::fs::read(site.path("client/trusted_root.json")).unwrap(), after);
    let fragment = server.fragment();
    server.close();
    let server = site.open(&fragment);
    for path in ["1.targets.json", "2.targets.json", "1.snapshot.json", "2.snapshot.json"] {
        assert_eq!(get(&server, &format!("/tuf/{path}")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_expired_while_nobody_looked_is_renewed_before_it_is_served() {
    let site = Site::new();
    let fragment = fragment(&[]);
    site.open(&fragment).close();
    site.clock.advance(DAY * 1000);
    let server = site.open(&fragment);
    server.health().unwrap();
    assert_eq!(
        site.metadata(),
        [
            "1.root.json",
            "1.snapshot.json",
            "1.targets.json",
            "2.root.json",
            "2.snapshot.json",
            "2.targets.json",
            "timestamp.json"
        ]
    );
    assert_eq!(get(&server, "/root.json").await.body, get(&server, "/tuf/2.root.json").await.body);
}

#[test]
fn a_server_that_keeps_running_stays_healthy_for_years() {
    let site = Site::new();
    let server = site.open(&fragment(&[]));
    for _ in 0..400 {
        site.clock.advance(DAY * 2);
        server.tick().unwrap();
        server.health().unwrap();
    }
    let roots = site.metadata().iter().filter(|name| name.ends_with("root.json")).count();
    assert_eq!(roots, 5, "a new root every half year of 800 days");
}

#[test]
fn health_says_when_nothing_was_renewed() {
    let site = Site::new();
    let server = site.open(&fragment(&[]));
    site.clock.advance(DAY * 8);
    let failure = server.health().unwrap_err();
    assert!(failure.contains("expired at 2026-03-08T12:00:00Z"), "{failure}");
    server.tick().unwrap();
    server.health().unwrap();
}

#[test]
fn keys_are_for_their_owner_only() {
    let site = Site::new();
    site.open(&fragment(&[])).close();
    for name in ["root", "targets", "snapshot", "timestamp"] {
        let key = site.path(&format!("trust/keys/{name}.pem"));
        assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn the_root_key_may_be_elsewhere_and_the_others_may_not() {
    let site = Site::new();
    let fragment = fragment(&[]);
    site.open(&fragment).close();
    std::fs::remove_file(site.path("trust/keys/root.pem")).unwrap();
    site.clock.advance(DAY * 300);
    let server = site.open(&fragment);
    server.health().unwrap();
    assert!(!site.metadata().contains(&"2.root.json".to_owned()));
    assert!(site.metadata().contains(&"2.targets.json".to_owned()));
    server.close();
    for name in ["targets", "snapshot", "timestamp"] {
        let path = site.path(&format!("trust/keys/{name}.pem"));
        let key = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let before = site.files();
        let refusal = site.try_open(&fragment).err().unwrap();
        assert!(
            matches!(&refusal, OpenError::KeyMissing(missing) if *missing == path),
            "{refusal}"
        );
        assert_eq!(site.files(), before);
        put(&path, &key);
    }
    site.open(&fragment).close();
}

#[test]
fn the_root_key_is_replaced_by_putting_the_old_one_beside_the_new() {
    let site = Site::new();
    let fragment = fragment(&[]);
    site.open(&fragment).close();
    let (root, replaced) =
        (site.path("trust/keys/root.pem"), site.path("trust/keys/root.replaced.pem"));
    let old = std::fs::read(&root).unwrap();
    let new = lite_keys::SigningKey::generate(KeyKind::EcdsaP256).to_pkcs8_pem();
    put(&root, new.as_bytes());
    let refusal = site.try_open(&fragment).err().unwrap();
    assert!(matches!(refusal, OpenError::Update(_)), "{refusal}");
    assert!(!site.metadata().contains(&"2.root.json".to_owned()));
    put(&replaced, &old);
    site.open(&fragment).close();
    assert!(site.metadata().contains(&"2.root.json".to_owned()));
    std::fs::remove_file(&replaced).unwrap();
    site.open(&fragment).close();
}

#[test]
fn a_folder_that_is_not_whole_is_refused_and_left_alone() {
    let check = |break_it: &dyn Fn(&Site), word: &str| {
        let site = Site::new();
        let first = fragment(&[KeyKind::Ed25519]);
        let server = site.open(&first);
        server.publish(fragment(&[KeyKind::EcdsaP256])).unwrap();
        let last = server.fragment();
        server.close();
        break_it(&site);
        let before = site.files();
        let refusal = site.try_open(&last).err().unwrap();
        let found = match &refusal {
            OpenError::Damaged { .. } => "damaged",
            OpenError::Incomplete(_) => "incomplete",
            OpenError::KeyUnusable(_) => "key",
            _ => "other",
        };
        assert_eq!(found, word, "{refusal}");
        assert_eq!(site.files(), before, "{word}");
    };
    let repository = |site: &Site, name: &str| site.path(&format!("trust/repository/{name}"));
    let remove = |site: &Site, name: &str| std::fs::remove_file(repository(site, name)).unwrap();
    check(&|site| remove(site, "timestamp.json"), "incomplete");
    check(&|site| remove(site, "2.snapshot.json"), "incomplete");
    check(&|site| remove(site, "2.targets.json"), "incomplete");
    check(&|site| remove(site, "1.root.json"), "incomplete");
    for name in ["timestamp.json", "2.snapshot.json", "2.targets.json", "1.root.json"] {
        check(
            &|site| {
                let path = repository(site, name);
                let text = std::fs::read_to_string(&path).unwrap().replace("20", "21");
                put(&path, text.as_bytes());
            },
            "damaged",
        );
        check(&|site| put(&repository(site, name), b"{}"), "damaged");
        check(&|site| put(&repository(site, name), b""), "damaged");
    }
    check(&|site| put(&site.path("trust/keys/targets.pem"), b"no key"), "key");
}

#[tokio::test]
async fn a_target_file_that_was_lost_or_damaged_comes_back() {
    let site = Site::new();
    let fragment = fragment(&[]);
    site.open(&fragment).close();
    let before = site.files();
    let targets: Vec<&String> =
        before.keys().filter(|path| path.starts_with("trust/repository/targets/")).collect();
    assert_eq!(targets.len(), 6);
    std::fs::remove_file(site.path(targets[0])).unwrap();
    put(&site.path(targets[1]), b"not what its name says");
    site.open(&fragment).close();
    assert_eq!(site.files(), before);
}

#[test]
fn two_processes_cannot_have_one_folder() {
    let site = Site::new();
    let fragment = fragment(&[]);
    let server = site.open(&fragment);
    assert!(matches!(site.try_open(&fragment), Err(OpenError::Lock(_))));
    let clone = server.clone();
    server.close();
    assert!(matches!(clone.tick(), Err(UpdateError::Closed)));
    site.open(&fragment).close();
}

#[test]
fn an_interrupted_first_start_is_continued() {
    let site = Site::new();
    let fragment = fragment(&[]);
    site.open(&fragment).close();
    let all = site.files();
    let order = ["1.root.json", "1.targets.json", "1.snapshot.json", "timestamp.json"];
    for written in 0..order.len() {
        for name in &order[written..] {
            let _ = std::fs::remove_file(site.path(&format!("trust/repository/{name}")));
        }
        site.open(&fragment).close();
        let found = site.files();
        assert_eq!(found.keys().collect::<Vec<_>>(), all.keys().collect::<Vec<_>>());
        if written > 0 {
            assert_eq!(found["trust/repository/1.root.json"], all["trust/repository/1.root.json"]);
        } else {
            return; // A root that nobody saw is made again; the later cases have the first one.
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own damage")]
pub(crate) fn put(path: &std::path::Path, contents: &[u8]) {
    std::fs::write(path, contents).unwrap();
}

#[tokio::test]
async fn a_write_that_fails_leaves_clients_with_what_they_had() {
    let (first, second) = (fragment(&[KeyKind::Ed25519]), fragment(&[KeyKind::EcdsaP256]));
    for blocked in ["2.targets.json", "2.snapshot.json"] {
        let site = Site::new();
        let server = site.open(&first);
        let before = get(&server, "/tuf/timestamp.json").await.body;
        // A folder where a file should go: the write fails whoever runs the test.
        let obstacle = site.path(&format!("trust/repository/{blocked}"));
        std::fs::create_dir(&obstacle).unwrap();
        assert!(matches!(server.publish(second.clone()), Err(UpdateError::Write { .. })));
        let targets = std::fs::read_dir(site.path("trust/repository/targets")).unwrap().count();
        assert_eq!(targets, 6 + 2, "target files come before the metadata that names them");

        assert_eq!(get(&server, "/tuf/timestamp.json").await.body, before);
        assert_eq!(get(&server, "/tuf/2.targets.json").await.status, 404);
        let client = std::fs::read(site.path("client/trusted_root.json")).unwrap();
        assert_eq!(client, first.trusted_root().to_json().as_bytes());
        // What came of the write is not known, so nothing is written until a start has looked.
        assert!(matches!(server.tick(), Err(UpdateError::Stopped)));
        assert!(server.health().unwrap_err().contains("start again"));
        server.close();

        std::fs::remove_dir(&obstacle).unwrap();
        let server = site.open(&second);
        server.health().unwrap();
        assert_eq!(get(&server, "/tuf/2.targets.json").await.status, 200);
        assert_eq!(get(&server, "/tuf/3.targets.json").await.status, 404);
    }
}

#[test]
fn a_fragment_that_cannot_be_published_does_not_stop_the_renewal() {
    let site = Site::new();
    let good = fragment(&[]);
    let server = site.open(&good);
    let mut bad = good.clone();
    bad.legacy[0].uri = "http://b\u{fc}cher.example".to_owned();
    assert!(matches!(server.publish(bad), Err(UpdateError::Sign(_))));
    assert_eq!(server.fragment(), good);
    site.clock.advance(DAY * 100);
    server.tick().unwrap();
    server.health().unwrap();
}
