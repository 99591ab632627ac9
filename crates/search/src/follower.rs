//! The thread that keeps an index behind its log, and builds another one when asked.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::files::{Files, Numbered};
use crate::guard::{Damaged, caught, guarded};
use crate::index::{Cause, Index};
use crate::request;
use crate::shared::Shared;

/// Rows of one transaction: large enough to share a sync, small enough for a little memory.
const BATCH: usize = 1024;

/// The follower: it alone writes to the indexes and the folder.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    files: Files,
    /// The number of the index that answers.
    number: u64,
    /// The index that will answer next, while it is built.
    next: Option<(u64, Arc<dyn Index>, u64)>,
    following: Retry,
    building: Retry,
}

impl Follower {
    pub(crate) fn new(shared: Arc<Shared>, files: Files, number: u64) -> Self {
        let (following, building) = (Retry::default(), Retry::default());
        Self { shared, files, number, next: None, following, building }
    }

    /// Follows the log until it is told to stop.
    pub(crate) fn run(mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            let behind = self.follow();
            let building = self.build();
            if !behind && !building {
                self.shared.idle();
            }
        }
    }

    /// Brings the index that answers one batch closer to the log. Whether there is more to do now.
    fn follow(&mut self) -> bool {
        let reached = self.shared.progress().reached;
        if self.shared.damaged.load(Ordering::Acquire) {
            // Nobody is to wait for it.
            self.shared.tell(reached, true);
            return false;
        }
        if !self.following.is_due() {
            return false;
        }
        match advance(&self.shared, &*self.shared.serving(), reached) {
            Ok(now) => {
                self.following = Retry::default();
                self.shared.tell(now, false);
                now < self.shared.source.size()
            }
            Err(cause) => {
                let error = &*cause as &dyn std::error::Error;
                tracing::warn!(error, reached, "search does not follow the log: tried again");
                if cause.is::<Damaged>() {
                    self.shared.damaged.store(true, Ordering::Release);
                }
                self.following.later(self.shared.timing.retry);
                self.shared.tell(reached, true);
                false
            }
        }
    }

    /// Fills the next index by one batch, if one is to be built. Whether there is more to do now.
    fn build(&mut self) -> bool {
        let wanted = self.next.is_some()
            || self.shared.damaged.load(Ordering::Acquire)
            || request::is_requested(self.files.dir());
        if !wanted || !self.building.is_due() {
            return false;
        }
        match self.build_on() {
            Ok(()) => {
                self.building = Retry::default();
                true
            }
            Err(cause) => {
                let error = &*cause as &dyn std::error::Error;
                tracing::warn!(error, "index is not rebuilt: tried again");
                if cause.is::<Damaged>() {
                    let next = self.next.take();
                    let _ = caught(|| drop(next));
                }
                self.building.later(self.shared.timing.retry);
                false
            }
        }
    }

    fn build_on(&mut self) -> Result<(), Cause> {
        let (number, index, reached) = if let Some(next) = self.next.take() {
            next
        } else {
            let Numbered { number, index, reached } = self.files.begin(self.number + 1)?;
            tracing::info!(leaves = self.shared.source.size(), "rebuilding the search index");
            (number, Arc::from(index), reached)
        };
        let advanced = advance(&self.shared, &*index, reached);
        self.next = Some((number, Arc::clone(&index), *advanced.as_ref().unwrap_or(&reached)));
        let reached = advanced?;
        // Only now: an answer never goes back to fewer leaves than one before it.
        let old = self.shared.progress().reached;
        if reached >= old {
            self.swap(number, index, reached);
        }
        Ok(())
    }

    /// The next index answers from here on.
    fn swap(&mut self, number: u64, index: Arc<dyn Index>, reached: u64) {
        let mut serving = self.shared.serving.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *serving, index);
        drop(serving);
        self.shared.damaged.store(false, Ordering::Release);
        (self.number, self.next, self.following) = (number, None, Retry::default());
        self.shared.tell(reached, false);
        // A damaged engine may panic once more. Queries that hold it keep it until they end.
        let _ = caught(|| drop(old));
        if let Err(error) = self.files.keep_only(&[number]) {
            tracing::warn!(%error, "old index stays until the next start");
        }
        request::forget(self.files.dir());
        tracing::info!(leaves = reached, "search index is rebuilt");
    }
}

/// Adds the next batch of the log to an index that has `reached` leaves; how many it has then.
fn advance(shared: &Shared, index: &dyn Index, reached: u64) -> Result<u64, Cause> {
    if reached >= shared.source.size() {
        return Ok(reached);
    }
    let rows = caught(|| shared.source.rows(reached, BATCH))??;
    let in_order = rows.iter().zip(reached..).all(|(row, index)| row.index == index);
    if rows.is_empty() || !in_order {
        return Err("the log's rows have a gap".into());
    }
    let now = reached + rows.len() as u64;
    guarded(|| index.add(&rows, now))?;
    Ok(now)
}

/// When something that failed is tried again.
#[derive(Debug, Default)]
struct Retry(Option<(Instant, Duration)>);

impl Retry {
    fn is_due(&self) -> bool {
        self.0.is_none_or(|(at, _)| Instant::now() >= at)
    }

    fn later(&mut self, (first, last): (Duration, Duration)) {
        let pause = self.0.map_or(first, |(_, pause)| (pause * 2).min(last));
        self.0 = Some((Instant::now() + pause, pause));
    }
}
