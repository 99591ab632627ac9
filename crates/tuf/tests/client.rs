//! Another implementation follows what we write: the TUF client of sigstore-rust.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{Repository, Updater};

use lite_keys::{KeyKind, SigningKey};
use lite_time::Time;
use lite_tuf::{
    Custom, Periods, RenewError, Renewal, RepositoryKeys, RoleKey, SigstoreCustom, State, Target,
    renew, target_name,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const PERIODS: Periods = Periods {
    root: DAY.saturating_mul(365),
    targets: DAY.saturating_mul(180),
    snapshot: DAY.saturating_mul(30),
    timestamp: DAY.saturating_mul(7),
};

fn start() -> Time {
    Time::parse_rfc3339("2026-03-01T12:00:00Z").unwrap()
}

fn key() -> RoleKey {
    RoleKey::new(SigningKey::generate(KeyKind::EcdsaP256)).unwrap()
}

fn keys() -> RepositoryKeys {
    RepositoryKeys {
        root: Some(key()),
        replaced_root: None,
        targets: key(),
        snapshot: key(),
        timestamp: key(),
    }
}

/// A mirror in memory. Its double promise: no file but `timestamp.json` is ever overwritten.
#[derive(Clone, Default)]
struct Mirror(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Mirror {
    fn put(&self, name: &str, contents: &[u8]) {
        let before = self.0.lock().unwrap().insert(name.to_owned(), contents.to_vec());
        let same = before.as_deref().is_none_or(|before| before == contents);
        assert!(same || name == "timestamp.json", "{name} was overwritten");
    }

    fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(name).cloned()
    }

    /// Publishes `contents` as target files; the names of the metadata files that this wrote.
    fn publish(&self, site: &mut Site, contents: &[(&str, &[u8])], now: Time) -> Vec<String> {
        let mut targets = BTreeMap::new();
        for (name, contents) in contents {
            let target = Target::of(contents, custom(name));
            self.put(&target_name(name, &target), contents);
            targets.insert((*name).to_owned(), target);
        }
        let Renewal { files, state } =
            renew(site.state.as_ref(), &targets, &site.keys, &PERIODS, now).unwrap();
        for file in &files {
            self.put(&file.name, &file.contents);
        }
        site.state = Some(state);
        files.into_iter().map(|file| file.name).collect()
    }
}

fn custom(name: &str) -> Option<Custom> {
    let sigstore = SigstoreCustom {
        usage: "CTFE".to_owned(),
        status: "Active".to_owned(),
        uri: "http://localhost:7070/ct".to_owned(),
    };
    (name == "ctfe.pub").then_some(Custom { sigstore })
}

impl Repository for Mirror {
    fn fetch_metadata<'a>(&'a self, name: &'a str, _max: u64) -> FetchFuture<'a> {
        Box::pin(async move { Ok(self.get(name)) })
    }

    fn fetch_target<'a>(&'a self, path: &'a str, _max: u64) -> FetchFuture<'a> {
        Box::pin(async move { Ok(self.get(&format!("targets/{path}"))) })
    }
}

struct Site {
    keys: RepositoryKeys,
    state: Option<State>,
}

#[track_caller]
fn client(mirror: &Mirror, root: &[u8], name: &str, at: Time) -> Result<Vec<u8>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let at: jiff::Timestamp = at.to_rfc3339().parse().unwrap();
    let mut updater = Updater::new(mirror.clone(), root).unwrap();
    let fetched = runtime.block_on(async {
        updater.refresh(at).await?;
        updater.get_target(name, at).await
    });
    fetched.map_err(|error| error.to_string())
}

fn after(days: u32) -> Time {
    start().plus(DAY * days)
}

#[test]
fn another_implementation_fetches_what_was_published() {
    let (mirror, mut site) = (Mirror::default(), Site { keys: keys(), state: None });
    let files = mirror.publish(&mut site, &[("a.json", b"one"), ("ctfe.pub", b"key")], start());
    assert_eq!(files, ["1.root.json", "1.targets.json", "1.snapshot.json", "timestamp.json"]);
    let root = mirror.get("1.root.json").unwrap();
    assert_eq!(client(&mirror, &root, "a.json", after(1)).unwrap(), b"one");
    assert_eq!(client(&mirror, &root, "ctfe.pub", after(1)).unwrap(), b"key");
    let refusal = client(&mirror, &root, "a.json", after(8)).unwrap_err();
    assert!(refusal.contains("expired"), "{refusal}");
}

