//! `siglite explain`: what a refusal means, from the pages that are part of the program.

use serde_json::json;

use crate::commands::Context;
use crate::errors::{self, PAGES};
use crate::failure::{Failure, Outcome};
use crate::render::OutputForm;

/// Explain why something was refused
///
/// Every refusal has a code, the reason. This prints what one means, what was checked, what helps, and
/// what an attacker could have done; without a code, all of them. It asks nobody.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite explain                       all codes, a line each
  siglite explain identity-mismatch
  siglite verify-blob FILE --key cosign.pub --explain
                                        every step of one verification")]
pub(crate) struct Args {
    /// The code, as a refusal names it
    #[arg(value_name = "CODE")]
    code: Option<String>,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.code {
        None => list(args.output, context),
        Some(code) => explain(code, args.output, context),
    }
}

fn list(output: OutputForm, context: &Context) -> Outcome {
    let rows = PAGES.iter().map(|page| (page.code, errors::message(page.code).unwrap_or_default()));
    match output {
        OutputForm::Text => {
            let width = PAGES.iter().map(|page| page.code.len()).max().unwrap_or(0) + 2;
            let lines: Vec<String> =
                rows.map(|(code, message)| format!("{code:width$}{message}")).collect();
            context.screen().data(&lines.join("\n"))
        }
        OutputForm::Json => {
            let codes: Vec<_> =
                rows.map(|(code, message)| json!({ "reason": code, "message": message })).collect();
            context.screen().json(&codes.into())
        }
    }
}

fn explain(code: &str, output: OutputForm, context: &Context) -> Outcome {
    let Some(page) = errors::page(code) else {
        let near = errors::near(code);
        let failure = Failure::usage(format!("no refusal has the code {code}"));
        return Err(match near.as_slice() {
            [] => failure.hint("siglite explain lists all of them"),
            [first, ..] => failure
                .note("near", near.join(", "))
                .hint(format!("siglite explain {first}; siglite explain lists all of them")),
        });
    };
    match output {
        OutputForm::Text => context.screen().data(page.text),
        OutputForm::Json => context.screen().json(&json!({
            "reason": page.code,
            "message": errors::message(page.code),
            "page": page.text,
        })),
    }
}
