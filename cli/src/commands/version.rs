//! `siglite version`.

use serde_json::json;

use crate::commands::Context;
use crate::failure::Outcome;
use crate::render::OutputForm;

/// Print the version
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite version
  siglite version --output json")]
pub(crate) struct Args {
    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    match args.output {
        OutputForm::Text => context.screen().data(&format!("siglite {version}")),
        OutputForm::Json => context.screen().json(&json!({
            "version": version, "os": std::env::consts::OS, "arch": std::env::consts::ARCH,
        })),
    }
}
