//! `siglite copy`: an image with everything that is attached to it, as cosign copies it.

use clap::ValueEnum;
use lite_images::copy::{self, Options};
use lite_oci::signatures::Attached;
use lite_oci::{Platform, Reference};
use serde_json::json;

use super::place::Place;
use super::progress::Progress;
use super::told::copy_told;
use crate::commands::{Context, block_on};
use crate::failure::{Failure, Outcome};
use crate::registry_flags::{RegistryFlags, signature_repository};
use crate::registry_words::Told as _;
use crate::render::OutputForm;

/// Copy an image with its signatures, attestations and bills of materials
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite copy localhost:7070/app:1 other.example/app:1
  siglite copy localhost:7070/app:1 other.example/app:1 --only sig,att
  siglite copy localhost:7070/app:1 other.example/app:1 --platform linux/amd64 -f")]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "SOURCE")]
    from: Reference,

    /// Where it goes
    #[arg(value_name = "DESTINATION")]
    to: Reference,

    /// Only what is attached, and of that only these: the image itself is not copied
    #[arg(long, value_name = "sig,att,sbom", value_delimiter = ',')]
    only: Vec<Only>,

    /// Overwrite another image under the destination's tag
    #[arg(long, short)]
    force: bool,

    /// Only the image for this platform, and what is attached to it
    #[arg(long, value_name = "OS/ARCH", conflicts_with = "only")]
    platform: Option<Platform>,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Signatures.
    #[value(alias = "sign")]
    Sig,
    /// Attestations.
    Att,
    /// Bills of materials.
    Sbom,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(copy_all(args, context))
}

async fn copy_all(args: &Args, context: &Context) -> Outcome {
    let session = args.registry.session(context)?;
    let source = Place::Registry(args.from.clone()).open(&session)?;
    let found = source.repository.require(&source.target).await.told()?;
    let attached = session.repository(&signature_repository(&args.from, context.env())?);
    let to = session.repository(&args.to);
    let progress = Progress::new(*context.screen());
    let wants = |only: Only| args.only.is_empty() || args.only.contains(&only);
    let tags = [
        (Only::Sig, Attached::Signatures),
        (Only::Att, Attached::Attestations),
        (Only::Sbom, Attached::Sbom),
    ];
    let options = Options {
        platforms: args.platform.iter().cloned().collect(),
        attached: tags.into_iter().filter(|(only, _)| wants(*only)).map(|(_, tag)| tag).collect(),
        // Bundles are signatures or attestations; which, only reading them would tell.
        referrers: wants(Only::Sig) || wants(Only::Att),
        on_event: progress.events(),
    };
    let (digest, count) = if args.only.is_empty() {
        if !args.force && args.platform.is_none() {
            refuse_other(&to, &args.to, &found.digest).await?;
        }
        let place = Place::Registry(args.to.clone());
        let copied = place.receive(&source, &attached, &session, &options, None).await?;
        (copied.image.digest, copied.attached)
    } else {
        let count = copy::copy_attached(&attached, &found.digest, &to, &options).await;
        (found.digest.clone(), count.map_err(|error| copy_told(&error))?)
    };
    drop(progress);
    match args.output {
        OutputForm::Text => context.screen().data(&args.to.with_digest(digest).to_string())?,
        OutputForm::Json => context.screen().json(&json!({
            "from": args.from.to_string(),
            "to": args.to.to_string(),
            "digest": digest.as_str(),
            "attached": count,
        }))?,
    }
    let words = format!("{} to {}, with {count} attachments", args.from, args.to);
    context.screen().done("Copied", &words);
    Ok(())
}

async fn refuse_other(
    to: &lite_images::Repository,
    name: &Reference,
    digest: &lite_oci::Digest,
) -> Outcome {
    match to.head(&name.target()).await.told()? {
        Some(there) if there.digest != *digest => {
            Err(Failure::usage(format!("{name} is another image"))
                .note("there", there.digest.to_string())
                .note("copied", digest.to_string())
                .hint("--force overwrites it"))
        }
        _ => Ok(()),
    }
}
