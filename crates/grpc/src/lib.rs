//! Fulcio's and Rekor v2's APIs in gRPC, and the health service of all gRPC servers.
//!
//! The definitions in `proto/` have upstream's packages, names and numbers (fulcio:fulcio.proto,
//! rekor-tiles:api/proto/rekor/v2, protobuf-specs:protos, grpc:src/proto/grpc/health/v1), as far as
//! these services reach. `build.rs` makes modules of them.
//!
//! Not here: what any of it means. Doors of the servers turn messages into what their machines take.

#[expect(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "written by prost and tonic; what a field means stands in upstream's definitions"
)]
mod packages {
    include!(concat!(env!("OUT_DIR"), "/packages.rs"));
}

pub use packages::dev::sigstore::{common, fulcio, rekor};
pub use packages::google::api;
pub use packages::grpc::health;
pub use packages::io::intoto;

/// The `FileDescriptorSet` of everything here, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The largest message in bytes, either way: gRPC's own default, which upstream keeps.
pub const MAX_MESSAGE: usize = 4 << 20;
