//! The image registry: what is signed, and the signatures beside it.
//!
//! Read in this order: `router` (what is answered), `http` (one file a door), `store` (what is
//! kept, and in which order it is written and forgotten), `access` (who may do what), [`Refusal`],
//! [`Config`].
//!
//! In scope: the OCI distribution specification 1.1 with referrers, every way of pushing, tags that
//! expire, garbage collection. Not here: what the documents mean (`lite-oci`), signing and verifying
//! (clients), TLS.
//!
//! **Invariant:** bytes stream: memory does not grow with the size of a blob.
//!
//! **Invariant:** what was answered with 201 is durable, and no manifest names what is not there.
//!
//! **Invariant:** nothing is trusted here. Who holds this folder can withhold images and signatures;
//! clients check digests and signatures themselves.

mod access;
mod alone;
mod app;
mod config;
mod http;
mod refusal;
mod router;
mod server;
mod store;

pub use access::callers::{IssuerKeys, KeySource};
pub use access::htpasswd::HtpasswdError;
pub use alone::Alone;
pub use config::{Auth, Config};
pub use refusal::Refusal;
pub use server::{OpenError, Server};
pub use store::{Collected, Finding, Lifetimes, Limits, StoreError, audit};
