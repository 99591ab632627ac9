//! `siglite load`: what `siglite save` or `cosign save` put into a folder, to a registry.

use std::path::PathBuf;

use lite_images::copy::{self, Options};
use lite_oci::Reference;
use serde_json::json;

use super::place::Place;
use super::progress::Progress;
use super::told::copy_told;
use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::registry_flags::RegistryFlags;
use crate::render::OutputForm;

/// Load a saved image with everything that is attached to it into a registry
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite load localhost:7070/app:1 --dir app
  siglite load localhost:7070/app:2 --dir all --output json")]
pub(crate) struct Args {
    /// What it is called there
    #[arg(value_name = "IMAGE")]
    image: Reference,

    /// The folder
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(load(args, context))
}

async fn load(args: &Args, context: &Context) -> Outcome {
    let session = args.registry.session(context)?;
    // Of several images the one that was saved under the tag; the only one otherwise.
    let only = Place::Layout(args.dir.clone(), None).open(&session);
    let source = match (only, args.image.tag()) {
        (Ok(source), _) => source,
        (Err(_), Some(tag)) => Place::Layout(args.dir.clone(), Some(tag.clone())).open(&session)?,
        (Err(failure), None) => return Err(failure),
    };
    let to = session.repository(&args.image);
    let progress = Progress::new(*context.screen());
    let options = Options::everything(progress.events());
    let from = &source.repository;
    let name = args.image.target();
    let copied = copy::copy(from, &source.target, from, &to, Some(&name), &options).await;
    let copied = copied.map_err(|error| copy_told(&error))?;
    drop(progress);
    let by_digest = args.image.with_digest(copied.image.digest.clone()).to_string();
    match args.output {
        OutputForm::Text => context.screen().data(&by_digest)?,
        OutputForm::Json => context.screen().json(&json!({
            "image": args.image.to_string(),
            "digest": copied.image.digest.as_str(),
            "attached": copied.attached,
        }))?,
    }
    let words = format!("{}, with {} attachments", args.image, copied.attached);
    context.screen().done("Loaded", &words);
    Ok(())
}
