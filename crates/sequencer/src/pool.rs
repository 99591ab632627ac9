//! The queue in front of the machine, and the two threads that run it.
//!
//! Group commit: the sequencer's thread takes whatever waits as soon as the batch before is
//! durable. There is no interval to wait out, so one client alone waits for one durable write, and
//! a thousand clients share it. The publisher's thread works behind it, off the path to the
//! answer.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use lite_tlog::MAX_LEAF_BYTES;

use crate::leaf::{MAX_EXTRA_BYTES, Source};
use crate::publishing;
use crate::{
    Answer, AppendError, Events, Limits, PoolState, PoolStatus, Publisher, SequenceError,
    Sequencer, Shared, Submission, Tree,
};

/// Is told what becomes of a submission; runs on the sequencer's thread, so it must be quick.
pub type Done = Box<dyn FnOnce(Result<Answer, AppendError>) + Send>;
/// Is told what becomes of a renewal.
pub(crate) type Renewed = Box<dyn FnOnce(Result<Arc<Tree>, AppendError>) + Send>;

/// The queue and its threads.
pub struct Pool {
    inner: Arc<Inner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

pub(crate) struct Inner {
    pub(crate) limits: Limits,
    pub(crate) events: Arc<dyn Events>,
    pub(crate) shared: Arc<Shared>,
    queue: Mutex<Queue>,
    work: Condvar,
    pub(crate) signal: publishing::Signal,
    pub(crate) publishing_works: AtomicBool,
    pub(crate) index_works: AtomicBool,
}

struct Queue {
    waiting: VecDeque<Waiting>,
    renewals: Vec<Renewed>,
    bytes: usize,
    state: PoolState,
}

struct Waiting {
    submission: Submission,
    done: Done,
    bytes: usize,
    since: Instant,
}

impl Pool {
    /// Starts the threads.
    pub fn start(
        sequencer: Sequencer,
        publisher: Publisher,
        limits: Limits,
        events: Arc<dyn Events>,
    ) -> std::io::Result<Self> {
        let state = PoolState::Accepting;
        let queue = Queue { waiting: VecDeque::new(), renewals: Vec::new(), bytes: 0, state };
        let inner = Arc::new(Inner {
            limits,
            events,
            shared: Arc::clone(sequencer.shared()),
            queue: Mutex::new(queue),
            work: Condvar::new(),
            signal: publishing::Signal::default(),
            publishing_works: AtomicBool::new(true),
            index_works: AtomicBool::new(true),
        });
        inner.signal.published(&publisher);
        let pool = Self { inner: Arc::clone(&inner), threads: Mutex::default() };
        // A thread that does not start drops `pool`, which ends the other one.
        let publishing = {
            let inner = Arc::clone(&inner);
            let run = move || publishing::run(&inner, publisher);
            thread::Builder::new().name("log-publisher".into()).spawn(run)?
        };
        pool.threads().push(publishing);
        let run = move || {
            // Also if this thread panics, nobody waits for ever.
            let end = End(&inner);
            inner.run(sequencer);
            drop(end);
        };
        let sequencing = thread::Builder::new().name("log-sequencer".into()).spawn(run);
        // Nobody else would tell the publisher, which is about to be waited for.
        let sequencing = sequencing.inspect_err(|_| pool.inner.signal.end_publishing())?;
        pool.threads().insert(0, sequencing);
        Ok(pool)
    }

    /// Lets a submission wait for its batch. `done` is called in any case, exactly once; at once
    /// where the submission is refused.
    pub fn submit(&self, submission: Submission, done: Done) {
        let bytes = submission.expected_bytes();
        let mut queue = self.inner.queue();
        match self.inner.admit(&queue, &submission, bytes) {
            Ok(()) => {
                queue.bytes += bytes;
                queue.waiting.push_back(Waiting { submission, done, bytes, since: Instant::now() });
                drop(queue);
                self.inner.work.notify_one();
            }
            Err(error) => {
                drop(queue);
                done(Err(error));
            }
        }
    }

