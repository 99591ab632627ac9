//! The CT log: over HTTP, when the authority runs alone. In one process with a log, the assembly brings an
//! adapter of its own (`lite_issuer::ports::CtLog`).

mod http;
mod key;

pub(crate) use http::HttpLog;
pub(crate) use key::read_key;
