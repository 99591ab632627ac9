//! `siglite save`: an image with its signatures into a folder, for machines without a network.

use std::path::PathBuf;

use lite_images::Repository;
use lite_images::copy::{self, Options};
use lite_images::layout::Layout;
use lite_oci::Reference;
use serde_json::json;

use super::progress::Progress;
use super::told::copy_told;
use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::registry_flags::{RegistryFlags, signature_repository};
use crate::registry_words::Told as _;
use crate::render::OutputForm;

/// Save an image with everything that is attached to it into a folder
///
/// The folder is an OCI image layout that lists its signatures, so that oras and skopeo carry them
/// along; cosign reads it as well.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite save localhost:7070/app:1 --dir app
  siglite load other.example/app:1 --dir app
  siglite image list --help                               to look into registries")]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: Reference,

    /// The folder; it is made, or holds images already
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(save(args, context))
}

async fn save(args: &Args, context: &Context) -> Outcome {
    let session = args.registry.session(context)?;
    let from = session.repository(&args.image);
    let attached = session.repository(&signature_repository(&args.image, context.env())?);
    let target = args.image.target();
    // Before a folder is made for an image that is not there.
    from.require(&target).await.told()?;
    let layout = Layout::open_or_create(&args.dir).told()?;
    let to = Repository::Layout(layout.clone());
    let progress = Progress::new(*context.screen());
    let options = Options::everything(progress.events());
    let copied = copy::copy(&from, &target, &attached, &to, Some(&target), &options).await;
    let copied = copied.map_err(|error| copy_told(&error))?;
    layout.mark_image(&copied.image.digest).told()?;
    drop(progress);
    let folder = args.dir.display().to_string();
    match args.output {
        OutputForm::Text => context.screen().data(copied.image.digest.as_str())?,
        OutputForm::Json => context.screen().json(&json!({
            "image": args.image.to_string(),
            "dir": folder,
            "digest": copied.image.digest.as_str(),
            "attached": copied.attached,
        }))?,
    }
    let words = format!("{} to {folder}, with {} attachments", args.image, copied.attached);
    context.screen().done("Saved", &words);
    Ok(())
}
