//! The door: RFC 6962 for writers and old monitors, static-ct-api for new ones.

pub(crate) mod entries;
pub(crate) mod error;
pub(crate) mod proofs;
pub(crate) mod statics;
pub(crate) mod submit;
