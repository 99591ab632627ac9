//! Tests that cross crates, one claim a file.
#![expect(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod floors;
