//! `siglite image make`: an image without a daemon.

use std::path::PathBuf;

use lite_images::copy::Options;
use lite_images::layout::Layout;
use lite_images::make::{self as maker, Ingredients};
use lite_oci::Platform;
use serde_json::json;

use super::place::Place;
use super::told::make_told;
use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::registry_flags::RegistryFlags;
use crate::registry_words::Told as _;
use crate::render::OutputForm;

/// Make an image out of a message, a file or a folder
///
/// Without --from the image holds one program of a few dozen bytes that prints a message: something
/// to sign, and something that runs. The same ingredients make the same digest, anywhere.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite image make localhost:7070/hello:1
  siglite image make localhost:7070/hello:2 --message 'hello, class' \\
      --platform linux/amd64,linux/arm64
  siglite image make oci:site --from public/             a folder
  siglite image make docker-archive:tool.tar --from ./tool && docker load -i tool.tar")]
pub(super) struct Args {
    /// Where the image goes
    #[arg(value_name = "NAME")]
    to: Place,

    /// What it holds: a folder's content, or a file, which is run
    #[arg(long, value_name = "DIR|FILE", conflicts_with = "message")]
    from: Option<PathBuf>,

    /// What its program prints
    #[arg(long, value_name = "TEXT", default_value = "Hello from an image that siglite made.")]
    message: String,

    /// Which machines it is for; several make an image of several
    #[arg(long, value_name = "OS/ARCH", value_delimiter = ',', default_value = "linux/amd64")]
    platform: Vec<Platform>,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(make(args, context))
}

async fn make(args: &Args, context: &Context) -> Outcome {
    let session = args.registry.session(context)?;
    let ingredients = match &args.from {
        Some(path) => Ingredients::Path(path.clone()),
        None => Ingredients::Message(format!("{}\n", args.message.trim_end_matches('\n'))),
    };
    let scratch = tempfile::tempdir().map_err(|error| {
        Failure::new(Exit::Usage, "there is no place for temporary files").because(&error)
    })?;
    let folder = scratch.path().join("image");
    let layout = Layout::open_or_create(&folder).told()?;
    maker::make(&layout, &ingredients, &args.platform, None).map_err(|error| make_told(&error))?;
    let source = Place::Layout(folder, None).open(&session)?;
    let name = match &args.to {
        Place::Registry(reference) => Some(reference.to_string()),
        _ => None,
    };
    let here = source.repository.clone();
    let options = Options::default();
    let made = args.to.receive(&source, &here, &session, &options, name.as_deref()).await?;
    let digest = made.image.digest.as_str();
    let by_digest = match &args.to {
        Place::Registry(reference) => reference.with_digest(made.image.digest.clone()).to_string(),
        _ => digest.to_owned(),
    };
    match args.output {
        OutputForm::Text => context.screen().data(&by_digest)?,
        OutputForm::Json => context.screen().json(&json!({
            "name": args.to.to_string(),
            "reference": by_digest,
            "digest": digest,
            "mediaType": made.image.media_type,
            "platforms": args.platform.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }))?,
    }
    context.screen().done("Made", &args.to.to_string());
    Ok(())
}
