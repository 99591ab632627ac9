//! `siglite log`: the transparency log, of either version, read and written with proofs.
//!
//! Read in this order: [`Args`] (the verbs), `place` (which log), `checkpoints` and `entry` (what
//! is believed, and why), `reader` (a log over the network), then a file for each verb.
//!
//! **Invariant:** nothing is printed that does not lead to a tree which a log of the trusted root
//! signed. What a search finds is no more than a hint where to look.

mod audit;
mod checkpoints;
mod entry;
#[cfg(test)]
mod made;
mod place;
mod read;
mod reader;
mod reindex;
mod search;
mod submission;
mod tail;
mod upload;
mod verify;

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;

use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::render::OutputForm;
use place::{Place, Tree};

/// Read, write and audit the transparency log, with proofs
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The log [default: the signing config's]
    #[arg(long, global = true, value_name = "URL")]
    rekor_url: Option<String>,

    /// The tree to work with: of API v1 or of API v2 [default: what the argument names, else v2]
    #[arg(long, global = true, value_name = "TREE")]
    tree: Option<Tree>,

    /// Where the log is [default: the instance's signing config]
    #[arg(long, global = true, value_name = "FILE")]
    signing_config: Option<PathBuf>,

    /// The keys to start from [default: the instance's trusted root]
    #[arg(long, global = true, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// What to print
    #[arg(long, short, global = true, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the log's newest signed checkpoint
    #[command(after_help = "Examples:
  siglite log info
  siglite log info --tree v1
  siglite log info --output json")]
    Info,
    /// Print an entry, after verifying that the log holds it
    #[command(after_help = "Examples:
  siglite log get 7
  siglite log get 7 --tree v1 --output json
  siglite log get 108e9186e8c5677a…        by the UUID of an entry of the v1 tree
  siglite log get 7 | jq .spec")]
    Get {
        /// The index of the entry, from 0, or its UUID
        #[arg(value_name = "INDEX|UUID")]
        entry: read::Named,
    },
    /// Print a proof, after verifying it
    Proof {
        #[command(subcommand)]
        proof: Proof,
    },
    /// Log a signature
    Upload(upload::Args),
    /// Find entries by what was signed, by whom, or with which key
    Search(search::Args),
    /// Verify that the log holds a signature
    Verify(verify::Args),
    /// Print the newest entries, and those that come
    Tail(tail::Args),
    /// Have the search index built again out of the log
    Reindex(reindex::Args),
    /// Audit the log: that it only grows, and serves the tree that it signed
    Audit(audit::Args),
}

#[derive(Debug, Subcommand)]
enum Proof {
    /// That the log holds an entry
    #[command(after_help = "Examples:
  siglite log proof inclusion 7
  siglite log proof inclusion 7 --tree-size 8 --output json")]
    Inclusion {
        /// The index of the entry, from 0
        index: u64,
        /// In the tree of this many entries [default: the newest]
        #[arg(long, value_name = "N")]
        tree_size: Option<u64>,
    },
    /// That the log has only grown
    #[command(after_help = "Examples:
  siglite log proof consistency 8               from 8 entries to the newest tree
  siglite log proof consistency 8 12 --output json")]
    Consistency {
        /// The size of the older tree
        old: u64,
        /// The size of the newer tree [default: the newest]
        new: Option<u64>,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if let Verb::Reindex(verb) = &args.verb {
        return reindex::run(verb, args.output, context);
    }
    block_on(told(args, context))
}

async fn told(args: &Args, context: &Context) -> Outcome {
    let place = Place::of(args, context)?;
    let said = match &args.verb {
        Verb::Info => read::info(&place).await?,
        Verb::Get { entry } => read::get(&place, entry).await?,
        Verb::Proof { proof: Proof::Inclusion { index, tree_size } } => {
            read::inclusion(&place, *index, *tree_size).await?
        }
        Verb::Proof { proof: Proof::Consistency { old, new } } => {
            read::consistency(&place, *old, *new).await?
        }
        Verb::Upload(verb) => upload::upload(verb, &place, *context.screen()).await?,
        Verb::Search(verb) => search::search(verb, &place, *context.screen()).await?,
        Verb::Verify(verb) => verify::told(verb, &place, *context.screen()).await?,
        Verb::Tail(verb) => return tail::tail(verb, &place, context).await,
        Verb::Audit(verb) => return audit::run(verb, &place, context).await,
        Verb::Reindex(verb) => return reindex::run(verb, args.output, context),
    };
    match args.output {
        OutputForm::Json => context.screen().json(&said.data)?,
        OutputForm::Text => context.screen().data(&said.text)?,
    }
    context.screen().done("Verified OK:", &said.words);
    Ok(())
}

/// What a verb prints: the same for programs and for people, and the verdict in words.
struct Said {
    data: Value,
    text: String,
    words: String,
}

impl Args {
    /// The tree that the verb's argument names, where it does.
    fn named_tree(&self) -> Option<Tree> {
        match &self.verb {
            Verb::Get { entry: read::Named::Uuid(_) } => Some(Tree::V1),
            Verb::Verify(verb) => verb.named_tree(),
            _ => None,
        }
    }
}
