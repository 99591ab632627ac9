//! What this crate reads and writes, judged by others: certificates and timestamps of the public
//! Sigstore instances, the `openssl` command line, and Cloudflare's `static_ct_api`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it skips"
)]

mod authorities;
mod certificates;
mod chains;
mod issuance;
mod openssl;
mod rcgen;
mod requests;
mod servers;
mod timestamps;
mod transparency;
mod vectors;
