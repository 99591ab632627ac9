//! `siglite completions`: what a shell reads to complete our commands.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite completions bash > ~/.local/share/bash-completion/completions/siglite
  siglite completions fish > ~/.config/fish/completions/siglite.fish
  siglite completions zsh > \"${fpath[1]}/_siglite\"")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "siglite", &mut script);
    let script = String::from_utf8(script).map_err(|error| {
        Failure::new(Exit::Internal, "the completion script is not text").because(&error)
    })?;
    context.screen().data(&script)
}
