//! The client's side of a registry, against registries that behave and registries that do not.
#![expect(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod double;
mod layout;
mod referrers;
mod refusals;
mod secrets;
