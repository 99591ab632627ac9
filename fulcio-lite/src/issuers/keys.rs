//! The keys of the configured issuers: those of the embedded one at hand, the others fetched and kept.
//!
//! ```text
//! known kid, fetched within the hour     what we have
//! known kid, older                       fetched again; if that fails, what we have
//! unknown kid                            fetched again, at most every ten seconds
//! fetch failed                           not tried again for ten seconds
//! ```
//!
//! One fetch an issuer at a time: who comes while it runs waits for it and shares its end, unless what we have
//! serves. A fetch goes on when its caller goes away, or whoever hangs up early could keep all others from
//! getting keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use lite_http::client::Client;
use lite_issuer::Issuer;
use lite_issuer::ports::{IssuerKeys, KeySource, KeySourceError};
use lite_time::{Clock, Time};
use tokio::sync::{OwnedMutexGuard, Semaphore};

use super::cluster::Cluster;
use super::fetch::{self, Fetch};

/// How long fetched keys are used without a second look.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// The shortest time between two fetches from one issuer.
const PAUSE: Duration = Duration::from_secs(10);
/// Issuers that are remembered: a pattern can match any number, and a stranger chooses which.
const MAX_REMEMBERED: usize = 100;
/// Fetches that run at the same time.
const MAX_FETCHES: usize = 16;

/// The keys of all issuers.
pub(crate) struct Keys {
    embedded: HashMap<String, Arc<dyn KeySource>>,
    fetched: Mutex<HashMap<String, Arc<Entry>>>,
    fetches: Semaphore,
    cluster: Cluster,
    clock: Arc<dyn Clock>,
}

/// What is known about one issuer.
struct Entry {
    client: Client,
    /// What the machine reads, without waiting for a fetch.
    fetched: RwLock<Option<Fetched>>,
    /// The last attempt, held by whoever makes the next.
    flight: Arc<tokio::sync::Mutex<Option<Time>>>,
    used: Mutex<Time>,
}

struct Fetched {
    keys: IssuerKeys,
    at: Time,
}

impl Keys {
    pub(crate) fn new(
        embedded: HashMap<String, Arc<dyn KeySource>>,
        cluster: Cluster,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let fetches = Semaphore::new(MAX_FETCHES);
        Self { embedded, fetched: Mutex::default(), fetches, cluster, clock }
    }

    /// Sees to it that the issuer's keys are at hand, as far as they can be had. `issuer` is a configured one.
    pub(crate) async fn bring(self: &Arc<Self>, issuer: &Arc<Issuer>, key_id: Option<&str>) {
        if self.embedded.contains_key(&issuer.url) {
            return;
        }
        let entry = self.entry(issuer);
        if entry.serves(key_id, self.clock.now()) {
            return;
        }
        let last_attempt = Arc::clone(&entry.flight).lock_owned().await;
        let now = self.clock.now();
        if entry.serves(key_id, now) || is_within(*last_attempt, PAUSE, now) {
            return;
        }
        let (keys, issuer) = (Arc::clone(self), Arc::clone(issuer));
        let fetching = tokio::spawn(async move { keys.fetch(&entry, &issuer, last_attempt).await });
        // A fetch that panicked has said so, and has brought no keys.
        let _ = fetching.await;
    }

    async fn fetch(
        &self,
        entry: &Entry,
        issuer: &Issuer,
        mut last_attempt: OwnedMutexGuard<Option<Time>>,
    ) {
        let Ok(_permit) = self.fetches.try_acquire() else {
            tracing::warn!(issuer = issuer.url, "too many issuers are being asked for keys");
            return;
        };
        let at = self.clock.now();
        *last_attempt = Some(at);
        let fetch = Fetch { client: &entry.client, cluster: &self.cluster, issuer };
        match fetch.keys().await {
            Ok(keys) => {
                let mut fetched = entry.fetched.write().unwrap_or_else(PoisonError::into_inner);
                *fetched = Some(Fetched { keys, at });
            }
            Err(why) => {
                let why = lite_http::standalone::chain(&why);
                tracing::warn!(issuer = issuer.url, why, "the issuer's keys are not fetched");
            }
        }
    }

    fn entry(&self, issuer: &Issuer) -> Arc<Entry> {
        let now = self.clock.now();
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = fetched.get(&issuer.url) {
            entry.touch(now);
            return Arc::clone(entry);
        }
        if fetched.len() >= MAX_REMEMBERED {
            // Those without keys go first: a stranger can name many, and give keys to none.
            let worth = |entry: &Entry| (entry.has_keys(), entry.last_used());
            let least =
                fetched.iter().min_by_key(|(_, entry)| worth(entry)).map(|(url, _)| url.clone());
            fetched.retain(|url, _| Some(url) != least.as_ref());
        }
        let entry = Arc::new(Entry {
            client: fetch::client(issuer, &self.cluster),
            fetched: RwLock::default(),
            flight: Arc::default(),
            used: Mutex::new(now),
        });
        fetched.insert(issuer.url.clone(), Arc::clone(&entry));
        entry
    }
}

impl KeySource for Keys {
    fn keys(&self, issuer: &Issuer, key_id: Option<&str>) -> Result<IssuerKeys, KeySourceError> {
        if let Some(embedded) = self.embedded.get(&issuer.url) {
            return embedded.keys(issuer, key_id);
        }
        let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = fetched.get(&issuer.url).ok_or(KeySourceError::Unavailable)?;
        let fetched = entry.fetched.read().unwrap_or_else(PoisonError::into_inner);
        fetched.as_ref().map(|fetched| fetched.keys.clone()).ok_or(KeySourceError::Unavailable)
    }
}

impl Entry {
    /// Whether what we have is young enough, and has the key.
    fn serves(&self, key_id: Option<&str>, now: Time) -> bool {
        let fetched = self.fetched.read().unwrap_or_else(PoisonError::into_inner);
        let serves =
            |one: &Fetched| is_within(Some(one.at), FRESH, now) && one.keys.keys.knows(key_id);
        fetched.as_ref().is_some_and(serves)
    }

    fn has_keys(&self) -> bool {
        self.fetched.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn touch(&self, now: Time) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn last_used(&self) -> Time {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `at` lies within `span` before `now`. A clock that went back makes it false: then a fetch is due.
fn is_within(at: Option<Time>, span: Duration, now: Time) -> bool {
    at.is_some_and(|at| at <= now && now.since(at) < span)
}
