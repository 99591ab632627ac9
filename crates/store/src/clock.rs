//! The machine's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use lite_time::{Clock, Time};

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    fn now(&self) -> Time {
        let since = |later: SystemTime, earlier| {
            let passed = later.duration_since(earlier).ok()?;
            i64::try_from(passed.as_millis()).ok()
        };
        let now = SystemTime::now();
        // A clock before 1970 counts backwards.
        let before = || since(UNIX_EPOCH, now).map(|millis| -millis);
        Time::from_millis(since(now, UNIX_EPOCH).or_else(before).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_after_this_was_written() {
        assert!(SystemClock.now() > Time::parse_rfc3339("2025-01-01T00:00:00Z").unwrap());
    }
}
