//! The command line that the public conformance suite speaks: `sign-bundle` and `verify-bundle`.
//!
//! `docs/cli_protocol.md` of `sigstore-conformance` says what a client under test must take. Both
//! commands are the ordinary signing and verification under those names, with one difference: a
//! bundle with a statement is verified as one with a signature is, because the suite asks only
//! whether the bundle holds for the artifact. They are hidden, because people have better ones.

pub(crate) mod sign_bundle;
pub(crate) mod verify_bundle;

mod service;
