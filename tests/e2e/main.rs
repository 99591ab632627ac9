//! Tests that cross crates, one claim a file.
#![expect(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod clients;
mod crash;
mod floors;
mod interop;
mod offline;
mod refusals;
mod up;
