//! Images and what is attached to them: `siglite image …`, and cosign's commands about the same.
//!
//! Read in this order: [`place`] (how a place is written and opened), [`told`] (what goes wrong, in
//! words), [`progress`], then the commands: `make`, `transfer` (push, pull, copy), `list`,
//! `inspect`; [`copy`], [`save`], [`load`], [`tree`], [`triangulate`], [`clean`], [`attach`],
//! [`download`], [`login`] are cosign's.

pub(crate) mod attach;
pub(crate) mod attached;
pub(crate) mod clean;
pub(crate) mod copy;
pub(crate) mod download;
mod inspect;
mod list;
pub(crate) mod load;
pub(crate) mod login;
mod make;
pub(crate) mod place;
pub(crate) mod progress;
pub(crate) mod save;
pub(crate) mod told;
mod transfer;
pub(crate) mod tree;
pub(crate) mod triangulate;

use clap::Subcommand;

use crate::commands::Context;
use crate::failure::Outcome;

/// Make, move and look at images, without a daemon
///
/// A place is a reference of a registry (HOST/NAME:TAG), a folder in OCI's image layout
/// (oci:DIR:TAG), or an archive as docker save writes it (docker-archive:FILE). A path that
/// exists needs no prefix.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make an image out of a message, a file or a folder
    Make(make::Args),
    /// Push an image from a folder or an archive to a registry
    Push(transfer::Args),
    /// Pull an image from a registry into a folder or an archive
    Pull(transfer::Args),
    /// Copy an image from any place to any other
    Copy(transfer::Args),
    /// List the repositories of a registry, or the tags of a repository
    List(list::Args),
    /// Show what an image is: digest, platforms, configuration, layers
    Inspect(inspect::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match &args.verb {
        Verb::Make(args) => make::run(args, context),
        Verb::Push(args) | Verb::Pull(args) | Verb::Copy(args) => transfer::run(args, context),
        Verb::List(args) => list::run(args, context),
        Verb::Inspect(args) => inspect::run(args, context),
    }
}
