//! An instant, in milliseconds since the Unix epoch.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant in UTC, in milliseconds since the Unix epoch.
///
/// Milliseconds are what RFC 6962 timestamps count; everything else of Sigstore writes whole
/// seconds, for which [`Time::floor_to_second`] drops the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// Why a string is not an RFC 3339 instant of years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("not an RFC 3339 date and time")]
pub struct ParseTimeError;

/// The last millisecond of year 9999: beyond it neither RFC 3339 nor X.509 can write a date.
const LATEST: i64 = 253_402_300_799_999;
/// The first millisecond of year 1.
const EARLIEST: i64 = -62_135_596_800_000;

impl Time {
    /// The instant `millis` milliseconds after the Unix epoch, brought into years 1 to 9999.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        if millis > LATEST {
            Self(LATEST)
        } else if millis < EARLIEST {
            Self(EARLIEST)
        } else {
            Self(millis)
        }
    }

    /// The instant `secs` seconds after the Unix epoch, brought into years 1 to 9999.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self::from_millis(secs.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded toward the past.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant without its fraction of a second.
    #[must_use]
    pub const fn floor_to_second(self) -> Self {
        Self(self.secs() * 1000)
    }

    /// This instant `by` later; sticks at the end of year 9999.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(millis_of(by)))
    }

    /// This instant `by` earlier; sticks at the start of year 1.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(millis_of(by)))
    }

    /// The time since `earlier`, or zero where `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// RFC 3339 in UTC with whole seconds, as `2026-01-02T03:04:05Z`: several TUF and Sigstore
    /// clients refuse a fraction.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let at = self.floor_to_second().to_offset();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }

    /// Reads RFC 3339 with any offset and any fraction; below a millisecond it is dropped.
    pub fn parse_rfc3339(text: &str) -> Result<Self, ParseTimeError> {
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| ParseTimeError)?;
        Ok(Self::from(at))
    }

    /// The same instant as the `time` crate writes it.
    #[must_use]
    pub fn to_offset(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH) // Never: `from_millis` keeps to years 1 to 9999.
    }
}

impl From<OffsetDateTime> for Time {
    fn from(at: OffsetDateTime) -> Self {
        let millis = at.unix_timestamp_nanos().div_euclid(1_000_000);
        Self::from_millis(i64::try_from(millis).unwrap_or(LATEST))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

fn millis_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_whole_seconds_and_reads_them_back() {
        let at = Time::from_millis(1_767_322_845_678);
        assert_eq!(at.to_rfc3339(), "2026-01-02T03:00:45Z");
        assert_eq!(Time::parse_rfc3339("2026-01-02T03:00:45Z"), Ok(at.floor_to_second()));
        assert_eq!(Time::parse_rfc3339("2026-01-02T04:00:45.678+01:00"), Ok(at));
    }

    #[test]
    fn rounds_toward_the_past_before_the_epoch() {
        assert_eq!(Time::from_millis(-1).secs(), -1);
        assert_eq!(Time::from_millis(-1).to_rfc3339(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn sticks_at_the_ends_of_the_calendar() {
        assert_eq!(Time::from_secs(i64::MAX).to_rfc3339(), "9999-12-31T23:59:59Z");
        assert_eq!(Time::from_secs(i64::MIN).to_rfc3339(), "0001-01-01T00:00:00Z");
        assert_eq!(Time::from_secs(0).plus(Duration::MAX).to_rfc3339(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn refuses_what_is_not_a_date() {
        for text in ["", "2026-01-02", "2026-13-02T03:00:45Z", "yesterday"] {
            assert_eq!(Time::parse_rfc3339(text), Err(ParseTimeError), "{text}");
        }
    }
}
