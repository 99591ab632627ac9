//! Search over one log: its folder, its index, and the thread that follows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::{fmt, io};

use crate::error::{OpenError, SearchError};
use crate::files::{Engine, Files};
use crate::follower::Follower;
use crate::guard::{Damaged, guarded};
use crate::index::Cause;
use crate::query::{MAX_KEYS, Query, TooBroad};
use crate::request::{self, Requested};
use crate::shared::{Shared, Timing};
use crate::source::Source;

/// What a query finds, and how much of the log it looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The indexes of the leaves, in the order of the query.
    pub indexes: Vec<u64>,
    /// Every leaf below was looked at.
    pub reached: u64,
    /// The tree size when the query came.
    pub size: u64,
}

impl Answer {
    /// Whether the index lagged behind the log as it was when the query came.
    #[must_use]
    pub const fn lags(&self) -> bool {
        self.reached < self.size
    }
}

/// Search over one log.
pub struct Search {
    shared: Arc<Shared>,
    dir: PathBuf,
    follower: Option<JoinHandle<()>>,
}

impl Search {
    /// Opens the index in `dir` and follows `source` from there on, in a thread of its own. An index
    /// that is damaged, or that knows more leaves than the log has, begins again.
    pub fn open(dir: &Path, source: Arc<dyn Source>) -> Result<Self, OpenError> {
        Self::open_with(Engine::default(), dir, source)
    }

    /// Opens an index of the given engine. One of another engine in the folder is removed.
    pub fn open_with(
        engine: Engine,
        dir: &Path,
        source: Arc<dyn Source>,
    ) -> Result<Self, OpenError> {
        Self::open_timed(engine, dir, source, Timing::PRODUCT)
    }

    pub(crate) fn open_timed(
        engine: Engine,
        dir: &Path,
        source: Arc<dyn Source>,
        timing: Timing,
    ) -> Result<Self, OpenError> {
        let files = Files::hold(dir, engine, source.scheme())?;
        let found = files.choose(source.size())?;
        let shared = Shared::new(source, timing, Arc::from(found.index), found.reached);
        let shared = Arc::new(shared);
        let follower = Follower::new(Arc::clone(&shared), files, found.number);
        let thread = thread::Builder::new().name("search".to_owned());
        let thread = thread
            .spawn(move || follower.run())
            .map_err(|source| OpenError::Io { path: dir.to_owned(), source })?;
        shared.follow_with(thread.thread().clone());
        Ok(Self { shared, dir: dir.to_owned(), follower: Some(thread) })
    }

    /// The log has grown. Cheap, and never waits: to be called after each append.
    pub fn wake(&self) {
        self.shared.wake();
    }

    /// The leaves that `query` asks for. Waits at most two seconds for the index to catch up with
    /// the log as it is now, then answers with what is there: [`Search::answer`] says whether that
    /// lags. Blocks; not for a reactor's thread.
    pub fn find(&self, query: &Query) -> Result<Vec<u64>, SearchError> {
        Ok(self.answer(query)?.indexes)
    }

    /// Like [`Search::find`], and says how much of the log was looked at.
    pub fn answer(&self, query: &Query) -> Result<Answer, SearchError> {
        if query.any.len() > MAX_KEYS {
            return Err(SearchError::TooManyKeys);
        }
        let size = self.shared.source.size();
        self.shared.catch_up(size);
        let index = self.shared.serving();
        // Asked first: what is added in between is more than was promised, and not less.
        let found = guarded(|| Ok((index.reached()?, index.find(query)?)));
        let (reached, indexes) = found.map_err(|cause| self.refuse(cause))?;
        Ok(Answer { indexes, reached, size })
    }

    /// The tree size up to which every leaf can be found. Never goes back while this is open.
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.shared.progress().reached
    }

    /// Asks for the index to be built again out of the log. Returns at once; until the new index
    /// reaches as far as the old one, the old one answers. The request survives a restart.
    pub fn rebuild(&self) -> io::Result<Requested> {
        let requested = request::request_rebuild(&self.dir)?;
        self.shared.hurry();
        Ok(requested)
    }

    /// Whether a rebuild that was asked for is still to be done.
    #[must_use]
    pub fn is_rebuilding(&self) -> bool {
        request::is_requested(&self.dir)
    }

    /// Stops following, after the batch at hand, and lets go of the folder.
    pub fn close(self) {
        drop(self);
    }

    fn refuse(&self, cause: Cause) -> SearchError {
        if cause.is::<TooBroad>() {
            return SearchError::TooBroad;
        }
        if cause.is::<Damaged>() {
            self.shared.damaged.store(true, Ordering::Release);
            self.shared.hurry();
            return SearchError::Damaged(cause);
        }
        SearchError::Index(cause)
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.hurry();
        if let Some(follower) = self.follower.take() {
            // It has said what it had to say in the log.
            let _ = follower.join();
        }
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").field("dir", &self.dir).finish_non_exhaustive()
    }
}