#[test]
fn nothing_is_written_while_all_is_fresh() {
    let (mirror, mut site) = (Mirror::default(), Site { keys: keys(), state: None });
    mirror.publish(&mut site, &[("a.json", b"one")], start());
    for now in [start(), start().plus(DAY), after(3)] {
        assert_eq!(mirror.publish(&mut site, &[("a.json", b"one")], now), [""; 0]);
    }
}

#[test]
fn each_role_is_renewed_at_half_its_life() {
    let (mirror, mut site) = (Mirror::default(), Site { keys: keys(), state: None });
    mirror.publish(&mut site, &[("a.json", b"one")], start());
    let root = mirror.get("1.root.json").unwrap();
    let mut written = BTreeMap::new();
    for hour in (6..24 * 200).step_by(6) {
        let now = start().plus(Duration::from_secs(3600) * hour);
        for name in mirror.publish(&mut site, &[("a.json", b"one")], now) {
            written.entry(name).or_insert(hour.div_ceil(24));
        }
        assert!(site.state.as_ref().unwrap().expires() > now.plus(DAY * 3));
    }
    assert_eq!(written["timestamp.json"], 4);
    assert_eq!(written["2.snapshot.json"], 15);
    assert_eq!(written["2.targets.json"], 90);
    assert_eq!(written["2.root.json"], 183);
    assert!(!written.contains_key("3.root.json"));
    assert_eq!(client(&mirror, &root, "a.json", after(200)).unwrap(), b"one");
}

#[test]
fn new_contents_make_a_new_version_of_what_names_them() {
    let (mirror, mut site) = (Mirror::default(), Site { keys: keys(), state: None });
    mirror.publish(&mut site, &[("a.json", b"one")], start());
    let files = mirror.publish(&mut site, &[("a.json", b"two")], after(1));
    assert_eq!(files, ["2.targets.json", "2.snapshot.json", "timestamp.json"]);
    let root = mirror.get("1.root.json").unwrap();
    assert_eq!(client(&mirror, &root, "a.json", after(1)).unwrap(), b"two");
}

#[test]
fn a_client_with_the_first_root_follows_new_keys_for_every_role() {
    let (mirror, mut site) = (Mirror::default(), Site { keys: keys(), state: None });
    mirror.publish(&mut site, &[("a.json", b"one")], start());
    let root = mirror.get("1.root.json").unwrap();

    let replaced = std::mem::replace(&mut site.keys, keys());
    site.keys.replaced_root = replaced.root;
    let files = mirror.publish(&mut site, &[("a.json", b"one")], after(1));
    assert_eq!(files, ["2.root.json", "2.targets.json", "2.snapshot.json", "timestamp.json"]);
    assert_eq!(client(&mirror, &root, "a.json", after(1)).unwrap(), b"one");

    // The replaced key is needed once.
    site.keys.replaced_root = None;
    mirror.publish(&mut site, &[("a.json", b"one")], after(200));
    assert_eq!(client(&mirror, &root, "a.json", after(200)).unwrap(), b"one");
    let second = mirror.get("2.root.json").unwrap();
    assert_eq!(client(&mirror, &second, "a.json", after(200)).unwrap(), b"one");
}

#[test]
fn an_offline_root_key_is_asked_for_only_when_keys_change() {
    let (mirror, mut site) = (Mirror::default(), Site { keys: keys(), state: None });
    mirror.publish(&mut site, &[("a.json", b"one")], start());
    site.keys.root = None;
    let files = mirror.publish(&mut site, &[("a.json", b"two")], after(300));
    assert_eq!(files, ["2.targets.json", "2.snapshot.json", "timestamp.json"]);

    site.keys.timestamp = key();
    let refuse = |site: &Site, error| {
        let none = BTreeMap::new();
        let result = renew(site.state.as_ref(), &none, &site.keys, &PERIODS, start());
        assert_eq!(result, Err(error));
    };
    refuse(&site, RenewError::RootKeyAbsent);
    site.keys.root = Some(key());
    refuse(&site, RenewError::ReplacedRootKeyAbsent);
    site.state = None;
    site.keys.root = None;
    refuse(&site, RenewError::RootKeyAbsent);
}

#[test]
fn refuses_one_key_for_two_roles() {
    let pem = SigningKey::generate(KeyKind::EcdsaP256).to_pkcs8_pem();
    let same = || RoleKey::new(SigningKey::from_pkcs8_pem(&pem).unwrap()).unwrap();
    let keys = RepositoryKeys { snapshot: same(), timestamp: same(), ..keys() };
    let result = renew(None, &BTreeMap::new(), &keys, &PERIODS, start());
    assert_eq!(result, Err(RenewError::SharedKey));
}
