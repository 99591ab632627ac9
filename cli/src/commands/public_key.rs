//! `siglite public-key`: the half of a key that verifiers need.

use std::path::PathBuf;

use crate::commands::Context;
use crate::failure::Outcome;
use crate::files::{self, Reader};
use crate::keys;

/// Print the public half of a key
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite public-key --key cosign.key
  siglite public-key --key cosign.key --outfile cosign.pub
  siglite public-key --key env://COSIGN_PRIVATE_KEY")]
pub(crate) struct Args {
    /// The key, as --key of sign-blob names it
    #[arg(long, value_name = "FILE|env://VAR")]
    key: String,

    /// Where it goes, in PEM [default: standard output]
    #[arg(long, value_name = "FILE")]
    outfile: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let pem = keys::public_half(&args.key, context)?.to_pem();
    match &args.outfile {
        Some(path) if !files::is_dash(path) => {
            files::write(path, pem.as_bytes(), Reader::Everyone)?;
            context.screen().say(&format!("Public key written to {}", path.display()));
            Ok(())
        }
        _ => context.screen().data(&pem),
    }
}
