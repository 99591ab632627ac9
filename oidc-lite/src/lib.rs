//! The identity provider: login page, device code, machine tokens.
//!
//! Read in this order: [`Config`], `router` (every address), `http::login` (a person answers),
//! `http::token` (a code becomes a token), `keyring` (what signs it), [`Accounts`], [`Server`],
//! [`Alone`] (in a process of its own).
//!
//! In scope: OpenID Connect's authorization code flow with PKCE (S256, mandatory), the device flow
//! of RFC 8628, client credentials for machines, RS256 tokens, rotating keys, accounts in a file.
//! Not here: what a token is good for (`fulcio-lite`), and logging in as a client (the command
//! line).
//!
//! **Invariant:** a code is sent to a loopback address or shown to the person, and nowhere else.
//!
//! **Invariant:** a code becomes a token once, for who knows the verifier and the address it was
//! sent to.
//!
//! **Invariant:** no form is accepted but from a page this server gave to the same browser.
//!
//! **Invariant:** `email` is in a token only for an account that has it, and `email_verified` is
//! then true; a machine's token has neither.

mod accounts;
mod alone;
mod config;
mod device;
mod email;
mod expiring;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod keyring;
mod params;
mod password;
mod pkce;
mod redirect;
mod request;
mod router;
mod secret;
mod server;
mod sign_in;
mod signing_key;
mod throttle;
mod ticket;
mod token;

pub use accounts::{AccountError, AccountKind, AccountSummary, Accounts};
pub use alone::Alone;
pub use config::{Config, ConfigError, PasswordGrant};
pub use email::{EmailError, check_email};
pub use keyring::KeyRingError;
pub use server::{OpenError, Server};
pub use signing_key::RsaKeyError;
