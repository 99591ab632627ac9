//! The certificate transparency log: every certificate of the authority, in public, before it is
//! used.
//!
//! Read in this order: [`Config`], `acceptance` (what may be logged), `checkpoint` (what the log
//! signs), `stored` (what a leaf is made of), [`CtLog`] (the life of a submission), `router` (the
//! two APIs over one tree), [`Server`], [`Alone`] (in a process of its own).
//!
//! In scope: RFC 6962's API for who writes, and for monitors of the old kind; static-ct-api's
//! files for monitors of the new one. Not here: order, durability and proofs (`lite-sequencer`,
//! `lite-store`), encodings of certificates and SCTs (`lite-pki`).
//!
//! **Invariant:** an SCT leaves the log only after the leaf it promises is durable and covered by
//! a signed checkpoint.
//!
//! **Invariant:** what is logged leads to a configured root, by signatures that were checked.
//!
//! **Invariant:** one precertificate has one leaf: submitted again, it gets an SCT with the first
//! one's time.

mod acceptance;
mod alone;
mod checkpoint;
mod config;
mod error;
mod hashes;
mod http;
mod issuers;
mod log;
mod router;
mod server;
mod stored;

pub use acceptance::Refusal;
pub use alone::Alone;
pub use config::Config;
pub use error::{OpenError, SubmitError};
pub use log::CtLog;
pub use server::Server;
