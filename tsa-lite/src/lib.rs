//! The timestamp authority: a digest in, an RFC 3161 timestamp out.
//!
//! Read in this order: [`Config`], `stamper` (the machine: policy, time, serial number, answer),
//! `json` (the request as sigstore-js writes it), `router` (the doors), `keep` (the folder),
//! [`Server`], [`Alone`] (in a process of its own).
//!
//! In scope: the HTTP interface of sigstore/timestamp-authority. Not here: the bytes of RFC 3161
//! (`lite-pki`), sockets and deadlines (`lite-http`), a source of time: the machine's clock is it.
//!
//! **Invariant:** the time of a timestamp is never before that of an earlier one of this process.
//!
//! **Invariant:** an authority is made once. Where its chain was published and its key is gone, the
//! server does not start; it never makes another one in its place.

mod alone;
mod config;
mod error;
mod json;
mod keep;
mod router;
mod server;
mod stamper;

pub use alone::Alone;
pub use config::{Config, Curve};
pub use error::OpenError;
pub use server::Server;
