//! The nearest miss: what of a refused bundle did fit, and by how much the rest did not.
//!
//! Nothing here decides anything: a step has refused already, and this only looks for what helps a
//! person to see why. It runs on refusals alone, reads what is in memory, and is bounded by the size
//! of that.

pub(crate) mod artifact;
pub(crate) mod certificates;
pub(crate) mod logs;
pub(crate) mod names;

use lite_bundle::trust::ValidityWindow;
use lite_time::Time;

/// By how much a time is outside, and on which side. `None`: it is inside.
pub(crate) fn outside(at: Time, first: Option<Time>, last: Option<Time>) -> Option<String> {
    if let Some(first) = first.filter(|first| at < *first) {
        return Some(format!("{} before its start, {first}", span(at, first)));
    }
    let last = last.filter(|last| *last < at)?;
    Some(format!("{} after its end, {last}", span(last, at)))
}

/// The same for a window of the trusted root.
pub(crate) fn outside_window(at: Time, window: Option<&ValidityWindow>) -> Option<String> {
    outside(at, window?.start, window?.end)
}

/// The time between two times, in its two largest units.
fn span(earlier: Time, later: Time) -> String {
    let seconds = later.secs().saturating_sub(earlier.secs()).max(0);
    if seconds == 0 {
        return "less than a second".to_owned();
    }
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units {
        if rest >= size {
            parts.push(format!("{} {unit}", rest / size));
            rest %= size;
        }
    }
    parts.truncate(2);
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_by_how_much_and_on_which_side() {
        let at = Time::from_secs;
        let window = |time: i64| outside(at(time), Some(at(1000)), Some(at(1600)));
        assert_eq!(window(1000), None);
        assert_eq!(window(1600), None);
        assert_eq!(window(999).unwrap(), "1 s before its start, 1970-01-01T00:16:40Z");
        assert_eq!(window(1725).unwrap(), "2 min 5 s after its end, 1970-01-01T00:26:40Z");
        assert_eq!(outside(at(5), None, None), None);
        assert_eq!(span(at(0), at(2 * 86_400 + 3 * 3600 + 61)), "2 d 3 h");
        assert_eq!(span(Time::from_millis(1), Time::from_millis(2)), "less than a second");
    }
}
