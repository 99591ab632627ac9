//! The registry's doors, without a socket: each row of the specification, and each refusal.
#![expect(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod access;
mod listing;
mod pulling;
mod pushing;
mod refusals;
mod support;
