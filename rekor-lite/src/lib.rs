//! The signature log: the APIs of Rekor v2 and Rekor v1, each on a tree of its own, on tiles.
//!
//! Read in this order: [`Config`], `router` (the table of contents), `http` (the doors),
//! `request` and `entry` (from bytes to a leaf, or a refusal), `app` (what a door may reach, and
//! the check of our own answers), `workers` (where signatures are verified), `v1` (the older API),
//! `search` (what the index knows), `tree` (a folder, a key, a log), [`Server`], [`Alone`] (in a
//! process of its own).
//!
//! In scope: requests, signatures over digests, answers, trust material of this log. Not here: the
//! order of leaves and their durability (`lite-sequencer`, `lite-store`), Merkle proofs and notes
//! (`lite-tlog`), whether a certificate may be trusted (its verifier's question, never the log's).
//!
//! **Invariant:** nothing of a refused request reaches the tree.
//!
//! **Invariant:** an answer with a proof has been verified as its client will verify it.

mod alone;
mod app;
mod config;
mod entry;
mod fragment;
mod grpc;
mod http;
mod key;
mod request;
mod router;
mod search;
mod seed;
mod server;
mod tree;
mod v1;
mod workers;

pub use alone::Alone;
pub use config::{Algorithm, Config, Dsse, LogKey, UnknownAlgorithm};
pub use key::KeyFileError;
pub use server::{OpenError, Server};

/// For the fuzzer: reads and judges a request.
#[doc(hidden)]
#[must_use]
pub fn fuzz_request(body: &[u8]) -> Option<Vec<u8>> {
    let rules = entry::Rules {
        translate_dsse: true,
        algorithms: Algorithm::all().iter().map(|algorithm| algorithm.0).collect(),
    };
    entry::leaf_of(body, &rules).ok()
}
