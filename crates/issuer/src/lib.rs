//! The life of a certificate: from an ID token to a logged certificate.
//!
//! ```text
//!      token                                                                (1) choose the issuer
//!   -> IdToken          lite_identity: signature, issuer, audience, times   (2) believe the token
//!   -> Principal        who that is, and what they must have signed         (3) name the principal
//!   -> ProvenKey        their key, strong enough, and theirs                (4) prove possession
//!   -> Prepared         every byte of the certificate, linted               (5) prepare
//!   -> Intended         the intent is in the journal, durably               (6) record the intent,
//!   -> Precertificate   signed, with the poison                                 sign
//!   -> Logged           the log's promise (SCT), verified                   (7) log
//!   -> Promised         the promise and the second intent are recorded      (8) record the promise,
//!   -> Issued           the certificate, with its SCT                           sign
//!                       the result is recorded, and the certificate handed out (9) record the result
//! ```
//!
//! Each step consumes the one before, so the wrong order does not compile. The numbers are those of
//! ARCHITECTURE.md, "Life of a certificate", and of [`Authority::issue`], which tells it.
//!
//! Read in this order: [`Authority::issue`], [`ports`] (what it needs from the world), [`steps`], then
//! [`principal`] and [`config`] (who is believed, and as whom), and [`template`].
//!
//! Not here: HTTP (`fulcio-lite`), tokens as bytes (`lite-identity`), certificates as bytes (`lite-pki`).
//!
//! **Invariant:** nothing here knows HTTP, a file, the wall clock or a source of randomness of its own.
//!
//! **Invariant:** no SCT, no certificate; and the SCT was verified with the log's key.
//!
//! **Invariant:** before each signature of the CA the intent is recorded, and after it the result.
//!
//! **Invariant:** what is refused reaches neither the journal nor the log.

pub mod algorithms;
mod authority;
pub mod config;
pub mod ports;
pub mod principal;
pub mod steps;
pub mod template;
mod uri;

pub use authority::{Authority, IssueError, Request, TokenRefusal};
pub use config::{ConfigError, ConfigFile, ConfigReason, Issuer, Issuers, Kind};
pub use principal::{EmbedError, Principal, PrincipalError};
pub use steps::{Evidence, Issued, PossessionError};
