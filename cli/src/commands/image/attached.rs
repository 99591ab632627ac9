//! What is attached to an image: where it is, and what it says of itself. None of it is verified
//! here.

use bytes::Bytes;
use lite_bundle::{Bundle, MAX_BUNDLE_BYTES};
use lite_images::{Found, Repository};
use lite_oci::signatures::{self, Attached};
use lite_oci::{Annotations, Descriptor, Manifest, Platform, Reference, Target, media_type};
use lite_pki::Certificate;

use crate::attached;
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::registry_flags::{RegistryFlags, signature_repository};
use crate::registry_words::Told as _;

/// An image, and where its signatures are kept.
pub(crate) struct Located {
    /// As it was typed.
    pub(crate) reference: Reference,
    /// Where what is attached to it is: elsewhere if `COSIGN_REPOSITORY` says so.
    pub(crate) attached: Repository,
    /// The same as a reference.
    pub(crate) attached_reference: Reference,
    /// The image, or the one of it for a platform.
    pub(crate) image: Found,
}

/// Finds an image; one that is not there ends the command with its own exit code.
pub(crate) async fn locate(
    reference: &Reference,
    platform: Option<&Platform>,
    flags: &RegistryFlags,
    context: &Context,
) -> Outcome<Located> {
    let session = flags.session(context)?;
    let repository = session.repository(reference);
    let image = repository.require(&reference.target()).await.told()?;
    let image = match platform {
        Some(platform) => of_platform(&repository, image, platform).await?,
        None => image,
    };
    let attached_reference = signature_repository(reference, context.env())?;
    let attached = session.repository(&attached_reference);
    Ok(Located { reference: reference.clone(), attached, attached_reference, image })
}

async fn of_platform(repository: &Repository, image: Found, platform: &Platform) -> Outcome<Found> {
    let Manifest::Index(index) = image.parse().told()? else { return Ok(image) };
    let fits = |one: &&Descriptor| one.platform.as_ref().is_some_and(|has| has.satisfies(platform));
    let one = index.manifests.iter().find(fits).ok_or_else(|| {
        Failure::new(Exit::NoImage, format!("the image has no part for {platform}"))
            .hint("siglite image inspect IMAGE shows the platforms")
    })?;
    repository.require(&Target::Digest(one.digest.clone())).await.told()
}

/// A bundle that refers to an image.
pub(crate) struct AttachedBundle {
    /// Where it lies.
    pub(crate) layer: Descriptor,
    /// It, as it was written.
    pub(crate) json: Bytes,
    /// What it states, by its own word; `None` where it signs bytes.
    pub(crate) predicate_type: Option<String>,
    /// Who signed, by its own word.
    pub(crate) signer: Option<String>,
}

impl AttachedBundle {
    /// Whether it is a signature of the image, rather than a statement about it.
    pub(crate) fn is_signature(&self) -> bool {
        self.predicate_type.as_deref().is_none_or(|kind| kind == signatures::SIGN_PREDICATE_TYPE)
    }
}

impl Located {
    /// Everything that refers to the image.
    pub(crate) async fn referrers(&self) -> Outcome<Vec<Descriptor>> {
        self.attached.referrers(&self.image.digest, None).await.told()
    }

    /// The bundles among what refers to the image.
    pub(crate) async fn bundles(&self) -> Outcome<Vec<AttachedBundle>> {
        let mut bundles = Vec::new();
        for referrer in self.referrers().await? {
            bundles.extend(self.bundle(referrer).await?);
        }
        Ok(bundles)
    }

    /// The bundle of a referrer; `None` if it is none.
    pub(crate) async fn bundle(&self, manifest: Descriptor) -> Outcome<Option<AttachedBundle>> {
        let is_bundle = |kind: &str| kind.starts_with(media_type::BUNDLE_PREFIX);
        if !manifest.artifact_type.as_deref().is_some_and(is_bundle) {
            return Ok(None);
        }
        let target = Target::Digest(manifest.digest.clone());
        // A list may name what was deleted since.
        let Some(found) = self.attached.manifest(&target).await.told()? else { return Ok(None) };
        let Manifest::Image(image) = found.parse().told()? else { return Ok(None) };
        let Some(layer) = image.layers.into_iter().find(|layer| is_bundle(&layer.media_type))
        else {
            return Ok(None);
        };
        let json = self.attached.blob(&layer, MAX_BUNDLE_BYTES as u64).await.told()?;
        let read = Bundle::parse(&json).ok();
        let predicate_type = read.as_ref().and_then(predicate_type);
        let signer = read.as_ref().and_then(signer);
        Ok(Some(AttachedBundle { layer, json, predicate_type, signer }))
    }

    /// The layers under a tag of cosign's older formats, with their bytes.
    pub(crate) async fn layers(&self, attached: Attached) -> Outcome<Vec<(Descriptor, Bytes)>> {
        let target = Target::Tag(attached.tag(&self.image.digest));
        let Some(found) = self.attached.manifest(&target).await.told()? else {
            return Ok(Vec::new());
        };
        let Manifest::Image(image) = found.parse().told()? else { return Ok(Vec::new()) };
        let mut layers = Vec::new();
        for layer in image.layers {
            let bytes = self.attached.blob(&layer, MAX_BUNDLE_BYTES as u64).await.told()?;
            layers.push((layer, bytes));
        }
        Ok(layers)
    }

    /// Adds a layer under a tag of cosign's older formats; returns where that is.
    pub(crate) async fn add_layer(
        &self,
        kind: Attached,
        media_type: &str,
        bytes: Bytes,
        annotations: Annotations,
    ) -> Outcome<Reference> {
        let (attached, image) = (&self.attached, &self.image.digest);
        let tag = attached::add_layer(attached, image, kind, media_type, bytes, annotations);
        Ok(self.attached_reference.with_tag(tag.await?))
    }
}

fn predicate_type(bundle: &Bundle) -> Option<String> {
    Some(bundle.content.statement()?.ok()?.predicate_type)
}

fn signer(bundle: &Bundle) -> Option<String> {
    match &bundle.signer {
        lite_bundle::Signer::PublicKey { hint } => Some(format!("the key {hint}")),
        signer => {
            let certificate = Certificate::from_der(signer.leaf()?).ok()?;
            let name = certificate.alt_names().first()?.to_string();
            let issuer = certificate.fulcio().issuer().map(|issuer| format!(" ({issuer})"));
            Some(format!("{name}{}", issuer.unwrap_or_default()))
        }
    }
}
