//! The doors of the certificate authority, asked without a socket.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alone;
mod answers;
mod external;
mod grpc;
mod openssl;
mod refusals;
mod support;
