//! `siglite bundle`: bundles from older pieces, and what a bundle holds.

mod create;
mod pieces;

use std::path::PathBuf;

use clap::Subcommand;

use crate::commands::{Context, block_on, inspect};
use crate::failure::Outcome;
use crate::render::OutputForm;

/// Make a bundle of older pieces, or show what one holds
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it lives as long as the run")]
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
  siglite inspect FILE.sigstore.json             the same, for every kind of document")]
    Inspect {
        /// The bundle; - for standard input
        #[arg(value_name = "FILE")]
        bundle: PathBuf,

        /// What to print
        #[arg(long, short, value_name = "FORM", default_value = "text")]
        output: OutputForm,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.verb {
        Verb::Create(args) => block_on(create::run(args, context)),
        Verb::Inspect { bundle, output } => inspect::of_file(bundle, *output, context),
    }
}
