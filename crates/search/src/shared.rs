//! What the follower and those who search share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::index::Index;
use crate::source::Source;

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Between two looks at the log and at the folder, when nobody says anything.
    pub(crate) poll: Duration,
    /// From one pass to the next while the log grows: appends in between share one commit.
    pub(crate) linger: Duration,
    /// How long a query waits for the index to catch up.
    pub(crate) patience: Duration,
    /// After the first error and, doubled each time, after the last.
    pub(crate) retry: (Duration, Duration),
}

impl Timing {
    pub(crate) const PRODUCT: Self = Self {
        poll: Duration::from_secs(1),
        linger: Duration::from_millis(500),
        patience: Duration::from_secs(2),
        retry: (Duration::from_secs(1), Duration::from_secs(30)),
    };
}

/// How far the index is.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Every row below is in the index that answers. Never goes back.
    pub(crate) reached: u64,
    /// What a query waits for.
    pub(crate) wanted: u64,
    /// The last try to follow the log was in vain: there is nothing to wait for.
    pub(crate) failing: bool,
}

pub(crate) struct Shared {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) timing: Timing,
    /// The index that answers.
    pub(crate) serving: RwLock<Arc<dyn Index>>,
    pub(crate) stop: AtomicBool,
    /// The index that answers is of no use.
    pub(crate) damaged: AtomicBool,
    woken: AtomicBool,
    progress: Mutex<Progress>,
    moved: Condvar,
    follower: OnceLock<Thread>,
}

impl Shared {
    pub(crate) fn new(
        source: Arc<dyn Source>,
        timing: Timing,
        serving: Arc<dyn Index>,
        reached: u64,
    ) -> Self {
        Self {
            source,
            timing,
            serving: RwLock::new(serving),
            stop: AtomicBool::new(false),
            damaged: AtomicBool::new(false),
            woken: AtomicBool::new(false),
            progress: Mutex::new(Progress { reached, ..Progress::default() }),
            moved: Condvar::new(),
            follower: OnceLock::new(),
        }
    }

    /// The index that answers now. Who holds it may go on when another takes its place.
    pub(crate) fn serving(&self) -> Arc<dyn Index> {
        Arc::clone(&self.serving.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait how far the index is now.
    pub(crate) fn tell(&self, reached: u64, failing: bool) {
        let mut progress = self.progress();
        progress.reached = progress.reached.max(reached);
        progress.failing = failing;
        drop(progress);
        self.moved.notify_all();
    }

    /// Waits until the index reaches `size`, for as long as there is hope and patience.
    pub(crate) fn catch_up(&self, size: u64) {
        let mut progress = self.progress();
        if progress.reached >= size || progress.failing {
            return;
        }
        progress.wanted = progress.wanted.max(size);
        self.hurry();
        let patience = self.timing.patience;
        let hope = |progress: &mut Progress| progress.reached < size && !progress.failing;
        drop(self.moved.wait_timeout_while(progress, patience, hope));
    }

    /// The log has grown: the follower looks at it soon, if it would not anyway.
    pub(crate) fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.hurry();
        }
    }

    /// Has the follower look at everything now.
    pub(crate) fn hurry(&self) {
        if let Some(follower) = self.follower.get() {
            follower.unpark();
        }
    }

    pub(crate) fn follow_with(&self, thread: Thread) {
        // Set once, where the follower is started.
        let _ = self.follower.set(thread);
    }

    /// Sleeps until there may be something to do. Only the follower calls it.
    pub(crate) fn idle(&self) {
        let since = Instant::now();
        while !self.is_urgent() {
            let woken = self.woken.load(Ordering::Acquire);
            let pause = if woken { self.timing.linger } else { self.timing.poll };
            let left = pause.saturating_sub(since.elapsed());
            if left.is_zero() {
                break;
            }
            std::thread::park_timeout(left);
        }
        // What is appended from here on wakes again; what was before is seen by this pass.
        self.woken.store(false, Ordering::Release);
    }

    fn is_urgent(&self) -> bool {
        let progress = self.progress();
        // A query does not hurry what fails, or it would spin.
        let wanted = progress.wanted > progress.reached && !progress.failing;
        wanted || self.stop.load(Ordering::Acquire)
    }
}
