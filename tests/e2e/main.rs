//! Tests that cross crates, one claim a file.
#![expect(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod audit;
mod browser;
mod clients;
mod composed;
mod containers;
mod crash;
mod documents;
mod doors;
mod first_start;
mod floors;
mod grpc;
mod images;
mod interop;
mod judges;
mod keys;
mod lab;
mod limits;
mod logs;
mod matrix;
mod offline;
mod refusals;
mod registry;
mod rekor_v1;
mod setups;
mod signed_images;
mod tls;
mod up;
