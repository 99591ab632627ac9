//! The only source of time: its words, a port, and a clock that tests own.
//!
//! Read in this order: [`Time`], then [`Clock`], then [`ManualClock`].
//!
//! In scope: instants as the formats of this project write them (milliseconds, whole seconds,
//! RFC 3339). Not here: the clock of the machine, which is an adapter (`lite_store::SystemClock`).
//!
//! **Invariant:** nothing in the project asks the operating system for the time but that adapter.

mod clock;
mod instant;

pub use clock::{Clock, ManualClock};
pub use instant::{ParseTimeError, Time};
