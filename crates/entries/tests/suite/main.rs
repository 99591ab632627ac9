//! The entry kinds before their judges: upstream's own leaves, the conformance suite, and requests
//! that no client sends.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, which say what they skip"
)]

mod conformance;
mod limits;
mod properties;
mod signed;
mod upstream;
