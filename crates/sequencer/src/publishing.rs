//! The publisher's thread: when it works.
//!
//! Full pieces are stored as soon as they are complete, since they hold memory and the journal;
//! the public checkpoint follows at most once an interval. Nothing is polled: the thread sleeps
//! until the sequencer has something for it, or until the interval that holds back a publication
//! is over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Publisher;
use crate::pool::Inner;

/// How the sequencer's thread talks to the publisher's.
#[derive(Default)]
pub(crate) struct Signal {
    flags: Mutex<Flags>,
    wake: Condvar,
    published: AtomicU64,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact")]
struct Flags {
    /// There is something to store, or to publish for a publisher that idles.
    work: bool,
    /// The publisher has nothing to do: any commit wakes it.
    idle: bool,
    /// There was a commit since the publisher last woke: it must not go idle over it.
    fresh: bool,
    /// No submission comes any more.
    ending: bool,
    /// No batch comes any more.
    ended: bool,
}

impl Signal {
    /// A batch is committed. A publisher that only waits for its interval is left asleep.
    pub(crate) fn committed(&self, pending: bool) {
        let mut flags = self.flags();
        flags.fresh = true;
        if pending || flags.idle {
            flags.work = true;
            self.wake.notify_one();
        }
    }

    pub(crate) fn end_sequencing(&self) {
        self.flags().ending = true;
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.flags().ending
    }

    pub(crate) fn end_publishing(&self) {
        self.flags().ended = true;
        self.wake.notify_one();
    }

    pub(crate) fn published(&self, publisher: &Publisher) {
        let size = publisher.published().map_or(0, |tree| tree.size);
        self.published.store(size, Ordering::Relaxed);
    }

    pub(crate) fn published_size(&self) -> u64 {
        self.published.load(Ordering::Relaxed)
    }

    /// Sleeps until there is work, or for `pause` at most; whether no batch comes any more.
    fn sleep(&self, pause: Option<Duration>) -> bool {
        let mut flags = self.flags();
        flags.idle = pause.is_none();
        let over = pause.map(|pause| Instant::now() + pause);
        while !(flags.work || flags.ended || flags.fresh && flags.idle) {
            let left = over.map(|over| over.saturating_duration_since(Instant::now()));
            flags = match left {
                None => self.wake.wait(flags).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => {
                    let woken = self.wake.wait_timeout(flags, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        (flags.idle, flags.fresh, flags.work) = (false, false, false);
        flags.ended
    }

    fn flags(&self) -> MutexGuard<'_, Flags> {
        self.flags.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until the sequencer has ended, and then publishes the rest.
pub(crate) fn run(inner: &Inner, mut publisher: Publisher) {
    // Also a publisher that panics must not leave a log that seems to work.
    let watch = Watch(inner);
    let mut due = Instant::now();
    let mut index_due = Instant::now() + inner.limits.index_interval;
    let mut held_back = false;
    loop {
        let now = Instant::now();
        let pause = if held_back {
            Some(inner.limits.publish_interval)
        } else if publisher.is_idle() {
            None
        } else {
            Some(due.saturating_duration_since(now))
        };
        let ended = inner.signal.sleep(pause);
        let now = Instant::now();
        let outcome = if ended || now >= due {
            due = now + inner.limits.publish_interval;
            publisher.publish()
        } else {
            publisher.store()
        };
        held_back = outcome.is_err();
        inner.publishing_works.store(!held_back, Ordering::Relaxed);
        if let Err(error) = outcome {
            inner.events.not_published(&error);
            if error.is_fatal() {
                inner.stop();
                break;
            }
        }
        inner.signal.published(&publisher);
        tend(inner, &mut publisher, ended, &mut index_due);
        inner.progressed();
        if ended {
            break;
        }
    }
    std::mem::forget(watch);
}

/// The journal and the index: both may fail without touching what is promised.
fn tend(inner: &Inner, publisher: &mut Publisher, ended: bool, index_due: &mut Instant) {
    if let Err(cause) = publisher.tidy() {
        inner.events.degraded("journal", &cause);
    }
    let durable = ended || Instant::now() >= *index_due;
    if durable {
        *index_due = Instant::now() + inner.limits.index_interval;
    }
    let indexed = publisher.index(durable);
    inner.index_works.store(indexed.is_ok(), Ordering::Relaxed);
    if let Err(cause) = indexed {
        inner.events.degraded("index", &cause);
    }
}

struct Watch<'a>(&'a Inner);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
