//! What OpenID Connect says, as bytes from strangers: ID tokens, key sets, discovery documents.
//!
//! In scope: reading each of them within limits, and deciding whether a token holds
//! ([`UnverifiedToken::verify`]). Not here: fetching anything (a server does), and what a token's
//! claims mean for a certificate (`lite-issuer`).
//!
//! Read in this order: [`UnverifiedToken`], [`IdToken`] and its [`Claims`], then [`KeySet`],
//! [`Discovery`], and [`json`], which reads all three.
//!
//! **Invariant:** an [`IdToken`] exists only if its signature, issuer, audience and times held.
//!
//! **Invariant:** the key comes from the key set alone: `jwk`, `jku`, `x5u` and `x5c` of a header
//! are never looked at, and no algorithm in [`Algorithm`] takes a shared secret.
//!
//! **Invariant:** JSON with the same name twice in one object is refused, so that no two readers
//! of one token see two identities.

mod algorithm;
mod claims;
mod discovery;
pub mod json;
mod jwk;
mod jws;
mod token;

pub use algorithm::Algorithm;
pub use claims::{Audience, Claims};
pub use discovery::{Discovery, DiscoveryError, MAX_DISCOVERY_BYTES};
pub use jwk::{Key, KeySet, KeySetError, MAX_KEY_SET_BYTES, MAX_KEYS};
pub use token::{Expected, IdToken, MAX_TOKEN_BYTES, TokenError, UnverifiedToken};
