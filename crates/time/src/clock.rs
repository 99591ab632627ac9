//! The port through which the project learns the time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::Time;

/// The only source of time.
///
/// *Trusted* for validity windows. It may be wrong and it may go back: who needs progress (a log,
/// a timestamp authority) keeps the latest time it has used and never goes below it.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Time;
}

/// A clock that moves only when it is told to.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `at`.
    #[must_use]
    pub const fn at(at: Time) -> Self {
        Self(AtomicI64::new(at.millis()))
    }

    /// Moves the clock to `at`, forward or back.
    pub fn set(&self, at: Time) {
        self.0.store(at.millis(), Ordering::SeqCst);
    }

    /// Moves the clock `by` forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::SeqCst))
    }
}
