//! The certificate authority: an ID token in, a ten-minute certificate out.
//!
//! Read in this order: [`Config`], `router` (the table of contents), `http` (the doors: what Fulcio's
//! clients send and read), `grpc` (the same in gRPC), `app` (from a door to the machine and back), [`CaFolder`] (the authority's keys
//! and chain), `issuers` (whose tokens are believed, and their keys), `ct` (the log), `journal` (what was
//! signed), [`Server`], [`Alone`] (in a process of its own).
//!
//! In scope: Fulcio's APIs, v2 over HTTP and gRPC and the legacy v1 over HTTP, and the adapters behind the ports of
//! `lite-issuer`, which holds the rules. Not here: what a certificate looks like (`lite-pki`), the log
//! itself (`ct-lite`), login (`oidc-lite`).
//!
//! **Invariant:** a certificate leaves only with the SCT of the configured log in it, verified.
//!
//! **Invariant:** only configured issuers are ever fetched from, and never while a signature waits.
//!
//! **Invariant:** no token, and no private key, is logged, journalled or shown in an error.

mod alone;
mod app;
mod config;
mod ct;
mod folder;
mod grpc;
mod http;
mod issuers;
mod journal;
mod router;
mod server;

pub use alone::Alone;
pub use config::{CaKey, Config};
pub use folder::{CaFolder, FolderError};
pub use issuers::file::IssuersFileError;
pub use server::{EmbeddedIssuer, OpenError, Ports, Server};
