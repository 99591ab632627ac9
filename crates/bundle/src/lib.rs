//! Sigstore's documents: what signers, logs and verifiers hand to each other.
//!
//! Read in this order: [`Bundle`] (one file with a signature and its verification material), then
//! [`TransparencyLogEntry`], then [`body`] (the leaf an entry commits to), [`dsse`] and
//! [`statement`] (what is signed when it is not a plain file), then [`trust`] (what a client starts
//! from: trusted root, signing config, and the fragments that servers contribute to them), and
//! [`cosign`] (the pieces of the formats before the bundle).
//!
//! In scope: reading strictly, writing as the stock clients write. Not here: whether any of it is
//! true (`lite_verifier`), certificates (`lite_pki`), checkpoints and Merkle proofs (`lite_tlog`).
//!
//! The types are our own and narrow, not those generated from the protocol buffers: those go
//! through a reflective message that is built before any limit can be applied, keep `Option`s that
//! the formats do not have, and need the whole descriptor set in memory. The generated types are
//! the judge in our tests instead.
//!
//! **Invariant:** counts and sizes are checked before anything is decoded.
//!
//! **Invariant:** what this crate writes, it reads back as the same value.

pub mod body;
mod bundle;
pub mod cosign;
pub mod dsse;
mod encoding;
mod entry;
pub mod statement;
pub mod trust;

pub use bundle::{
    Bundle, BundleError, Content, MAX_BUNDLE_BYTES, MAX_ENTRIES, MAX_TIMESTAMPS, MediaType,
    MessageSignature, Signer,
};
pub use dsse::{Envelope, EnvelopeSignature};
pub use encoding::{JsonError, Object};
pub use entry::{InclusionProof, MAX_PROOF_HASHES, TransparencyLogEntry, promised_bytes};
pub use statement::{Statement, Subject};
