//! `siglite`: Sigstore in one binary, offline.
//!
//! Read in this order: [`args`] (the table of contents of the command line), one file of
//! [`commands`] (what a command does), [`sign`] and [`verify`] (the two stories),
//! [`client`] (the servers as this program meets them), [`instance`] (which servers, and how
//! they are trusted), [`seal`] (a run that cannot reach any), [`keys`] (what `--key` names), [`exit`] and [`render`] (what a run says at its end).
//!
//! **Invariant:** data goes to standard output, words to standard error, and the exit code is the
//! verdict.
//!
//! **Invariant:** nothing a server answered is written to a file or printed as a result before it
//! was verified against the trusted root.

mod ambient;
mod args;
mod artifact;
mod attached;
mod client;
mod commands;
mod errors;
mod exit;
mod failure;
mod files;
mod flags;
mod instance;
mod keys;
mod local_ca;
mod login;
mod predicate;
mod prompt;
mod registry_flags;
mod registry_words;
mod render;
mod seal;
mod sign;
mod specs;
mod surroundings;
mod token;
mod trust;
mod up;
mod verify;
mod web_page;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = args::Cli::from_process();
    let screen = render::Screen::new(cli.globals.color, cli.globals.quiet);
    let outcome = catch_unwind(AssertUnwindSafe(|| commands::run(cli, screen)));
    match outcome.unwrap_or_else(|_| Err(commands::fault())) {
        Ok(()) => exit::Exit::Ok.into(),
        Err(failure) => {
            screen.failure(&failure);
            failure.exit.into()
        }
    }
}
