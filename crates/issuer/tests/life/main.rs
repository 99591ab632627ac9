//! The life of a certificate, with the world around it faked.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod issue;
mod principals;
mod support;
