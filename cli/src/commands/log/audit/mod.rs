//! `siglite log audit`: that a log only grows, and serves the tree that it signed.
//!
//! Read in this order: [`run`], `round` (one look at the log, from bundles to findings),
//! `derivation` (the tree made again, twice) with `second` (by another library), `memory` (the
//! checkpoint that the next audit begins with), `watch` (who is looked for).

mod derivation;
mod memory;
mod round;
mod second;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::place::Place;
use super::tail::grown;
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::render::OutputForm;
use memory::Memory;
use round::{Audit, Round};
use watch::Watch;

/// Audit the log: that it only grows, and serves the tree that it signed
///
/// Reads every entry, makes the tree again out of them, twice and by independent code, and compares
/// each tile of each level and the root with what the log serves and has signed. The newest
/// checkpoint is remembered, and the next audit holds the log to it. Whatever the size of the log, one
/// entry bundle (17 MB at most) and two megabytes of tiles are in memory at a time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite log audit
  siglite log audit --tree v1
  siglite log audit --watch alice@example.org --watch https://ci.example.org/job
  siglite log audit --follow --interval 60 --output json
  siglite log audit --rekor-url URL --trusted-root trusted_root.json --state rekor.checkpoint.json

What is remembered is the client's: whoever deletes it makes the next audit a first one.

Exit codes: 0 all is as it was signed, 1 it is not, 20 it is and the log has new entries of somebody
who is watched; siglite exit-codes shows all.")]
pub(super) struct Args {
    /// Report new entries of this identity; repeat for more
    #[arg(long, value_name = "EMAIL|URI")]
    watch: Vec<String>,

    /// Where the newest checkpoint is remembered [default: in the instance's client folder]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Go on with what comes, until Ctrl-C or until something is wrong
    #[arg(long)]
    follow: bool,

    /// How often to look for more
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    interval: u64,
}

pub(super) async fn run(args: &Args, place: &Place, context: &Context) -> Outcome {
    let watch = Watch::new(&args.watch);
    let mut reader = place.open().await?;
    let memory = Memory::of(args.state.as_deref(), reader.signed(), context)?;
    // (1) The log is held to what it signed before, while the proof is all that it costs.
    let remembered = memory.read(place)?;
    if let Some(before) = &remembered {
        reader.extends(before).await?;
    }
    let mut audit = Audit::new(remembered.map(|before| before.checkpoint));
    loop {
        // (2) Every entry and every tile of it is looked at, those that were not yet.
        let round = audit.round(&mut reader, &watch).await?;
        if round.is_news() || !args.follow {
            show(&round, place, context)?;
        }
        if let Some(failure) = round.failure(&place.log.url) {
            return Err(failure);
        }
        // (3) Only a tree that was found good is remembered.
        if round.is_news() || !args.follow {
            memory.write(reader.signed(), context.clock().now())?;
        }
        if !args.follow {
            context.screen().done("Verified OK:", &round.sentence());
            return watched(&round);
        }
        tokio::time::sleep(Duration::from_secs(args.interval)).await;
        let newer = place.open().await;
        match newer {
            Ok(newer) => reader = grown(reader, newer).await?,
            // It may be restarting; whoever watches it wants to watch on.
            Err(failure) if failure.exit == Exit::Instance => {
                context.screen().warn(&format!("{}: tried again", failure.sentence));
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn show(round: &Round, place: &Place, context: &Context) -> Outcome {
    let mut data = round.json();
    data["log"] = json!(place.log.url);
    match place.output {
        OutputForm::Json => context.screen().data(&data.to_string()),
        OutputForm::Text => context.screen().data(&round.lines()),
    }
}

/// The verdict about who was looked for, where all else is good.
fn watched(round: &Round) -> Outcome {
    let Some(first) = round.watched.first() else { return Ok(()) };
    let sentence = match round.watched.len() {
        1 => "the log has a new entry of somebody who is watched".to_owned(),
        many => format!("the log has {many} new entries of somebody who is watched"),
    };
    Err(Failure::new(Exit::Watched, sentence)
        .note("first", format!("entry {} of {}", first.index, first.who))
        .hint("was it they? siglite log get INDEX shows an entry"))
}

#[cfg(test)]
#[path = "../audit_tests.rs"]
mod tests;
