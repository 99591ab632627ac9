//! Turns `proto/` into Rust, without a compiler of other makers and without a network.

use std::path::PathBuf;
use std::{env, error, fs};

use prost::Message as _;

const ROOTS: [&str; 3] =
    ["fulcio.proto", "rekor/v2/rekor_service.proto", "grpc/health/v1/health.proto"];

fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = protox::compile(ROOTS, ["proto"])?;
    // Reflection shows names and numbers; positions and comments would double its size.
    for file in &mut files.file {
        file.source_code_info = None;
    }
    #[expect(clippy::disallowed_methods, reason = "what a build makes need not survive a crash")]
    fs::write(out.join("descriptors.bin"), files.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_transport(false)
        .include_file("packages.rs")
        .compile_fds(files)?;
    Ok(())
}
