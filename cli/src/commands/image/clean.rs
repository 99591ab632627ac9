//! `siglite clean`: what is attached to an image, taken away again.

use clap::ValueEnum;
use lite_oci::signatures::Attached;
use lite_oci::{Reference, Target};
use serde_json::json;

use super::attached::{Located, locate};
use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::prompt;
use crate::registry_flags::RegistryFlags;
use crate::registry_words::Told as _;
use crate::render::OutputForm;

/// Delete what is attached to an image; the image stays
///
/// A signature in the log stays there: cleaning takes away what a verifier finds, not what was
/// signed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite clean localhost:7070/app:1                        asks first
  siglite clean localhost:7070/app:1 --type signature -f
  siglite clean localhost:7070/app:1 --type sbom -y --output json")]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: Reference,

    /// What to delete: of bundles, `signature` and `attestation` take those that are such, and
    /// `referrer` all that refers to the image
    #[arg(long = "type", value_name = "TYPE", default_value = "all")]
    kind: Kind,

    /// Do not ask
    #[arg(long, short, alias = "yes", short_alias = 'y')]
    force: bool,

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
    Referrer,
    All,
}

impl Kind {
    /// The tags of cosign's older formats.
    const fn tags(self) -> &'static [Attached] {
        match self {
            Self::Signature => &[Attached::Signatures],
            Self::Attestation => &[Attached::Attestations],
            Self::Sbom => &[Attached::Sbom],
            Self::Referrer => &[],
            Self::All => &Attached::ALL,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Signature => "all signatures",
            Self::Attestation => "all attestations",
            Self::Sbom => "its bill of materials",
            Self::Referrer => "everything that refers to it",
            Self::All => "everything that is attached",
        }
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(clean(args, context))
}

async fn clean(args: &Args, context: &Context) -> Outcome {
    let located = locate(&args.image, None, &args.registry, context).await?;
    let question = format!("This deletes {} from {}. Go on? [y/N]", args.kind.word(), args.image);
    if !args.force && !prompt::agreed(&question, *context.screen())? {
        context.screen().say("Nothing was deleted.");
        return Ok(());
    }
    let deleted = delete(args.kind, &located).await?;
    match args.output {
        OutputForm::Json => context.screen().json(&json!({"deleted": deleted}))?,
        OutputForm::Text if deleted.is_empty() => {
            context.screen().say("There was nothing to delete.");
        }
        OutputForm::Text => context.screen().data(&deleted.join("\n"))?,
    }
    Ok(())
}

async fn delete(kind: Kind, located: &Located) -> Outcome<Vec<String>> {
    let mut deleted = Vec::new();
    let image = &located.image.digest;
    for attached in kind.tags() {
        let tag = attached.tag(image);
        if located.attached.delete(&Target::Tag(tag.clone())).await.told()? {
            deleted.push(located.attached_reference.with_tag(tag).to_string());
        }
    }
    for referrer in located.referrers().await? {
        let digest = referrer.digest.clone();
        let meant = match kind {
            Kind::Referrer | Kind::All => true,
            Kind::Sbom => false,
            Kind::Signature | Kind::Attestation => located
                .bundle(referrer)
                .await?
                .is_some_and(|bundle| bundle.is_signature() == (kind == Kind::Signature)),
        };
        if meant && located.attached.delete_referrer(image, &digest).await.told()? {
            deleted.push(located.attached_reference.with_digest(digest).to_string());
        }
    }
    Ok(deleted)
}
