//! A log in memory that can be made to fail, and rows to find.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lite_time::Time;

use crate::index::{Cause, Row};
use crate::query::Query;
use crate::shared::Timing;
use crate::source::Source;

/// Short pauses; patience as long as a slow machine needs, since no test passes by its end.
pub(super) const QUICK: Timing = Timing {
    poll: Duration::from_millis(20),
    linger: Duration::from_millis(5),
    patience: Duration::from_secs(60),
    retry: (Duration::from_millis(20), Duration::from_millis(80)),
};

/// The row of leaf `index`: one came each second; keys of every leaf, of its remainder by ten, and
/// of its own.
pub(super) fn row(index: u64) -> Row {
    let keys = [key("all"), key(&format!("mod {}", index % 10)), key(&format!("leaf {index}"))];
    let time = Time::from_secs(1_700_000_000 + i64::try_from(index).unwrap());
    Row { index, time, keys: keys.into() }
}

pub(super) fn rows(range: std::ops::Range<u64>) -> Vec<Row> {
    range.map(row).collect()
}

pub(super) fn key(key: &str) -> Vec<u8> {
    key.as_bytes().to_vec()
}

/// Leaves that have one of the keys, oldest first.
pub(super) fn any(keys: &[&str]) -> Query {
    Query { any: keys.iter().map(|it| key(it)).collect(), ..Query::default() }
}

/// A log in memory.
#[derive(Default)]
pub(super) struct FakeLog {
    size: AtomicU64,
    /// The next so many reads fail.
    pub(super) failures: AtomicUsize,
    /// How often it was read.
    pub(super) reads: AtomicUsize,
    /// Reads panic.
    pub(super) panics: AtomicBool,
    /// Reads from this index on wait for the lock.
    pub(super) gate: Mutex<()>,
    pub(super) gate_from: AtomicU64,
}

impl FakeLog {
    pub(super) fn of(size: u64) -> Arc<Self> {
        let log = Self { gate_from: AtomicU64::new(u64::MAX), ..Self::default() };
        log.size.store(size, Ordering::SeqCst);
        Arc::new(log)
    }

    pub(super) fn grow(&self, by: u64) {
        self.size.fetch_add(by, Ordering::SeqCst);
    }
}

impl Source for FakeLog {
    fn size(&self) -> u64 {
        self.size.load(Ordering::SeqCst)
    }

    fn rows(&self, from: u64, limit: usize) -> Result<Vec<Row>, Cause> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.load(Ordering::SeqCst), "the log panics");
        assert!(from < self.size(), "rows beyond the log are not asked for");
        if from >= self.gate_from.load(Ordering::SeqCst) {
            drop(self.gate.lock());
        }
        let spend = |left: usize| left.checked_sub(1);
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend).is_ok() {
            return Err("the disk is away".into());
        }
        // Ends where an entry bundle does, as a log of tiles.
        let end = (from / 256 + 1) * 256;
        Ok(rows(from..end.min(self.size()).min(from + limit as u64)))
    }
}

/// Waits for something that another thread does.
#[track_caller]
pub(super) fn until(what: &str, done: impl Fn() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
