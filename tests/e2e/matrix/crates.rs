//! What rows of libraries in our own language share.

use std::error::Error;
use std::future::Future;

/// What a library did, or why not.
pub(super) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Runs what a library does in its own time.
#[track_caller]
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> T {
    // It leaves the choice of cryptography to its caller.
    let _ = lite_tests::http();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime without settings").block_on(work)
}

/// The version of a crate that these tests were built with.
#[track_caller]
pub(super) fn locked(name: &str) -> String {
    let lock = include_str!("../../../Cargo.lock");
    let entry = lock.split(&format!("name = \"{name}\"\nversion = \"")).nth(1);
    entry.and_then(|rest| rest.split('"').next()).expect("a crate of these tests").to_owned()
}
