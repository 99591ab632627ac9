//! What a mirror can do to a client of ours, and what the client says.
//!
//! The repositories are written by `lite-tuf`, which knows nothing of the library that follows
//! them here. What the whole world of TUF can do wrong is the conformance suite's, through
//! `siglite tuf-client`.

use std::collections::BTreeMap;
use std::time::Duration;

use lite_keys::{KeyKind, SigningKey};
use lite_tuf::{
    Metadata, Periods, RepositoryKeys, Role, RoleKey, RoleName, Root, Signed, State, Target,
    Timestamp, renew, target_name,
};
use sigstore_tuf::FileStore;

use super::*;
use crate::files::Reader;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = DAY.saturating_mul(365);
const LONG: Periods = Periods { root: YEAR, targets: YEAR, snapshot: YEAR, timestamp: YEAR };

fn day(number: u32) -> Time {
    Time::from_secs(1_800_000_000).plus(DAY * number)
}

fn key() -> RoleKey {
    RoleKey::new(SigningKey::generate(KeyKind::EcdsaP256)).unwrap()
}

/// A repository in a folder, with a client that remembers in another.
struct Site {
    dir: tempfile::TempDir,
    keys: RepositoryKeys,
    state: Option<State>,
}

impl Site {
    fn new() -> Self {
        let keys = RepositoryKeys {
            root: Some(key()),
            replaced_root: None,
            targets: key(),
            snapshot: key(),
            timestamp: key(),
        };
        Self { dir: tempfile::tempdir().unwrap(), keys, state: None }
    }

    fn put(&self, name: &str, contents: &[u8]) {
        let path = self.dir.path().join("mirror").join(name);
        files::write(&path, contents, Reader::Everyone).unwrap();
    }

    fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join("mirror").join(name)).unwrap()
    }

    /// Publishes these contents as the trusted root, the only target that must be there.
    fn publish(&mut self, contents: &[u8], periods: &Periods, now: Time) {
        let target = Target::of(contents, None);
        self.put(&target_name(TRUSTED_ROOT, &target), contents);
        let targets = BTreeMap::from([(TRUSTED_ROOT.to_owned(), target)]);
        let renewal = renew(self.state.as_ref(), &targets, &self.keys, periods, now).unwrap();
        for file in &renewal.files {
            self.put(&file.name, &file.contents);
        }
        self.state = Some(renewal.state);
    }

    /// Signs a document of the repository anew after a change to it.
    fn forge<R: Role>(&self, name: &str, keys: &[&RoleKey], change: impl FnOnce(&mut Metadata<R>)) {
        let mut signed = Signed::<R>::parse(&self.get(name)).unwrap();
        change(&mut signed.signed);
        self.put(name, &Signed::new(signed.signed, keys).unwrap().to_file().unwrap());
    }

    /// What a client that remembers sees at this time.
    fn fetch(&self, now: Time) -> Outcome<Vec<u8>> {
        let mirror = format!("file://{}", self.dir.path().join("mirror").display());
        let store = FileStore::new(self.dir.path().join("client"));
        let root = self.get("1.root.json");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime
            .block_on(fetch(&Web::default(), &mirror, &root, store, now))
            .map(|fetched| fetched.trusted_root)
    }

    #[track_caller]
    fn refuses(&self, now: Time, sentence: &str) {
        let failure = self.fetch(now).unwrap_err();
        assert_eq!(failure.exit, Exit::Trust, "{failure:?}");
        assert_eq!(failure.sentence, sentence, "{failure:?}");
    }
}

const EXPIRED: &str = "the trust material of the instance has expired";
const GONE_BACK: &str = "the TUF repository has gone back in time";
const WRONG: &str = "the trust material does not verify";

#[test]
fn what_was_published_is_fetched() {
    let mut site = Site::new();
    site.publish(b"one", &LONG, day(0));
    assert_eq!(site.fetch(day(1)).unwrap(), b"one");
    site.publish(b"two", &LONG, day(2));
    assert_eq!(site.fetch(day(2)).unwrap(), b"two");
}

