//! `siglite log tail`: the newest entries, and those that come.

use std::time::Duration;

use super::place::Place;
use super::reader::LogReader;
use crate::commands::Context;
use crate::failure::Outcome;
use crate::render::{OutputForm, Screen};

/// Print the newest entries, and those that come
///
/// Each entry is proven before it is printed. With --follow each new checkpoint is held to the one
/// before: a log that takes something back ends the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite log tail
  siglite log tail -n 3 --follow
  siglite log tail --follow --output json | jq -c .body
  siglite log tail --tree v1 -n 1")]
pub(super) struct Args {
    /// How many entries to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    lines: u64,

    /// Go on with the entries that come, until Ctrl-C
    #[arg(long, short)]
    follow: bool,

    /// How often to look for more
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    interval: u64,
}

pub(super) async fn tail(args: &Args, place: &Place, context: &Context) -> Outcome {
    let mut reader = place.open().await?;
    let mut printed = reader.checkpoint().size.saturating_sub(args.lines);
    loop {
        printed = print(&mut reader, printed, place.output, *context.screen()).await?;
        if !args.follow {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(args.interval)).await;
        let newer = place.open().await;
        reader = grown(reader, newer?).await?;
    }
}

/// The log at its newest checkpoint, which must extend the one before.
pub(super) async fn grown(before: LogReader, mut newer: LogReader) -> Outcome<LogReader> {
    newer.extends(before.signed()).await?;
    // What was fetched before is still good, and the same tree needs nothing new.
    Ok(if newer.checkpoint() == before.checkpoint() { before } else { newer })
}

/// Prints the entries from here to the end of the tree; where that is.
async fn print(
    reader: &mut LogReader,
    from: u64,
    output: OutputForm,
    screen: Screen,
) -> Outcome<u64> {
    let size = reader.checkpoint().size;
    for index in from..size {
        let entry = reader.entry(index).await?;
        match output {
            OutputForm::Text => screen.data(&entry.line())?,
            // One document a line: there is no end to wait for.
            OutputForm::Json => screen.data(&entry.json().to_string())?,
        }
    }
    Ok(size)
}
