//! The harness of the tests that cross crates: the stack as a process, the clients around it.
//!
//! Read in this order: [`Stack`] (a `siglite up` of its own, in a folder of its own),
//! [`Tool`] (programs of other makers), [`run`] (a command with its output).
//!
//! **Invariant:** a test never meets the instance, the home folder or the port of the person who
//! runs it.
//!
//! **Invariant:** what cannot be tested is skipped by name, and where `SIGLITE_REQUIRE_ALL` is
//! set, as in CI, that is a failure.

#![expect(clippy::missing_panics_doc, reason = "panicking is how a harness tells")]

mod command;
mod stack;
mod tool;

pub use command::{Ran, run};
pub use stack::{ALICE, PASSWORD, Stack, StackBuilder, http};
pub use tool::{Tool, binary, clean, client_program, skip, stock_version};