    /// Has the checkpoint signed again, with the time of now.
    pub fn renew(&self, done: impl FnOnce(Result<Arc<Tree>, AppendError>) + Send + 'static) {
        let mut queue = self.inner.queue();
        if let Some(error) = refusal(queue.state) {
            drop(queue);
            return done(Err(error));
        }
        queue.renewals.push(Box::new(done));
        drop(queue);
        self.inner.work.notify_one();
    }

    /// How the log is.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let queue = self.inner.queue();
        PoolStatus {
            state: queue.state,
            waiting: queue.waiting.len(),
            published: self.inner.signal.published_size(),
            publishing: self.inner.publishing_works.load(Ordering::Relaxed),
            index: self.inner.index_works.load(Ordering::Relaxed),
        }
    }

    /// Answers what waits, publishes what is promised, and ends the threads.
    pub fn close(&self) {
        {
            let mut queue = self.inner.queue();
            if queue.state != PoolState::ReadOnly {
                queue.state = PoolState::Closed;
            }
        }
        self.inner.signal.end_sequencing();
        self.inner.work.notify_all();
        // In this order: the publisher ends after the last batch.
        let threads = std::mem::take(&mut *self.threads());
        // A callback may hold the last handle of its own log. The publisher ends after the
        // sequencer, so the one cannot wait for the other; both end soon by themselves.
        if threads.iter().any(|handle| handle.thread().id() == thread::current().id()) {
            return;
        }
        for handle in threads {
            let _ = handle.join();
        }
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no more leaves until the next start; what waits is told so.
    pub(crate) fn stop(&self) {
        self.queue().state = PoolState::ReadOnly;
        self.work.notify_all();
    }

    /// Lets the sequencer look again whether it may go on.
    pub(crate) fn progressed(&self) {
        // Under the lock, or the sequencer could miss it between looking and waiting.
        let _queue = self.queue();
        self.work.notify_all();
    }

    fn admit(&self, queue: &Queue, new: &Submission, bytes: usize) -> Result<(), AppendError> {
        if let Some(error) = refusal(queue.state) {
            return Err(error);
        }
        if matches!(&new.source, Source::Bytes { bytes, .. } if bytes.len() > MAX_LEAF_BYTES) {
            return Err(AppendError::TooLarge);
        }
        if new.extra.len() > MAX_EXTRA_BYTES {
            return Err(AppendError::ExtraTooLarge);
        }
        let oldest = queue.waiting.front().map(|waiting| waiting.since.elapsed());
        let limits = &self.limits;
        let full = queue.waiting.len() >= limits.waiting_leaves
            || queue.bytes.saturating_add(bytes) > limits.waiting_bytes.max(bytes)
            || oldest.is_some_and(|oldest| oldest > limits.waiting_time);
        if full { Err(AppendError::Pushback) } else { Ok(()) }
    }

    fn run(&self, mut sequencer: Sequencer) {
        while let Some((batch, renewals)) = self.next_batch() {
            if !renewals.is_empty() {
                self.run_renewals(&mut sequencer, renewals);
            }
            if !batch.is_empty() {
                self.run_batch(&mut sequencer, batch);
            }
            self.signal.committed(!self.shared.view().pending.is_empty());
        }
    }

    /// Waits for work, and takes what fits into one batch. `None` when the log is closed and
    /// everybody is answered.
    fn next_batch(&self) -> Option<(Vec<Waiting>, Vec<Renewed>)> {
        let mut queue = self.queue();
        loop {
            let idle = queue.waiting.is_empty() && queue.renewals.is_empty();
            let open = matches!(queue.state, PoolState::Accepting | PoolState::Full);
            if idle && (queue.state == PoolState::Closed || self.signal.is_ending()) {
                return None;
            }
            // A publisher that lags holds the sequencer back: what is not stored is in memory.
            let lags = open && self.shared.unstored() >= self.limits.unstored_leaves;
            if !idle && !lags {
                break;
            }
            queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let mut batch = Vec::new();
        let mut bytes = 0_usize;
        while batch.len() < self.limits.batch_leaves {
            let Some(next) = queue.waiting.front() else { break };
            bytes = bytes.saturating_add(next.bytes);
            if bytes > self.limits.batch_bytes && !batch.is_empty() {
                break;
            }
            let Some(next) = queue.waiting.pop_front() else { break };
            queue.bytes -= next.bytes;
            batch.push(next);
        }
        Some((batch, std::mem::take(&mut queue.renewals)))
    }

    fn run_batch(&self, sequencer: &mut Sequencer, batch: Vec<Waiting>) {
        let began = Instant::now();
        let split = |waiting: Waiting| (waiting.submission, waiting.done);
        let (submissions, dones): (Vec<_>, Vec<_>) = batch.into_iter().map(split).unzip();
        let outcome = self.guarded(|| sequencer.sequence(submissions));
        let leaves = dones.len();
        match outcome {
            Ok(answers) => {
                for (done, answer) in dones.into_iter().zip(answers) {
                    call(|| done(answer));
                }
                self.events.batch(leaves, began.elapsed());
            }
            Err(error) => {
                for done in dones {
                    call(|| done(Err(error)));
                }
            }
        }
    }

    fn run_renewals(&self, sequencer: &mut Sequencer, renewals: Vec<Renewed>) {
        let outcome = self.guarded(|| sequencer.renew());
        for done in renewals {
            call(|| done(outcome.clone()));
        }
    }

    /// Runs the sequencer, unless the log is read-only, and draws the consequences for the log.
    fn guarded<T>(&self, run: impl FnOnce() -> Result<T, SequenceError>) -> Result<T, AppendError> {
        if self.queue().state == PoolState::ReadOnly {
            return Err(AppendError::ReadOnly);
        }
        // After a panic nobody knows what was committed.
        let Ok(outcome) = catch_unwind(AssertUnwindSafe(run)) else {
            self.stop();
            return Err(AppendError::ReadOnly);
        };
        let state = match &outcome {
            Err(error) if error.is_fatal() => PoolState::ReadOnly,
            Err(SequenceError::NotCommitted(_)) => PoolState::Full,
            Ok(_) | Err(_) => PoolState::Accepting,
        };
        {
            let mut queue = self.queue();
            // Neither a stop of the publisher's nor a shutdown is taken back.
            let open = matches!(queue.state, PoolState::Accepting | PoolState::Full);
            if open || state == PoolState::ReadOnly {
                queue.state = state;
            }
        }
        outcome.map_err(|error| {
            self.events.not_sequenced(&error);
            error.answer()
        })
    }
}

/// The end of the sequencer's thread, in whatever way.
struct End<'a>(&'a Inner);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let (waiting, renewals) = {
            let mut queue = self.0.queue();
            if queue.state != PoolState::Closed {
                queue.state = PoolState::ReadOnly;
            }
            queue.bytes = 0;
            (std::mem::take(&mut queue.waiting), std::mem::take(&mut queue.renewals))
        };
        for waiting in waiting {
            call(|| (waiting.done)(Err(AppendError::ReadOnly)));
        }
        for renewed in renewals {
            call(|| renewed(Err(AppendError::ReadOnly)));
        }
        self.0.signal.end_publishing();
    }
}

/// A callback that panics is its owner's trouble, not the log's.
fn call(done: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(done));
}

fn refusal(state: PoolState) -> Option<AppendError> {
    match state {
        // A full log is tried: there may be room again.
        PoolState::Accepting | PoolState::Full => None,
        PoolState::ReadOnly => Some(AppendError::ReadOnly),
        PoolState::Closed => Some(AppendError::Closed),
    }
}
