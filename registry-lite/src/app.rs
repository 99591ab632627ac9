//! What a handler may reach.

use std::sync::Arc;

use crate::access::Access;
use crate::refusal::Refusal;
use crate::store::Store;

/// Clones share everything.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Arc<Store>,
    pub(crate) access: Access,
    /// `HOST[:PORT]` of the public URL.
    pub(crate) host: Arc<str>,
}

/// Leaves the reactor for what waits for the disk or for a writer. It runs to its end, whether
/// somebody waits for it or not.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Refusal> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(Refusal::Disk(std::io::Error::other(cancelled))),
        },
    }
}
