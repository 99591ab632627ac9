//! What is recognised, what is shown, and that nothing panics: over vectors of other makers.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it skips"
)]

mod damage;
mod kinds;
mod openssl;
mod pieces;
mod secrets;
mod support;
mod vectors;
