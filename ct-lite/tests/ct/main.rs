//! The CT log from outside: submissions, monitors of both kinds, restarts.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod alone;
mod common;
mod life;
mod monitors;
mod refusals;
mod statics;
mod submissions;
