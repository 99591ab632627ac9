//! Tags that say how long they live, as ttl.sh has them: `app:1h` is gone after an hour.

use std::time::Duration;

use lite_oci::Tag;
use lite_time::Time;

/// What tags of the form `NUMBER[smhdw]` mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    longest: Option<Duration>,
}

impl Lifetimes {
    /// Such tags expire, and longer ones than `longest` after that.
    #[must_use]
    pub const fn up_to(longest: Duration) -> Self {
        Self { longest: Some(longest) }
    }

    /// They are tags like any other.
    #[must_use]
    pub const fn off() -> Self {
        Self { longest: None }
    }

    /// How long a tag lives after it was pushed; `None` for ever.
    #[must_use]
    pub fn of(self, tag: &Tag) -> Option<Duration> {
        let longest = self.longest?;
        let text = tag.as_str();
        let unit = match text.as_bytes().last()? {
            b's' => 1,
            b'm' => 60,
            b'h' => 60 * 60,
            b'd' => 24 * 60 * 60,
            b'w' => 7 * 24 * 60 * 60,
            _ => return None,
        };
        let number = &text[..text.len() - 1];
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // More digits than a number holds are longer than the longest, too.
        let seconds = number.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(unit);
        // Nobody pushes in order to have nothing: `0s` is a name.
        (seconds > 0).then(|| Duration::from_secs(seconds).min(longest))
    }

    /// Whether a tag that was pushed `at` is gone by `now`.
    #[must_use]
    pub fn is_over(self, tag: &Tag, at: Time, now: Time) -> bool {
        self.of(tag).is_some_and(|life| at.plus(life) <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    #[track_caller]
    fn check(tag: &str, seconds: Option<u64>) {
        let lifetimes = Lifetimes::up_to(Duration::from_secs(DAY));
        let tag = tag.parse().unwrap();
        assert_eq!(lifetimes.of(&tag), seconds.map(Duration::from_secs), "{tag}");
        assert_eq!(Lifetimes::off().of(&tag), None);
    }

    #[test]
    fn a_number_and_a_unit_are_a_lifetime_and_nothing_else_is() {
        check("30s", Some(30));
        check("5m", Some(300));
        check("1h", Some(3600));
        check("01h", Some(3600));
        check("1d", Some(DAY));
        check("2w", Some(DAY));
        check("99999999999999999999999999w", Some(DAY));
        for name in ["latest", "h", "1", "1.5h", "v1h", "1H", "1hh", "0s", "00w", "1h-slim", "_1h"]
        {
            check(name, None);
        }
    }

    #[test]
    fn a_tag_is_gone_in_the_moment_its_time_is_up() {
        let lifetimes = Lifetimes::up_to(Duration::from_secs(DAY));
        let tag = "1m".parse().unwrap();
        let at = Time::from_secs(1000);
        assert!(!lifetimes.is_over(&tag, at, Time::from_millis(1_059_999)));
        assert!(lifetimes.is_over(&tag, at, Time::from_secs(1060)));
        assert!(!lifetimes.is_over(&tag, at, Time::from_secs(0)), "a clock that went back");
    }
}
