//! The trust root: from what each server says of itself to what every client starts from.
//!
//! Read in this order: [`Config`], [`Server`] (its life), `documents` (the target files),
//! `repository` (the folder, and the order of writing), `router`, then [`Alone`] (in a
//! process of its own).
//!
//! In scope: a TUF repository on disk, `trusted_root.json` and the signing configs in it, their
//! renewal, and copies for people. Not here: what the metadata says (`lite-tuf`), what the
//! documents say (`lite-bundle`).
//!
//! **Invariant:** clients see only what is durable, and all of it changes at once.
//!
//! **Invariant:** a restart writes nothing while nothing changed and nothing is half through its
//! life.
//!
//! **Invariant:** a key is made only for a repository that does not exist yet; a missing key is
//! never replaced in silence.

mod alone;
mod clients;
mod config;
mod documents;
mod error;
mod keys;
mod repository;
mod router;
mod server;

pub use alone::Alone;
pub use config::{Config, Periods};
pub use error::{DocumentError, OpenError, UpdateError};
pub use server::{Renewer, Server};
