//! Certificates, certificate transparency and RFC 3161 timestamps, as bytes.
//!
//! Read in this order: [`cert`] (what a certificate says), [`name`] and [`extensions`] (the two
//! things Fulcio adds), [`hierarchy`] (the authorities), [`profile`] (what they issue), [`sct`]
//! (what the CT log answers), [`chain`] (which path leads to an authority), [`csr`], and
//! [`timestamp`] (RFC 3161, both sides). Beside them stands [`local`]: TLS certificates of an
//! instance's own.
//!
//! In scope: encoding, decoding, signing with a key that is handed in, and verifying. Not here:
//! identity tokens, the log itself, files, sockets, the clock. Time and randomness are arguments.
//!
//! **Invariant:** what this crate parses is DER. A certificate that another encoder would write
//! differently is refused, so the bytes a client signed over are the bytes everybody rebuilds.
//!
//! **Invariant:** the bytes that an SCT signs are cut out of the certificate, never re-encoded.
//!
//! **Invariant:** a precertificate and its certificate differ in one extension and the signature;
//! [`profile`] asserts it for each certificate it issues.

mod algorithm;
mod asn1;
pub mod cert;
pub mod chain;
pub mod csr;
pub mod extensions;
pub mod hierarchy;
mod links;
pub mod local;
pub mod name;
pub mod oid;
pub mod pem;
pub mod profile;
pub mod sct;
mod tbs;
pub mod timestamp;
mod tls;

pub use cert::Certificate;
pub use chain::{Purpose, verify_chain, verify_chain_with};
pub use extensions::{FulcioExtension, FulcioExtensions};
pub use hierarchy::{Authority, IssuingCa};
pub use links::Links;
pub use local::LocalAuthority;
pub use name::AltName;
pub use sct::{CtEntry, Sct, SctList};
