//! The keys of the configured issuers: those of the embedded one at hand, the others fetched and kept.
//!
//! ```text
//! known kid, fetched within the hour     what we have
//! known kid, older                       fetched again; if that fails, what we have
//! unknown kid                            fetched again, at most every ten seconds
//! fetch failed                           not tried again for ten seconds
//! ```
//!
//! One fetch an issuer at a time: who comes while it runs waits for it and shares its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use lite_http::client::Client;
use lite_issuer::Issuer;
use lite_issuer::ports::{IssuerKeys, KeySource, KeySourceError};
use lite_time::{Clock, Time};
use tokio::sync::Semaphore;

use super::fetch;

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
    clock: Arc<dyn Clock>,
}

/// What is known about one issuer.
struct Entry {
    client: Client,
    /// What the machine reads, without waiting for a fetch.
    keys: RwLock<Option<IssuerKeys>>,
    /// Held by whoever fetches.
    flight: tokio::sync::Mutex<Attempts>,
    used: Mutex<Time>,
}

#[derive(Default)]
struct Attempts {
    last: Option<Time>,
    succeeded: Option<Time>,
}

impl Keys {
    pub(crate) fn new(
        embedded: HashMap<String, Arc<dyn KeySource>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { embedded, fetched: Mutex::default(), fetches: Semaphore::new(MAX_FETCHES), clock }
    }

    /// Sees to it that the issuer's keys are at hand, as far as they can be had. `issuer` is a configured one.
    pub(crate) async fn bring(&self, issuer: &Issuer, key_id: Option<&str>) {
        if self.embedded.contains_key(&issuer.url) {
            return;
        }
        let entry = self.entry(issuer);
        let mut attempts = entry.flight.lock().await;
        let now = self.clock.now();
        if !attempts.are_due(entry.knows(key_id), now) {
            return;
        }
        let Ok(_permit) = self.fetches.try_acquire() else {
            tracing::warn!(issuer = issuer.url, "too many issuers are being asked for keys");
            return;
        };
        attempts.last = Some(now);
        match fetch::fetch(&entry.client, issuer).await {
            Ok(keys) => {
                attempts.succeeded = Some(now);
                *entry.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(keys);
            }
            Err(why) => {
                tracing::warn!(issuer = issuer.url, %why, "the issuer's keys are not fetched")
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
            let oldest = fetched
                .iter()
                .min_by_key(|(_, entry)| entry.last_used())
                .map(|(url, _)| url.clone());
            fetched.retain(|url, _| Some(url) != oldest.as_ref());
        }
        let entry = Arc::new(Entry {
            client: fetch::client(issuer),
            keys: RwLock::default(),
            flight: tokio::sync::Mutex::default(),
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
        let keys = entry.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone().ok_or(KeySourceError::Unavailable)
    }
}

impl Entry {
    fn knows(&self, key_id: Option<&str>) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.as_ref().is_some_and(|known| known.keys.knows(key_id))
    }

    fn touch(&self, now: Time) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn last_used(&self) -> Time {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempts {
    fn are_due(&self, known: bool, now: Time) -> bool {
        let within =
            |at: Option<Time>, span| at.is_some_and(|at| at <= now && now.since(at) < span);
        let fresh = known && within(self.succeeded, FRESH);
        !fresh && !within(self.last, PAUSE)
    }
}
