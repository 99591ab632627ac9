//! A bounded map in memory whose entries expire: codes, device grants, sessions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lite_time::Time;

use crate::secret::sha256;

/// Values by the SHA-256 of a secret, each until its time.
///
/// **Invariant:** it never holds more than `capacity` entries, whatever strangers ask for.
pub(crate) struct Expiring<V> {
    capacity: usize,
    entries: Mutex<HashMap<[u8; 32], (Time, V)>>,
}

/// Every place is taken by an entry that has not expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl<V> Expiring<V> {
    /// An empty map for at most `capacity` entries.
    pub(crate) fn new(capacity: usize) -> Expiring<V> {
        Expiring { capacity, entries: Mutex::new(HashMap::new()) }
    }

    /// Keeps `value` until `expires`.
    pub(crate) fn insert(
        &self,
        secret: &str,
        value: V,
        expires: Time,
        now: Time,
    ) -> Result<(), Full> {
        let mut entries = self.lock();
        if entries.len() >= self.capacity {
            entries.retain(|_, (until, _)| *until > now);
        }
        if entries.len() >= self.capacity {
            return Err(Full);
        }
        entries.insert(sha256(secret.as_bytes()), (expires, value));
        Ok(())
    }

    /// Removes a value and gives it to exactly one caller.
    pub(crate) fn take(&self, secret: &str, now: Time) -> Option<V> {
        let (until, value) = self.lock().remove(&sha256(secret.as_bytes()))?;
        (until > now).then_some(value)
    }

    /// Looks at a value, and may change it, while nobody else does.
    pub(crate) fn with<T>(
        &self,
        secret: &str,
        now: Time,
        look: impl FnOnce(&mut V) -> T,
    ) -> Option<T> {
        let mut entries = self.lock();
        let (until, value) = entries.get_mut(&sha256(secret.as_bytes()))?;
        (*until > now).then(|| look(value))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], (Time, V)>> {
        // No code that panics runs under the lock but callers' closures, which leave whole values.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_secs(seconds)
    }

    #[test]
    fn a_value_is_taken_once_and_never_after_its_time() {
        let map = Expiring::new(4);
        map.insert("a", 1, at(10), at(0)).unwrap();
        map.insert("b", 2, at(10), at(0)).unwrap();
        assert_eq!(map.take("a", at(9)), Some(1));
        assert_eq!(map.take("a", at(9)), None);
        assert_eq!(map.take("b", at(10)), None);
    }

    #[test]
    fn it_is_bounded_and_makes_room_from_what_expired() {
        let map = Expiring::new(2);
        map.insert("a", 1, at(10), at(0)).unwrap();
        map.insert("b", 2, at(20), at(0)).unwrap();
        assert_eq!(map.insert("c", 3, at(30), at(5)), Err(Full));
        map.insert("c", 3, at(30), at(10)).unwrap();
        assert_eq!(map.with("b", at(10), |v| *v), Some(2));
        assert_eq!(map.with("a", at(10), |v| *v), None);
    }

    #[test]
    fn of_many_takers_at_once_one_gets_the_value() {
        let map = Expiring::new(2);
        map.insert("a", 1, at(10), at(0)).unwrap();
        let got = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..16).map(|_| scope.spawn(|| map.take("a", at(1)))).collect();
            takers.into_iter().filter_map(|t| t.join().unwrap()).count()
        });
        assert_eq!(got, 1);
    }
}
