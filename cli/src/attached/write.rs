//! A new signature or attestation, beside those that are there.

use bytes::Bytes;
use clap::ValueEnum;
use lite_bundle::Bundle;
use lite_images::Repository;
use lite_oci::signatures::{self, Attached};
use lite_oci::{Annotations, Descriptor, Digest, ImageManifest, Manifest, Tag, Target, media_type};
use lite_time::Time;
use serde_json::json;

use super::{Candidate, Image, Kind, Source, find, legacy};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::registry_words::Told as _;

/// In which form a signature is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A bundle that refers to the image, as cosign 3 writes it.
    Bundle,
    /// A layer under a tag made of the digest, as cosign 2, podman and kyverno read it.
    Legacy,
    /// Both, for readers of either.
    Both,
}

impl Format {
    /// Whether a bundle is written.
    pub(crate) const fn has_bundle(self) -> bool {
        matches!(self, Self::Bundle | Self::Both)
    }

    /// Whether cosign's tag is written.
    pub(crate) const fn has_legacy(self) -> bool {
        matches!(self, Self::Legacy | Self::Both)
    }
}

/// A signature in the older format.
pub(crate) struct Signature<'a> {
    /// What is signed: a payload of simple signing, or the envelope of an attestation.
    pub(crate) payload: Vec<u8>,
    /// Signature and evidence.
    pub(crate) bundle: &'a Bundle,
    /// The certificates above the signer's.
    pub(crate) issuers: &'a [lite_pki::Certificate],
    /// The statement's type, for an attestation.
    pub(crate) predicate_type: Option<&'a str>,
}

/// Attaches a bundle to `image`; returns the digest of the manifest that holds it.
///
/// The manifest is cosign's (`pkg/oci/remote/write.go`, `WriteAttestationNewBundleFormat`).
pub(crate) async fn put_bundle(
    attached: &Repository,
    image: &lite_images::Found,
    json: &str,
    predicate_type: &str,
    now: Time,
) -> Outcome<Digest> {
    let mut config = put_blob(attached, media_type::EMPTY_JSON, Bytes::from_static(b"{}")).await?;
    config.artifact_type = Some(media_type::BUNDLE_V0_3.to_owned());
    let json = Bytes::from(json.to_owned());
    let layer = put_blob(attached, media_type::BUNDLE_V0_3, json).await?;
    let mut manifest = ImageManifest::new(config, vec![layer]);
    manifest.artifact_type = Some(media_type::BUNDLE_V0_3.to_owned());
    manifest.subject = Some(image.descriptor());
    manifest.annotations = Annotations::from(
        [
            (signatures::CREATED, now.to_rfc3339().as_str()),
            (signatures::BUNDLE_CONTENT, "dsse-envelope"),
            (signatures::BUNDLE_PREDICATE_TYPE, predicate_type),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let bytes = Bytes::from(manifest.to_json());
    attached.put_referrer(media_type::IMAGE_MANIFEST, bytes, &image.digest).await.told()
}

/// Attaches a signature in the older format.
pub(crate) async fn put_legacy(
    image: &Image,
    kind: Attached,
    signature: Signature<'_>,
) -> Outcome<Tag> {
    let media_type = match kind {
        Attached::Attestations => media_type::DSSE_ENVELOPE,
        _ => media_type::SIMPLE_SIGNING,
    };
    let mut annotations = legacy::annotations(signature.bundle, signature.issuers);
    if let Some(kind) = signature.predicate_type {
        annotations.insert(signatures::PREDICATE_TYPE.to_owned(), kind.to_owned());
    }
    let payload = Bytes::from(signature.payload);
    add_layer(&image.place.attached, image.digest(), kind, media_type, payload, annotations).await
}

/// Adds a layer under cosign's tag, after those that are there. One with the same content and the
/// same notes is there already; of bills of materials there is one.
///
/// There is no way to do this at once: whoever signs the same image at the same moment may
/// overwrite this signature, as with cosign. Bundles have no such weakness.
pub(crate) async fn add_layer(
    attached: &Repository,
    image: &Digest,
    kind: Attached,
    media_type: &str,
    bytes: Bytes,
    annotations: Annotations,
) -> Outcome<Tag> {
    let mut layer = put_blob(attached, media_type, bytes).await?;
    layer.annotations = annotations;
    let mut layers = existing(attached, image, kind).await?;
    layers.retain(|other| kind != Attached::Sbom && *other != layer);
    layers.push(layer);
    put_layers(attached, image, kind, layers).await
}

async fn put_blob(attached: &Repository, media_type: &str, bytes: Bytes) -> Outcome<Descriptor> {
    let mut descriptor = attached.put_blob(bytes).await.told()?;
    media_type.clone_into(&mut descriptor.media_type);
    Ok(descriptor)
}

/// Removes the attestations of one type, in both formats: `attest --replace`.
pub(crate) async fn remove_attestations(image: &Image, predicate_type: &str) -> Outcome<usize> {
    let found = find(image).await?;
    let same = |candidate: &&Candidate| matches!(&candidate.kind, Kind::Attestation(kind) if kind == predicate_type);
    let mut old_layers = Vec::new();
    let mut removed = 0;
    for candidate in found.candidates.iter().filter(same) {
        match &candidate.source {
            Source::Referrer(digest) => {
                let deleted = image.place.attached.delete_referrer(image.digest(), digest).await;
                removed += usize::from(deleted.told()?);
            }
            Source::Legacy(_, layer) => old_layers.push(*layer),
        }
    }
    if !old_layers.is_empty() {
        let (attached, kind) = (&image.place.attached, Attached::Attestations);
        let layers = existing(attached, image.digest(), kind).await?;
        let kept = layers.into_iter().enumerate().filter(|(index, _)| !old_layers.contains(index));
        let kept = kept.map(|(_, layer)| layer).collect();
        put_layers(attached, image.digest(), kind, kept).await?;
    }
    Ok(removed + old_layers.len())
}

/// The layers under cosign's tag.
async fn existing(
    attached: &Repository,
    image: &Digest,
    kind: Attached,
) -> Outcome<Vec<Descriptor>> {
    let target = Target::Tag(kind.tag(image));
    let found = attached.manifest(&target).await.told()?;
    match found.map(|found| found.parse()).transpose() {
        Ok(None) => Ok(Vec::new()),
        Ok(Some(Manifest::Image(manifest))) => Ok(manifest.layers),
        _ => Err(Failure::new(Exit::Instance, format!("{target} is there and holds no layers"))
            .hint("siglite clean IMAGE removes it")),
    }
}

/// cosign's image of signatures: its configuration names the layers, as an image's does.
async fn put_layers(
    attached: &Repository,
    image: &Digest,
    kind: Attached,
    layers: Vec<Descriptor>,
) -> Outcome<Tag> {
    let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
    let epoch = json!({ "created": "0001-01-01T00:00:00Z" });
    let config = json!({
        "architecture": "", "created": epoch["created"], "os": "", "config": {},
        "history": vec![&epoch; layers.len()],
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let config = Bytes::from(config.to_string());
    let config = put_blob(attached, media_type::IMAGE_CONFIG, config).await?;
    let bytes = Bytes::from(ImageManifest::new(config, layers).to_json());
    let tag = kind.tag(image);
    let target = Target::Tag(tag.clone());
    attached.put_manifest(&target, media_type::IMAGE_MANIFEST, bytes).await.told()?;
    Ok(tag)
}
