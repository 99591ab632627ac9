//! The chassis every server stands on.
//!
//! Read in this order: [`serve`] (sockets, limits of a connection, shutdown), [`shell`] (what
//! surrounds a router: slashes, panics, deadlines, metrics, the last 404), [`rpc`] (the error
//! shape of Fulcio's and Rekor's APIs, and how they read bytes), [`grpc`], [`cors`], [`health`], [`metrics`],
//! [`client`] (outgoing requests, with limits), [`standalone`] (the `main` of a server that runs
//! alone), [`tls`] (the certificate of a listener), [`wait`] (for the files of the others), [`page`] (what pages for people share).
//!
//! Not here: what any server does, files (`lite-store`).
//!
//! **Invariant:** every request has a deadline, every body a limit, every connection a time by
//! which its headers have arrived, and none a place in which nothing moves.
//!
//! **Invariant:** a panic in a handler is an answer with status 500, not a lost connection.

pub mod client;
pub mod cors;
pub mod grpc;
pub mod health;
pub mod metrics;
pub mod page;
mod patience;
pub mod rpc;
pub mod serve;
pub mod shell;
pub mod standalone;
pub mod tls;
pub mod wait;

pub use health::Health;
pub use serve::{BindError, Listeners, Shutdown};
pub use tls::{Tls, TlsError};