#[test]
fn an_older_state_is_refused_by_who_knows_a_newer_one() {
    let mut site = Site::new();
    site.publish(b"one", &LONG, day(0));
    let timestamp = site.get("timestamp.json");
    site.publish(b"two", &LONG, day(1));
    assert_eq!(site.fetch(day(1)).unwrap(), b"two");
    site.put("timestamp.json", &timestamp);
    site.refuses(day(1), GONE_BACK);
}

#[test]
fn a_timestamp_of_a_newer_version_cannot_bring_an_older_snapshot_back() {
    let mut site = Site::new();
    site.publish(b"one", &LONG, day(0));
    site.publish(b"two", &LONG, day(1));
    assert_eq!(site.fetch(day(1)).unwrap(), b"two");
    let key = &site.keys.timestamp;
    site.forge::<Timestamp>("timestamp.json", &[key], |timestamp| {
        timestamp.version += 1;
        timestamp.role = Timestamp::of(1);
    });
    site.refuses(day(1), GONE_BACK);
}

#[test]
fn a_mirror_that_stands_still_is_noticed_when_its_timestamp_ends() {
    let mut site = Site::new();
    site.publish(b"one", &Periods { timestamp: DAY * 7, ..LONG }, day(0));
    assert_eq!(site.fetch(day(6)).unwrap(), b"one");
    // The client has this very timestamp, and that it is the same is no excuse.
    site.refuses(day(8), EXPIRED);
}

#[test]
fn every_role_ends() {
    for periods in [
        Periods { root: DAY * 7, ..LONG },
        Periods { targets: DAY * 7, ..LONG },
        Periods { snapshot: DAY * 7, ..LONG },
        Periods { timestamp: DAY * 7, ..LONG },
    ] {
        let mut site = Site::new();
        site.publish(b"one", &periods, day(0));
        site.refuses(day(8), EXPIRED);
        assert_eq!(site.fetch(day(6)).unwrap(), b"one");
    }
}

#[test]
fn one_signature_is_not_two() {
    let mut site = Site::new();
    site.publish(b"one", &LONG, day(0));
    let root_key = site.keys.root.as_ref().unwrap();
    site.forge::<Root>("1.root.json", &[root_key], |root| {
        root.role.roles.get_mut(&RoleName::Timestamp).unwrap().threshold = 2;
    });
    site.refuses(day(1), WRONG);
    // Nor is one that stands there twice.
    let mut timestamp: serde_json::Value =
        serde_json::from_slice(&site.get("timestamp.json")).unwrap();
    let signatures = timestamp["signatures"].as_array_mut().unwrap();
    signatures.push(signatures[0].clone());
    site.put("timestamp.json", timestamp.to_string().as_bytes());
    site.refuses(day(1), WRONG);
}

#[test]
fn another_key_and_another_file_are_refused() {
    let mut site = Site::new();
    site.publish(b"one", &LONG, day(0));
    let stranger = key();
    let timestamp = site.get("timestamp.json");
    site.forge::<Timestamp>("timestamp.json", &[&stranger], |timestamp| timestamp.version += 1);
    site.refuses(day(1), WRONG);
    site.put("timestamp.json", &timestamp);
    let target = Target::of(b"one", None);
    site.put(&target_name(TRUSTED_ROOT, &target), b"two");
    site.refuses(day(1), WRONG);
}

#[test]
fn a_root_is_followed_only_by_its_own_successor() {
    let mut site = Site::new();
    site.publish(b"one", &LONG, day(0));
    let stranger = key();
    // A second root that the first one's key has not signed.
    let first = Signed::<Root>::parse(&site.get("1.root.json")).unwrap();
    let mut second = first.signed;
    second.version = 2;
    site.put("2.root.json", &Signed::new(second, &[&stranger]).unwrap().to_file().unwrap());
    site.refuses(day(1), WRONG);
}
