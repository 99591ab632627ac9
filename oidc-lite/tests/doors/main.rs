//! The doors of the identity provider, asked without a socket: one test per refusal.

mod authorize;
mod device;
mod discovery;
mod pages;
mod support;
mod token;
