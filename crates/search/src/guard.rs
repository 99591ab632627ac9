//! What an engine's damage looks like, whatever the engine.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::index::Cause;

/// An index is not what it was when it was written. It is of no further use.
#[derive(Debug, thiserror::Error)]
#[error("index is damaged")]
pub struct Damaged(#[source] pub(crate) Cause);

/// Asks an engine. Engines panic where a page contradicts itself, which is damage like any other:
/// the index is derived, and must not take the log's process along.
pub(crate) fn guarded<T>(ask: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
    // What the engine leaves half done is never used again: a damaged index is replaced.
    caught(ask).unwrap_or_else(|said| Err(Damaged(said).into()))
}

/// What is done, or what it said when it panicked.
pub(crate) fn caught<T>(act: impl FnOnce() -> T) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        said.unwrap_or("panicked without a word").into()
    })
}
