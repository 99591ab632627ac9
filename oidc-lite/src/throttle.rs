//! Throttled guessing: token buckets in a table of fixed size.
//!
//! A key (an account, an address) falls into one of the table's buckets by a keyed hash. Two keys
//! that share a bucket are throttled together, which is rare and errs on the safe side; in return
//! no flood of invented names can make the table grow or wash out another key's bucket.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lite_time::Time;

const BUCKETS: usize = 4096;

/// Buckets that hold `burst` guesses and gain one back every `refill`.
pub(crate) struct Throttle {
    burst: i64,
    refill_millis: i64,
    hasher: RandomState,
    /// When each bucket will be full again, in milliseconds since the epoch.
    full_at: Mutex<Vec<i64>>,
}

/// Too many guesses: the earliest moment another may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// Whole seconds to wait, at least one.
    pub(crate) seconds: u64,
}

impl Throttle {
    /// Full buckets.
    pub(crate) fn new(burst: u32, refill: Duration) -> Throttle {
        let refill_millis = i64::try_from(refill.as_millis()).unwrap_or(i64::MAX).max(1);
        Throttle {
            burst: i64::from(burst),
            refill_millis,
            hasher: RandomState::new(),
            full_at: Mutex::new(vec![i64::MIN; BUCKETS]),
        }
    }

    /// Takes one guess out of the bucket of `key`, or says how long to wait.
    ///
    /// The guess is taken before it is known to be wrong, so that guesses made at the same time
    /// count too; [`Throttle::give_back`] returns it when it was right.
    pub(crate) fn take(&self, key: &str, now: Time) -> Result<(), Throttled> {
        let mut table = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut table[self.slot(key)];
        // A bucket is empty at worst. One that says it is emptier was filled before the clock went
        // back, and would keep everybody out until the old time comes again.
        let emptiest = now.millis().saturating_add(self.burst.saturating_mul(self.refill_millis));
        let full_at = (*slot).clamp(now.millis(), emptiest);
        *slot = full_at;
        let missing_after = full_at.saturating_add(self.refill_millis) - now.millis();
        let over = missing_after - self.burst.saturating_mul(self.refill_millis);
        if over > 0 {
            let seconds = u64::try_from(over).unwrap_or(0).div_ceil(1000).max(1);
            return Err(Throttled { seconds });
        }
        *slot = full_at.saturating_add(self.refill_millis);
        Ok(())
    }

    /// Returns a guess that was right.
    pub(crate) fn give_back(&self, key: &str) {
        let mut table = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut table[self.slot(key)];
        *slot = slot.saturating_sub(self.refill_millis);
    }

    fn slot(&self, key: &str) -> usize {
        // The remainder is below BUCKETS, so it fits whatever the width of a pointer.
        usize::try_from(self.hasher.hash_one(key) % BUCKETS as u64).unwrap_or(0)
    }
}

/// The key of an address. An IPv6 customer holds a whole /64, so it is throttled as one.
pub(crate) fn address_key(address: Option<IpAddr>) -> String {
    match address.map(|a| a.to_canonical()) {
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        Some(v4) => v4.to_string(),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_secs(seconds)
    }

    #[test]
    fn a_burst_is_allowed_then_one_guess_a_refill() {
        let throttle = Throttle::new(3, Duration::from_secs(10));
        for _ in 0..3 {
            throttle.take("a", at(100)).unwrap();
        }
        assert_eq!(throttle.take("a", at(100)), Err(Throttled { seconds: 10 }));
        assert_eq!(throttle.take("a", at(107)), Err(Throttled { seconds: 3 }));
        throttle.take("a", at(110)).unwrap();
        assert_eq!(throttle.take("a", at(110)), Err(Throttled { seconds: 10 }));
    }

    #[test]
    fn a_clock_that_goes_back_keeps_nobody_out_for_longer_than_an_empty_bucket() {
        let throttle = Throttle::new(3, Duration::from_secs(10));
        throttle.take("a", at(100_000)).unwrap();
        throttle.give_back("a");
        assert_eq!(throttle.take("a", at(100)), Err(Throttled { seconds: 10 }));
        throttle.take("b", at(100_000)).unwrap();
        assert!(throttle.take("b", at(100)).is_err());
        for later in [110, 120, 130] {
            throttle.take("b", at(later)).unwrap();
        }
    }

    #[test]
    fn right_guesses_cost_nothing() {
        let throttle = Throttle::new(2, Duration::from_secs(10));
        for _ in 0..20 {
            throttle.take("a", at(100)).unwrap();
            throttle.give_back("a");
        }
        throttle.take("a", at(100)).unwrap();
        throttle.take("a", at(100)).unwrap();
        assert!(throttle.take("a", at(100)).is_err());
    }

    #[test]
    fn a_flood_of_other_names_does_not_free_a_throttled_one() {
        let throttle = Throttle::new(1, Duration::from_secs(1000));
        throttle.take("victim", at(100)).unwrap();
        for n in 0..50_000 {
            let _ = throttle.take(&format!("name {n}"), at(100));
        }
        assert!(throttle.take("victim", at(100)).is_err());
    }

    #[test]
    fn an_ipv6_customer_is_one_address() {
        let key = |text: &str| address_key(Some(text.parse().unwrap()));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
    }
}
