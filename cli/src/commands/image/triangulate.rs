//! `siglite triangulate`: the name under which something belongs to an image.

use clap::ValueEnum;
use lite_oci::Reference;
use lite_oci::signatures::Attached;
use serde_json::json;

use super::attached::locate;
use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::registry_flags::RegistryFlags;
use crate::render::OutputForm;

/// Print where signatures of the older format, attestations or bills of materials of an image are
///
/// The name says where they would be; whether they are there siglite tree shows. Bundles have no
/// such name: they refer to the image.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite triangulate localhost:7070/app:1
  siglite triangulate localhost:7070/app:1 --type digest
  siglite triangulate localhost:7070/app:1 --type attestation --output json")]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: Reference,

    /// What to find
    #[arg(long = "type", value_name = "TYPE", default_value = "signature")]
    kind: Kind,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Signature,
    Attestation,
    Sbom,
    Digest,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(triangulate(args, context))
}

async fn triangulate(args: &Args, context: &Context) -> Outcome {
    let located = locate(&args.image, None, &args.registry, context).await?;
    let digest = &located.image.digest;
    let tagged = |attached: Attached| located.attached_reference.with_tag(attached.tag(digest));
    let found = match args.kind {
        Kind::Signature => tagged(Attached::Signatures),
        Kind::Attestation => tagged(Attached::Attestations),
        Kind::Sbom => tagged(Attached::Sbom),
        Kind::Digest => located.reference.with_digest(digest.clone()),
    };
    match args.output {
        OutputForm::Text => context.screen().data(&found.to_string()),
        OutputForm::Json => context.screen().json(&json!({
            "image": args.image.to_string(),
            "reference": found.to_string(),
        })),
    }
}
