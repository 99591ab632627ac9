//! The trust root from outside: its routes, its folder over the years, and other clients.
#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod alone;
mod common;
mod doors;
mod life;
mod python;
