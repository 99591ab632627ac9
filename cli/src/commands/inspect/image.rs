//! An image in a registry, and what is attached to it, each piece as a tree of its own.

use lite_inspect::{Tree, Value, escape, inspect};
use lite_oci::signatures::Attached;
use lite_oci::{Descriptor, Manifest, Reference, Target};
use lite_time::Time;

use crate::commands::Context;
use crate::commands::image::attached::{Located, locate};
use crate::failure::Outcome;
use crate::registry_flags::RegistryFlags;
use crate::registry_words::Told as _;

/// The most things attached to an image that are opened: each costs requests.
const MAX_OPENED: usize = 100;

/// The image's manifest or index, and everything that is attached to it.
pub(super) async fn tree(
    reference: &Reference,
    flags: &RegistryFlags,
    context: &Context,
) -> Outcome<Tree> {
    let located = locate(reference, None, flags, context).await?;
    let now = context.clock().now();
    let mut tree = document(&located.image.bytes, "image", now);
    tree.children.insert(0, text("digest", located.image.digest.as_str()));
    let mut attached = heading("attached");
    by_referrer(&located, &mut attached, now).await?;
    for kind in [Attached::Signatures, Attached::Attestations, Attached::Sbom] {
        by_tag(&located, kind, &mut attached, now).await?;
    }
    if attached.children.is_empty() {
        attached.note = Some("nothing".to_owned());
    }
    tree.children.push(attached);
    Ok(tree)
}

async fn by_referrer(located: &Located, tree: &mut Tree, now: Time) -> Outcome {
    let referrers = located.referrers().await?;
    let more = referrers.len().saturating_sub(MAX_OPENED);
    for referrer in referrers.into_iter().take(MAX_OPENED) {
        let shown = match located.bundle(referrer.clone()).await? {
            Some(bundle) => document(&bundle.json, "bundle", now),
            None => match located.attached.manifest(&target(&referrer)).await.told()? {
                Some(found) => document(&found.bytes, "manifest", now),
                None => Tree { note: Some("gone since".to_owned()), ..heading("manifest") },
            },
        };
        let mut one = text("referrer", referrer.digest.as_str());
        one.children
            .extend(referrer.artifact_type.as_deref().map(|kind| text("artifact type", kind)));
        one.children.push(shown);
        tree.children.push(one);
    }
    if more > 0 {
        tree.children.push(heading(&format!("… and {more} more")));
    }
    Ok(())
}

fn target(referrer: &Descriptor) -> Target {
    Target::Digest(referrer.digest.clone())
}

/// cosign's older formats: the manifest carries the signatures, its layers what they sign.
async fn by_tag(located: &Located, kind: Attached, tree: &mut Tree, now: Time) -> Outcome {
    let tag = kind.tag(&located.image.digest);
    let target = Target::Tag(tag.clone());
    let Some(found) = located.attached.manifest(&target).await.told()? else { return Ok(()) };
    let mut one = text("tag", &tag.to_string());
    one.children.push(document(&found.bytes, "manifest", now));
    let layers = match (kind, found.parse()) {
        // A bill of materials is nobody's signature, and may be large.
        (Attached::Sbom, _) | (_, Err(_) | Ok(Manifest::Index(_))) => Vec::new(),
        (_, Ok(Manifest::Image(_))) => located.layers(kind).await?,
    };
    for (index, (_, bytes)) in layers.iter().take(MAX_OPENED).enumerate() {
        one.children.push(document(bytes, &format!("content of layer {}", index + 1), now));
    }
    tree.children.push(one);
    Ok(())
}

/// A piece as a tree, or a word about why it is none: the others are still worth showing.
fn document(bytes: &[u8], label: &str, now: Time) -> Tree {
    match inspect(bytes, now) {
        Ok(tree) => Tree { label: label.to_owned(), ..tree },
        Err(error) => Tree {
            value: Some(Value::Bytes(bytes.to_vec())),
            note: Some(escape(&format!("not taken apart: {error}"))),
            ..heading(label)
        },
    }
}

fn heading(label: &str) -> Tree {
    Tree { label: label.to_owned(), ..Tree::default() }
}

fn text(label: &str, value: &str) -> Tree {
    Tree { value: Some(Value::Text(escape(value))), ..heading(label) }
}
