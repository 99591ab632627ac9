//! `siglite exit-codes`: the verdicts a script can tell apart.

use serde_json::json;

use crate::commands::Context;
use crate::exit::{self, Exit};
use crate::failure::Outcome;
use crate::render::OutputForm;

/// Print what the exit codes mean
#[derive(Debug, clap::Args)]
#[command(after_help = format!("Exit codes:\n{}\nExamples:
  siglite verify-blob FILE --certificate-identity-regexp '.*@example\\.org' \\
      --certificate-oidc-issuer http://localhost:7070/oidc || echo \"refused with $?\"
  siglite exit-codes --output json", exit::table()))]
pub(crate) struct Args {
    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match args.output {
        OutputForm::Text => context.screen().data(&exit::table()),
        OutputForm::Json => {
            let codes: Vec<_> = Exit::ALL
                .iter()
                .map(|exit| {
                    json!({"code": exit.code(), "exit": exit.word(), "meaning": exit.meaning()})
                })
                .collect();
            context.screen().json(&codes.into())
        }
    }
}
