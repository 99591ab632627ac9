//! The entry kinds of Rekor v1: a proposed entry becomes a verified, canonical leaf, or a refusal;
//! and any leaf, of either generation, gives the keys by which it is found.
//!
//! Read in this order: [`accept()`] (the one way in), [`Refusal`] (every way out), `kinds` (one file
//! a kind: what is sent, what is checked, what is written), `verifier` (keys and certificates in
//! PEM), `envelope` (DSSE with more than one signature), `ssh` (OpenSSH's signatures), then
//! [`search_keys()`] and [`SearchKey`].
//!
//! | kind | version | what it holds |
//! |---|---|---|
//! | `hashedrekord` | 0.0.1 | a signature over a digest, X.509 |
//! | `dsse` | 0.0.1 | the signatures of an envelope |
//! | `intoto` | 0.0.1, 0.0.2 | the same, older |
//! | `rekord` | 0.0.1 | a signature over bytes that are sent along, X.509 or SSH |
//! | `rfc3161` | 0.0.1 | a timestamp response |
//!
//! Not here: the log, its index and its API (`rekor_lite`), the leaves of Rekor v2 (`lite_bundle`),
//! limits of requests as a whole.
//!
//! **Invariant:** a leaf is the bytes that Rekor v1.5 would have written for the same request: clients
//! rebuild leaves from their own bundles and compare.
//!
//! **Invariant:** no leaf without a signature that verifies under the key that stands in it.
//!
//! **Invariant:** nothing here trusts: any key and any certificate may sign, at any time. Who is
//! trusted is for the reader to say.

mod accept;
mod envelope;
mod json;
mod kinds;
mod pem;
mod refusal;
mod search;
mod search_keys;
mod ssh;
mod verifier;

pub use accept::{Accepted, MAX_BESIDE, MAX_PROPOSED_BYTES, MAX_SIGNATURES, Rules, accept};
pub use refusal::Refusal;
pub use search::{SearchKey, key_of_pem, key_of_ssh};
pub use search_keys::{answers, kind_of, search_keys};
pub use ssh::SshError;
