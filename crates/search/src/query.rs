//! What can be asked.

use lite_time::Time;

/// The most keys of one query.
pub const MAX_KEYS: usize = 16;

/// The most leaves of one answer, whatever the query's limit.
pub const MAX_LIMIT: usize = 10_000;

/// A question to an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Leaves that have one of these keys; of none at all: every leaf. At most [`MAX_KEYS`].
    pub any: Vec<Vec<u8>>,
    /// Leaves that have all of the keys, instead of one.
    pub all: bool,
    /// Leaves of this time or later.
    pub from: Option<Time>,
    /// Leaves of this time or earlier: the end is included.
    pub until: Option<Time>,
    /// How many leaves to find, at most [`MAX_LIMIT`].
    pub limit: usize,
    /// Start from the newest leaf instead of the oldest. The order is that of time and, where times
    /// are equal, of the log.
    pub newest_first: bool,
}

impl Default for Query {
    /// Every leaf, oldest first.
    fn default() -> Self {
        Self {
            any: Vec::new(),
            all: false,
            from: None,
            until: None,
            limit: MAX_LIMIT,
            newest_first: false,
        }
    }
}

/// The query was given up: too many leaves have one of its keys and not the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("query is too broad: narrow its times, or ask for fewer keys at once")]
pub struct TooBroad;
