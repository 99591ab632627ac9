//! Times, and how far they are from now.

use lite_time::Time;

use crate::tree::Tree;

/// What an inspection knows of the world: nothing but what time it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    pub(crate) now: Time,
}

impl Scope {
    /// A time that something happened, with how long ago.
    pub(crate) fn moment(self, label: &str, at: Time) -> Tree {
        Tree::text(label, at).noting(self.distance(at))
    }

    /// `3 days ago`, `in 2 hours`, `now`.
    pub(crate) fn distance(self, at: Time) -> String {
        let seconds = at.secs() - self.now.secs();
        match seconds {
            0 => "now".to_owned(),
            1.. => format!("in {}", length(seconds)),
            _ => format!("{} ago", length(seconds)),
        }
    }

    /// The first moment of a validity.
    pub(crate) fn begin(self, label: &str, at: Time) -> Tree {
        let tree = Tree::text(label, at);
        if at > self.now {
            tree.noting(format_args!(
                "not valid for another {}",
                length(at.secs() - self.now.secs())
            ))
        } else {
            tree.noting(self.distance(at))
        }
    }

    /// The last moment of a validity.
    pub(crate) fn end(self, label: &str, at: Time) -> Tree {
        let tree = Tree::text(label, at);
        if at < self.now {
            let since = length(at.secs() - self.now.secs());
            tree.noting(format_args!("expired {since} before now"))
        } else {
            tree.noting(self.distance(at))
        }
    }

    /// A time in RFC 3339, as JSON documents write it.
    pub(crate) fn parsed(
        self,
        text: &str,
        show: impl FnOnce(Self, Time) -> Tree,
        label: &str,
    ) -> Tree {
        match Time::parse_rfc3339(text) {
            Ok(at) => {
                let mut tree = show(self, at);
                // A fraction of a second is part of what was written.
                if tree.value.as_ref().is_some_and(|value| value.shown(true) != text) {
                    tree = tree.with_text(text);
                }
                tree
            }
            Err(error) => Tree::text(label, text).noting(error),
        }
    }
}

/// A span of time, in the largest unit of which there are two, or one exactly.
pub(crate) fn length(seconds: i64) -> String {
    const UNITS: [(u64, &str); 5] =
        [(31_556_952, "year"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let seconds = seconds.unsigned_abs();
    for (unit, name) in UNITS {
        let count = seconds / unit;
        if count >= 2 || (count == 1 && (seconds.is_multiple_of(unit) || unit == 1)) {
            let plural = if count == 1 { "" } else { "s" };
            return format!("{count} {name}{plural}");
        }
    }
    "0 seconds".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_a_unit_that_fits() {
        for (seconds, told) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (61, "61 seconds"),
            (600, "10 minutes"),
            (-86_400, "1 day"),
            (3 * 86_400 + 5, "3 days"),
            (315_360_000, "9 years"),
        ] {
            assert_eq!(length(seconds), told);
        }
    }

    #[test]
    fn ends_and_beginnings_say_which_side_now_is_on() {
        let scope = Scope { now: Time::from_secs(1_000_000) };
        let note = |tree: Tree| tree.note.unwrap_or_default();
        let at = Time::from_secs(1_000_000 - 3 * 86_400);
        assert_eq!(note(scope.end("x", at)), "expired 3 days before now");
        let later = Time::from_secs(1_000_000 + 7200);
        assert_eq!(note(scope.end("x", later)), "in 2 hours");
        assert_eq!(note(scope.begin("x", later)), "not valid for another 2 hours");
        assert_eq!(note(scope.moment("x", at)), "3 days ago");
    }
}
