//! Verifying signatures on every core, away from the threads that serve sockets.
//!
//! A signature costs a tenth of a millisecond of pure arithmetic: on a reactor thread it would
//! hold up every other connection. At most one job a core runs, a bounded number waits, and the
//! next one is refused: a queue without a bound only moves the refusal to where it hurts.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;

/// Who runs jobs.
#[derive(Clone, Debug)]
pub(crate) struct Workers {
    cores: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

/// Why a job was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WorkError {
    /// Too many jobs wait.
    #[error("too many jobs wait")]
    Busy,
    /// The job panicked.
    #[error("job panicked")]
    Panicked,
}

impl Workers {
    /// One worker a core, with room for so many jobs at once, running ones among them.
    pub(crate) fn new(room: usize) -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            room: Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Runs a job and returns what it returns.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let _room = self.room.try_acquire().map_err(|_| WorkError::Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await;
        // The semaphore is never closed.
        let core = core.map_err(|_| WorkError::Busy)?;
        let job = move || {
            // Held by the job, not by the request: a client that goes away does not make room
            // for a second job on the same core.
            let _core = core;
            job()
        };
        tokio::task::spawn_blocking(job).await.map_err(|_| WorkError::Panicked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_job_after_the_last_that_may_wait_is_refused() {
        let workers = Workers::new(1);
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let workers = workers.clone();
            async move { workers.run(move || told.recv()).await }
        });
        while workers.room.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(workers.run(|| 1).await, Err(WorkError::Busy));
        tell.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(Ok(())));
        assert_eq!(workers.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_the_worker() {
        let workers = Workers::new(1);
        for _ in 0..20 {
            let done = workers.run(|| panic!("job")).await;
            assert_eq!(done, Err::<(), _>(WorkError::Panicked));
        }
    }
}
