//! What a repository reads back is what it has signed, or it is refused by name.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::collections::BTreeMap;
use std::time::Duration;

use lite_keys::{KeyKind, SigningKey};
use lite_time::Time;
use lite_tuf::{
    Key, Metadata, Periods, ReadError, RepositoryKeys, RoleKey, RoleName, Signed, Snapshot, State,
    Target, Targets, VerifyError, canonical, renew,
};

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const PERIODS: Periods = Periods { root: YEAR, targets: YEAR, snapshot: YEAR, timestamp: YEAR };

fn key() -> RoleKey {
    RoleKey::new(SigningKey::generate(KeyKind::EcdsaP256)).unwrap()
}

/// The files of one version of a repository.
struct Files {
    root: Vec<u8>,
    online: [Vec<u8>; 3],
}

impl Files {
    fn read(&self, previous: Option<&[u8]>) -> Result<State, ReadError> {
        let state = State::read_root(previous, &self.root)?;
        state.with_online(previous, self.online.each_ref().map(Vec::as_slice))
    }
}

struct Site {
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
        Self { keys, state: None }
    }

    fn publish(&mut self, contents: &[u8]) -> Files {
        let targets = BTreeMap::from([("a".to_owned(), Target::of(contents, None))]);
        let now = Time::from_secs(1_800_000_000);
        let state = renew(self.state.as_ref(), &targets, &self.keys, &PERIODS, now).unwrap().state;
        let online = state.online.as_ref().unwrap();
        let files = Files {
            root: state.root.to_file().unwrap(),
            online: [
                online.targets.to_file().unwrap(),
                online.snapshot.to_file().unwrap(),
                online.timestamp.to_file().unwrap(),
            ],
        };
        self.state = Some(state);
        files
    }
}

#[test]
fn reads_back_what_it_wrote() {
    let mut site = Site::new();
    let files = site.publish(b"one");
    assert_eq!(files.read(None).unwrap(), site.state.unwrap());
}

#[test]
fn goes_on_after_a_crash_between_a_new_root_and_the_files_below() {
    let mut site = Site::new();
    let before = site.publish(b"one");
    site.keys.targets = key();
    site.keys.timestamp = key();
    let after = site.publish(b"one");
    let crashed = Files { root: after.root.clone(), online: before.online.clone() };
    crashed.read(Some(&before.root)).unwrap();
    assert_eq!(
        crashed.read(None),
        Err(ReadError::Role(RoleName::Timestamp, VerifyError::Threshold))
    );
    site.state = Some(crashed.read(Some(&before.root)).unwrap());
    let files = site.publish(b"one");
    files.read(None).unwrap();
    assert_eq!(files.root, after.root);
}

#[test]
fn refuses_files_of_different_versions() {
    let mut site = Site::new();
    let (one, two, three) = (site.publish(b"one"), site.publish(b"two"), site.publish(b"three"));
    let mixed = |targets: &Files, snapshot: &Files, timestamp: &Files| {
        let [targets, snapshot, timestamp] =
            [&targets.online[0], &snapshot.online[1], &timestamp.online[2]].map(Clone::clone);
        let root = one.root.clone();
        Files { root, online: [targets, snapshot, timestamp] }.read(None).map(|_| ())
    };
    assert_eq!(mixed(&two, &two, &two), Ok(()));
    assert_eq!(mixed(&two, &two, &three), Err(ReadError::Version(RoleName::Snapshot)));
    assert_eq!(mixed(&one, &two, &two), Err(ReadError::Version(RoleName::Targets)));
}

#[test]
fn refuses_a_root_that_does_not_follow_from_the_one_before() {
    let mut site = Site::new();
    let first = site.publish(b"one");
    let stranger = Site::new().publish(b"one");
    assert_eq!(
        State::read_root(Some(&stranger.root), &first.root),
        Err(ReadError::Role(RoleName::Root, VerifyError::Threshold))
    );
    assert_eq!(
        State::read_root(Some(&first.root), &first.root),
        Err(ReadError::Version(RoleName::Root))
    );
}

#[test]
fn refuses_what_was_changed_after_signing() {
    let files = Site::new().publish(b"one");
    let text = String::from_utf8(files.online[0].clone()).unwrap();
    let check = |from: &str, to: &str, refusal| {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        let online = [changed.as_bytes(), &files.online[1], &files.online[2]];
        let result = State::read_root(None, &files.root).unwrap().with_online(None, online);
        assert_eq!(result, Err(ReadError::Role(RoleName::Targets, refusal)), "{from} → {to}");
    };
    check("\"length\": 3", "\"length\": 4", VerifyError::Threshold);
    check("\"version\": 1", "\"version\": 2", VerifyError::Threshold);
    check("\"version\": 1", "\"version\": 0", VerifyError::Malformed);
    check("\"version\": 1", "\"version\": 9007199254740992", VerifyError::Malformed);
    check("\"_type\": \"targets\"", "\"_type\": \"snapshot\"", VerifyError::Malformed);
    check("\"sha256\"", "\"sha512\"", VerifyError::Malformed);
    check("\"keyid\": \"", "\"keyid\": \"00", VerifyError::Threshold);
    check("\"sig\": \"30", "\"sig\": \"31", VerifyError::Threshold);
    check("\"sig\": \"30", "\"sig\": \"3", VerifyError::Threshold);
    check("\"20", "\"x0", VerifyError::Malformed);
    let long = " ".repeat(RoleName::Targets.max_bytes()) + &text;
    let refusal = Signed::<Targets>::parse(long.as_bytes()).unwrap_err();
    assert_eq!(refusal, VerifyError::TooLarge);
}

#[test]
fn the_canonical_form_is_that_of_the_specification() {
    // TUF specification, section 4.1, and securesystemslib's `encode_canonical`: names sorted,
    // no spaces, a line feed as it is.
    let value = serde_json::json!({"b": [1, true, null], "a": "x\n\"\\"});
    assert_eq!(canonical(&value).unwrap(), b"{\"a\":\"x\n\\\"\\\\\",\"b\":[1,true,null]}");
    for value in [serde_json::json!("\u{e9}"), serde_json::json!("\t"), serde_json::json!(1.5)] {
        canonical(&value).expect_err(&value.to_string());
    }
}

#[test]
fn a_key_is_named_by_its_canonical_form() {
    // printf '{"keytype":"ecdsa","keyval":{"public":"%s"},"scheme":"ecdsa-sha2-nistp256"}' "$PEM" |
    // sha256sum, with securesystemslib 1.3's Key.from_dict agreeing on scheme and type.
    let pem = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
        6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
        -----END PUBLIC KEY-----\n";
    let key = Key::of(&lite_keys::PublicKey::from_pem(pem).unwrap()).unwrap();
    assert_eq!(
        key.id().unwrap().as_str(),
        "cf4736fae1a3a019d3506e4345cfb6549c7aa731eb5c19f61b60f0175882edcf"
    );
}

#[test]
fn a_file_that_clients_would_not_read_is_not_written() {
    let target = Target::of(b"", None);
    let many = (0..50_000).map(|n| (n.to_string(), target.clone())).collect();
    let metadata = Metadata::new(1, Time::from_secs(0), Targets { targets: many });
    Signed::new(metadata, &[&key()]).unwrap().to_file().expect_err("five megabytes");
    let metadata = Metadata::new(1, Time::from_secs(0), Snapshot::of(1));
    Signed::new(metadata, &[&key()]).unwrap().to_file().unwrap();
}
