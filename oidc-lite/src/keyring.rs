//! The signing keys over time: each is published before it signs and until the last token it
//! signed has expired.
//!
//! ```text
//!            published a day ahead     signs for `key_days`     kept until its tokens are gone
//! key 1      ────────────────────┤■■■■■■■■■■■■■■■■■■■■■■■■■■■■■├────┤
//! key 2                                                 ───────┤■■■■■■■■■■■■■■■■■■■ …
//! ```
//!
//! **Invariant:** a key set that a client fetched less than a day ago verifies every token that
//! is valid now.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use lite_store::durable;
use lite_time::Time;
use openidconnect::core::CoreJsonWebKeySet;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::signing_key::{RsaKey, RsaKeyError};

/// How long a key is published before it signs.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// How much longer than a token's life an old key stays published: clocks differ.
const GRACE: Duration = Duration::from_secs(10 * 60);

/// When keys change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// How long a key signs.
    pub(crate) signs_for: Duration,
    /// The life of a token.
    pub(crate) token_life: Duration,
}

/// Why the keys cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// The file is not what this program wrote.
    #[error("the file of signing keys is damaged: restore it, or move it away for new keys")]
    Damaged,
    /// A key in the file cannot be used.
    #[error("a signing key cannot be used")]
    Key(#[from] RsaKeyError),
    /// The file or its folder cannot be read.
    #[error("the file of signing keys cannot be read")]
    Unreadable(#[source] io::Error),
    /// The file cannot be written, and the keys are as they were.
    #[error("the file of signing keys cannot be written")]
    Unwritable(#[source] io::Error),
}

/// The keys of one identity provider, in one file with mode 0600.
pub(crate) struct KeyRing {
    path: PathBuf,
    policy: Policy,
    ring: RwLock<Arc<Ring>>,
    /// Held while keys change, so that two ticks make one key.
    turning: Mutex<()>,
}

/// The keys at one time, never changed, only replaced.
pub(crate) struct Ring {
    created: Time,
    /// By the time each takes over, first to last; never empty.
    keys: Vec<Arc<Dated>>,
    jwks: Arc<str>,
}

/// A key and when it takes over.
#[derive(Clone)]
struct Dated {
    signs_from: Time,
    key: Arc<RsaKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    version: u32,
    created: i64,
    keys: Vec<WireKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireKey {
    signs_from: i64,
    private_key: String,
}

impl Drop for WireKey {
    fn drop(&mut self) {
        self.private_key.zeroize();
    }
}

impl KeyRing {
    /// Reads the keys in `folder`, or makes the first one.
    pub(crate) fn open(folder: &Path, policy: Policy, now: Time) -> Result<KeyRing, KeyRingError> {
        let path = folder.join("signing-keys.json");
        let ring = match std::fs::read(&path).map(Zeroizing::new) {
            Ok(bytes) => Ring::parse(&bytes)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let now = now.floor_to_second();
                let first = Dated { signs_from: now, key: Arc::new(RsaKey::generate()?) };
                let ring = Ring::new(now, vec![Arc::new(first)]);
                ring.save(&path)?;
                ring
            }
            Err(e) => return Err(KeyRingError::Unreadable(e)),
        };
        let ring = RwLock::new(Arc::new(ring));
        let keyring = KeyRing { path, policy, ring, turning: Mutex::new(()) };
        keyring.tick(now)?;
        Ok(keyring)
    }

    /// The keys now.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether [`KeyRing::tick`] has something to do.
    pub(crate) fn is_due(&self, now: Time) -> bool {
        let ring = self.ring();
        ring.next_due(self.policy, now)
            || ring.keys.len() > ring.kept(self.policy, now).len()
            || ring.last().is_of_another_future(now)
    }

    /// Publishes the next key when its time has come and forgets keys whose tokens are gone.
    /// Making a key takes about a tenth of a second: not on a thread that serves sockets.
    pub(crate) fn tick(&self, now: Time) -> Result<(), KeyRingError> {
        let _alone = self.turning.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_due(now) {
            return Ok(());
        }
        let old = self.ring();
        let mut keys = old.kept(self.policy, now);
        for key in keys.iter_mut().filter(|key| key.is_of_another_future(now)) {
            let signs_from = now.plus(AHEAD).floor_to_second();
            *key = Arc::new(Dated { signs_from, key: Arc::clone(&key.key) });
        }
        if old.next_due(self.policy, now) {
            let planned = old.last().signs_from.plus(self.policy.signs_for);
            // A server that was off for a month still announces its next key a day ahead.
            let signs_from = planned.max(now.plus(AHEAD)).floor_to_second();
            keys.push(Arc::new(Dated { signs_from, key: Arc::new(RsaKey::generate()?) }));
        }
        // On disk first: a key that was published and then lost would orphan its tokens.
        let ring = Ring::new(old.created, keys);
        ring.save(&self.path)?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }
}

impl Dated {
    /// Whether the key was planned by a clock that ran ahead: no key is planned for later than a
    /// day from now. It would keep the next one from ever being made.
    fn is_of_another_future(&self, now: Time) -> bool {
        self.signs_from > now.plus(AHEAD).plus(GRACE)
    }
}

impl Ring {
    fn new(created: Time, keys: Vec<Arc<Dated>>) -> Ring {
        let set = CoreJsonWebKeySet::new(keys.iter().map(|k| k.key.jwk().clone()).collect());
        // A set of strings always serialises.
        let jwks = serde_json::to_string(&set).unwrap_or_default().into();
        Ring { created, keys, jwks }
    }

    /// The key that signs now: the newest whose time has come. A clock that jumped back behind
    /// all of them finds the oldest, which every client has seen.
    pub(crate) fn signer(&self, now: Time) -> &RsaKey {
        let of_now = self.keys.iter().rev().find(|k| k.signs_from <= now);
        &of_now.unwrap_or(&self.keys[0]).key
    }

    /// The key set as JSON: all keys, also those of tomorrow and yesterday.
    pub(crate) fn jwks(&self) -> Arc<str> {
        Arc::clone(&self.jwks)
    }

    /// When the first key was made.
    pub(crate) fn created(&self) -> Time {
        self.created
    }

    fn last(&self) -> &Dated {
        &self.keys[self.keys.len() - 1]
    }

    fn next_due(&self, policy: Policy, now: Time) -> bool {
        now.plus(AHEAD) >= self.last().signs_from.plus(policy.signs_for)
    }

    /// All keys but those whose successor took over so long ago that their tokens are gone.
    fn kept(&self, policy: Policy, now: Time) -> Vec<Arc<Dated>> {
        let gone = |successor: &Arc<Dated>| {
            successor.signs_from.plus(policy.token_life).plus(GRACE) <= now
        };
        let first = self.keys.iter().skip(1).take_while(|successor| gone(successor)).count();
        self.keys[first..].to_vec()
    }

    fn parse(bytes: &[u8]) -> Result<Ring, KeyRingError> {
        let wire: Wire = serde_json::from_slice(bytes).map_err(|_| KeyRingError::Damaged)?;
        let mut keys = Vec::new();
        for wire_key in &wire.keys {
            let key = Arc::new(RsaKey::from_pem(&wire_key.private_key)?);
            keys.push(Arc::new(Dated { signs_from: Time::from_secs(wire_key.signs_from), key }));
        }
        if wire.version != 1 || keys.is_empty() || !keys.is_sorted_by_key(|k| k.signs_from) {
            return Err(KeyRingError::Damaged);
        }
        Ok(Ring::new(Time::from_secs(wire.created), keys))
    }

    fn save(&self, path: &Path) -> Result<(), KeyRingError> {
        let wire_key = |dated: &Arc<Dated>| WireKey {
            signs_from: dated.signs_from.secs(),
            private_key: dated.key.to_pem().to_string(),
        };
        let wire = Wire {
            version: 1,
            created: self.created.secs(),
            keys: self.keys.iter().map(wire_key).collect(),
        };
        // Strings and numbers always serialise.
        let bytes = Zeroizing::new(serde_json::to_vec_pretty(&wire).unwrap_or_default());
        durable::write(path, &bytes, durable::PRIVATE).map_err(KeyRingError::Unwritable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;
    const POLICY: Policy = Policy {
        signs_for: Duration::from_secs(30 * 24 * 60 * 60),
        token_life: Duration::from_secs(300),
    };

    fn at(seconds: i64) -> Time {
        Time::from_secs(1_700_000_000 + seconds)
    }

    fn kids(ring: &Ring) -> Vec<String> {
        ring.keys.iter().map(|k| k.key.kid().to_owned()).collect()
    }

    #[test]
    fn a_key_is_published_a_day_before_it_signs_and_until_its_tokens_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let keyring = KeyRing::open(dir.path(), POLICY, at(0)).unwrap();
        let first = kids(&keyring.ring());
        assert_eq!(first.len(), 1);

        keyring.tick(at(29 * DAY - 1)).unwrap();
        assert_eq!(kids(&keyring.ring()), first);
        keyring.tick(at(29 * DAY)).unwrap();
        let both = kids(&keyring.ring());
        assert_eq!((both.len(), &both[0]), (2, &first[0]));

        let signer = |t| keyring.ring().signer(t).kid().to_owned();
        assert_eq!(signer(at(30 * DAY - 1)), both[0]);
        assert_eq!(signer(at(30 * DAY)), both[1]);

        keyring.tick(at(30 * DAY + 899)).unwrap();
        assert_eq!(kids(&keyring.ring()), both);
        keyring.tick(at(30 * DAY + 900)).unwrap();
        assert_eq!(kids(&keyring.ring()), both[1..]);
    }

    #[test]
    fn keys_survive_a_restart_and_a_long_sleep_announces_the_next_a_day_ahead() {
        let dir = tempfile::tempdir().unwrap();
        let first = kids(&KeyRing::open(dir.path(), POLICY, at(0)).unwrap().ring());
        assert_eq!(kids(&KeyRing::open(dir.path(), POLICY, at(5)).unwrap().ring()), first);
        let late = KeyRing::open(dir.path(), POLICY, at(100 * DAY)).unwrap();
        let ring = late.ring();
        assert_eq!(ring.created(), at(0));
        assert_eq!(ring.signer(at(101 * DAY - 1)).kid(), first[0]);
        assert_ne!(ring.signer(at(101 * DAY)).kid(), first[0]);
        assert!(!late.is_due(at(100 * DAY)));
    }

    #[test]
    fn a_clock_that_ran_ahead_does_not_end_the_turning() {
        let dir = tempfile::tempdir().unwrap();
        let keyring = KeyRing::open(dir.path(), POLICY, at(0)).unwrap();
        let first = kids(&keyring.ring());
        keyring.tick(at(3650 * DAY)).unwrap();
        let both = kids(&keyring.ring());
        assert_eq!((both.len(), &both[0]), (2, &first[0]));
        let signer = |t| keyring.ring().signer(t).kid().to_owned();

        assert!(keyring.is_due(at(60)));
        keyring.tick(at(60)).unwrap();
        assert!(!keyring.is_due(at(60)));
        assert_eq!(kids(&keyring.ring()), both);
        assert_eq!(signer(at(DAY + 59)), both[0]);
        assert_eq!(signer(at(DAY + 60)), both[1]);
        assert!(!keyring.is_due(at(DAY + 60)));
        assert!(keyring.is_due(at(30 * DAY + 60)));
        let again = KeyRing::open(dir.path(), POLICY, at(60)).unwrap();
        assert_eq!(again.ring().signer(at(DAY + 60)).kid(), both[1]);
    }

    #[test]
    fn a_damaged_file_is_refused_and_not_overwritten() {
        for bytes in ["", "{}", "{\"version\":1,\"created\":0,\"keys\":[]}"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("signing-keys.json");
            durable::write(&path, bytes.as_bytes(), durable::PRIVATE).unwrap();
            let opened = KeyRing::open(dir.path(), POLICY, at(0));
            assert!(matches!(opened, Err(KeyRingError::Damaged)), "{bytes}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), bytes);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        KeyRing::open(dir.path(), POLICY, at(0)).unwrap();
        let mode = dir.path().join("signing-keys.json").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
