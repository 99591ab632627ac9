//! `siglite bundle`: bundles from older pieces, and what a bundle holds.

mod create;
mod inspect;
mod pieces;
mod tree;

use clap::Subcommand;

use crate::commands::{Context, block_on};
use crate::failure::Outcome;

/// Make a bundle of older pieces, or show what one holds
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Put the pieces that older programs wrote into one bundle
    #[command(after_help = "Examples:
  siglite bundle create --artifact FILE --signature FILE.sig --key cosign.pub --ignore-tlog \\
      --out FILE.sigstore.json
  siglite bundle create --artifact FILE --bundle FILE.bundle --rekor-url http://log.example.org

The signature is verified before the bundle is written; who signed is for verify-blob to ask.")]
    Create(create::Args),
    /// Show what a bundle holds, piece by piece, without verifying it
    #[command(after_help = "Examples:
  siglite bundle inspect FILE.sigstore.json
  siglite bundle inspect FILE.sigstore.json --output json | jq .entries")]
    Inspect(inspect::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.verb {
        Verb::Create(args) => block_on(create::run(args, context)),
        Verb::Inspect(args) => inspect::run(args, context),
    }
}
