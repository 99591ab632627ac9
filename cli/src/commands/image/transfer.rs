//! `siglite image push`, `pull` and `copy`: one story, three names.

use lite_images::copy::Options;
use lite_oci::{Platform, signatures::Attached};
use serde_json::json;

use super::place::Place;
use super::progress::Progress;
use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::registry_flags::RegistryFlags;
use crate::render::OutputForm;

/// Move an image from one place to another
///
/// Nothing that the destination has already travels again, and nothing is named there before
/// everything it names has arrived.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite image push oci:build localhost:7070/app:1
  siglite image push app.tar localhost:7070/app:1       what docker save wrote
  siglite image pull localhost:7070/app:1 oci:app
  siglite image pull localhost:7070/app:1 docker-archive:app.tar && docker load -i app.tar
  siglite image copy localhost:7070/app:1 other.example/app:1 --all
  siglite image copy localhost:7070/app:1 oci:app --platform linux/arm64")]
pub(super) struct Args {
    /// Where the image is
    #[arg(value_name = "FROM")]
    from: Place,

    /// Where it goes
    #[arg(value_name = "TO")]
    to: Place,

    /// Only these platforms of an image for several
    #[arg(long, value_name = "OS/ARCH", value_delimiter = ',')]
    platform: Vec<Platform>,

    /// Take signatures, attestations and whatever else is attached along
    #[arg(long)]
    all: bool,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(transfer(args, context))
}

async fn transfer(args: &Args, context: &Context) -> Outcome {
    let session = args.registry.session(context)?;
    let source = args.from.open(&session)?;
    let progress = Progress::new(*context.screen());
    let options = Options {
        platforms: args.platform.clone(),
        attached: if args.all { Attached::ALL.to_vec() } else { Vec::new() },
        referrers: args.all,
        on_event: progress.events(),
    };
    let name = match &args.from {
        Place::Registry(reference) => Some(reference.to_string()),
        _ => None,
    };
    let attached = source.repository.clone();
    let copied = args.to.receive(&source, &attached, &session, &options, name.as_deref()).await?;
    drop(progress);
    let digest = copied.image.digest.as_str();
    match args.output {
        OutputForm::Text => context.screen().data(digest)?,
        OutputForm::Json => context.screen().json(&json!({
            "from": args.from.to_string(),
            "to": args.to.to_string(),
            "digest": digest,
            "mediaType": copied.image.media_type,
            "size": copied.image.size,
            "attached": copied.attached,
        }))?,
    }
    context.screen().done("Copied", &format!("{} to {}", args.from, args.to));
    Ok(())
}
