//! The doors: what clients send, and what they read.

pub(crate) mod configuration;
mod error;
mod input;
pub(crate) mod legacy;
pub(crate) mod signing_cert;
pub(crate) mod trust_bundle;
