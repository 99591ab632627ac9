//! What is attached to an image: signatures and attestations, in bundles and in cosign's older
//! formats, found from the image's digest.
//!
//! Read in this order: [`Image`] (an image, and where what belongs to it is kept), [`mod@find`] (everything
//! that might be a signature or an attestation), [`legacy`] (cosign's older formats as bundles, and
//! back), [`mod@write`] (a new one beside the others).
//!
//! **Invariant:** nothing here says that a signature is good. What is found goes to the verifier,
//! and what cannot be read stays in the list with the reason, so that it is never passed over in
//! silence.

mod find;
mod image;
mod legacy;
mod write;

pub(crate) use find::{Candidate, Found, Kind, Source, find};
pub(crate) use image::{Image, hashed};
pub(crate) use write::{Format, Signature, add_layer, put_bundle, put_legacy, remove_attestations};

/// Longest bundle, payload or envelope that is fetched from a registry: attestations carry whole
/// bills of materials.
const MAX_ATTACHED_BYTES: u64 = lite_bundle::MAX_BUNDLE_BYTES as u64;
/// Most attached things that are looked at: each costs a request and a verification.
const MAX_ATTACHED: usize = 1000;
