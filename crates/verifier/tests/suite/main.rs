//! The verifier before its judges: the conformance suite, mutants of it, another implementation.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, which say what they skip"
)]

mod cases;
mod conformance;
mod evidence;
mod formats;
mod judged;
mod lessons;
mod limits;
mod logs;
mod mutants;
mod mutate;
mod nearest;
mod policies;
mod second_judge;
mod stack;
