//! The doors of the log, knocked at without a socket.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod accepted;
mod grpc;
mod hostile;
mod life;
mod reads;
mod refused;
mod support;
mod v1;
mod v1_refused;
