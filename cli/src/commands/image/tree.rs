//! `siglite tree`: what belongs to an image, in cosign's form.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lite_oci::signatures::{self, Attached};
use lite_oci::{Descriptor, Manifest, Reference, Target};
use serde_json::{Value, json};

use super::attached::{Located, locate};
use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::registry_flags::RegistryFlags;
use crate::registry_words::Told as _;
use crate::render::OutputForm;

/// Show what belongs to an image: signatures, attestations, bills of materials
///
/// Who signed is what the bundle says; nothing is verified here.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite tree localhost:7070/app:1
  siglite tree localhost:7070/app:1 --output json
  COSIGN_REPOSITORY=localhost:7070/signatures siglite tree localhost:7070/app:1")]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: Reference,

    /// What to print
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

/// Something that belongs to the image.
struct Branch {
    /// How cosign calls it.
    title: String,
    /// Where it is.
    reference: String,
    leaves: Vec<Leaf>,
    json: Value,
}

struct Leaf {
    digest: String,
    signer: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(tree(args, context))
}

async fn tree(args: &Args, context: &Context) -> Outcome {
    let located = locate(&args.image, None, &args.registry, context).await?;
    let mut branches = Vec::new();
    for attached in [Attached::Attestations, Attached::Signatures, Attached::Sbom] {
        branches.extend(by_tag(&located, attached).await?);
    }
    branches.extend(by_referrer(&located).await?);
    let image = &args.image;
    if args.output == OutputForm::Json {
        let all: Vec<Value> = branches.into_iter().map(|branch| branch.json).collect();
        return context.screen().json(&json!({
            "image": image.to_string(),
            "digest": located.image.digest.as_str(),
            "attached": all,
        }));
    }
    let mut text = format!("📦 Supply Chain Security Related artifacts for an image: {image}\n");
    if branches.is_empty() {
        let _ =
            writeln!(text, "No Supply Chain Security Related Artifacts found for image {image},");
        let _ = writeln!(text, " start creating one with simply running $ siglite sign <img>");
    }
    for Branch { title, reference, leaves, .. } in &branches {
        let _ = writeln!(text, "└── {title}: {reference}");
        for leaf in leaves {
            let _ = write!(text, "   └── 🍒 {}", leaf.digest);
            let _ = leaf.signer.iter().try_for_each(|signer| write!(text, "  by {signer}"));
            text.push('\n');
        }
    }
    context.screen().data(&text)
}

async fn by_tag(located: &Located, attached: Attached) -> Outcome<Option<Branch>> {
    let tag = attached.tag(&located.image.digest);
    let target = Target::Tag(tag.clone());
    let Some(found) = located.attached.manifest(&target).await.told()? else { return Ok(None) };
    let Manifest::Image(image) = found.parse().told()? else { return Ok(None) };
    let (title, kind) = match attached {
        Attached::Signatures => ("🔐 Signatures for an image tag", "signatures"),
        Attached::Attestations => ("💾 Attestations for an image tag", "attestations"),
        Attached::Sbom => ("📦 SBOMs for an image tag", "sbom"),
    };
    let reference = located.attached_reference.with_tag(tag).to_string();
    let layers: Vec<&Descriptor> = image.layers.iter().collect();
    let json = json!({
        "kind": kind,
        "tag": reference,
        "digest": found.digest.as_str(),
        "layers": layers,
    });
    let leaves = layers.iter().map(|layer| Leaf { digest: layer.digest.to_string(), signer: None });
    Ok(Some(Branch { title: title.to_owned(), reference, leaves: leaves.collect(), json }))
}

async fn by_referrer(located: &Located) -> Outcome<Vec<Branch>> {
    // In the order of what they are, as cosign lists them.
    let mut branches = BTreeMap::new();
    for referrer in located.referrers().await? {
        let reference = located.attached_reference.with_digest(referrer.digest.clone()).to_string();
        let kind = referrer.artifact_type.clone().unwrap_or_default();
        let noted = referrer.annotations.get(signatures::BUNDLE_PREDICATE_TYPE).cloned();
        let bundle = located.bundle(referrer.clone()).await?;
        let (leaves, signer, stated) = match bundle {
            Some(bundle) => {
                let digest = bundle.layer.digest.to_string();
                let signer = bundle.signer.clone();
                (vec![Leaf { digest, signer: signer.clone() }], signer, bundle.predicate_type)
            }
            None => (layers(located, &referrer).await?, None, None),
        };
        let what = stated.or(noted).unwrap_or_else(|| kind.clone());
        let json = json!({
            "kind": "referrer",
            "digest": referrer.digest.as_str(),
            "artifactType": kind,
            "predicateType": what,
            "signer": signer,
            "annotations": referrer.annotations,
        });
        let title = format!("🔗 {what} artifacts via OCI referrer");
        branches.insert((what, reference.clone()), Branch { title, reference, leaves, json });
    }
    Ok(branches.into_values().collect())
}

async fn layers(located: &Located, referrer: &Descriptor) -> Outcome<Vec<Leaf>> {
    let target = Target::Digest(referrer.digest.clone());
    let Some(found) = located.attached.manifest(&target).await.told()? else {
        return Ok(Vec::new());
    };
    let Manifest::Image(image) = found.parse().told()? else { return Ok(Vec::new()) };
    let leaf = |layer: &Descriptor| Leaf { digest: layer.digest.to_string(), signer: None };
    Ok(image.layers.iter().map(leaf).collect())
}
