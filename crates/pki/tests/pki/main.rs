//! What this crate reads and writes, judged by others: certificates and timestamps of the public
//! Sigstore instances, the `openssl` command line, and Cloudflare's `static_ct_api`.

mod authorities;
mod issuance;
mod openssl;
mod requests;
mod timestamps;
mod transparency;
mod vectors;
