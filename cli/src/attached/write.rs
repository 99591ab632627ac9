//! A new signature or attestation, beside those that are there.

use bytes::Bytes;
use clap::ValueEnum;
use lite_bundle::Bundle;
use lite_oci::signatures::{self, Attached};
use lite_oci::{Annotations, Descriptor, Digest, ImageManifest, Manifest, Target, media_type};
use lite_time::Time;
use serde_json::json;

use super::{Candidate, Image, Kind, Source, find, legacy};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::registry_words::refused;

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

/// Attaches a bundle; returns the digest of the manifest that holds it.
///
/// The manifest is cosign's (`pkg/oci/remote/write.go`, `WriteAttestationNewBundleFormat`).
pub(crate) async fn put_bundle(
    image: &Image,
    json: &str,
    predicate_type: &str,
    now: Time,
) -> Outcome<Digest> {
    let attached = &image.place.attached;
    let put = async |media_type: &str, bytes: Bytes| {
        let mut descriptor = attached.put_blob(bytes).await.map_err(|error| refused(&error))?;
        media_type.clone_into(&mut descriptor.media_type);
        Outcome::Ok(descriptor)
    };
    let mut config = put(media_type::EMPTY_JSON, Bytes::from_static(b"{}")).await?;
    config.artifact_type = Some(media_type::BUNDLE_V0_3.to_owned());
    let layer = put(media_type::BUNDLE_V0_3, Bytes::from(json.to_owned())).await?;
    let mut manifest = ImageManifest::new(config, vec![layer]);
    manifest.artifact_type = Some(media_type::BUNDLE_V0_3.to_owned());
    manifest.subject = Some(image.manifest.descriptor());
    manifest.annotations = Annotations::from(
        [
            (signatures::CREATED, now.to_rfc3339().as_str()),
            (signatures::BUNDLE_CONTENT, "dsse-envelope"),
            (signatures::BUNDLE_PREDICATE_TYPE, predicate_type),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let bytes = Bytes::from(manifest.to_json());
    let written = attached.put_referrer(media_type::IMAGE_MANIFEST, bytes, image.digest()).await;
    written.map_err(|error| refused(&error))
}

/// Attaches a layer under cosign's tag, after those that are there.
///
/// There is no way to do this at once: whoever signs the same image at the same moment may
/// overwrite this signature, as with cosign. Bundles have no such weakness.
pub(crate) async fn put_legacy(
    image: &Image,
    kind: Attached,
    signature: Signature<'_>,
) -> Outcome<Digest> {
    let attached = &image.place.attached;
    let media_type = match kind {
        Attached::Attestations => media_type::DSSE_ENVELOPE,
        _ => media_type::SIMPLE_SIGNING,
    };
    let layer = attached.put_blob(Bytes::from(signature.payload)).await;
    let mut layer = layer.map_err(|error| refused(&error))?;
    media_type.clone_into(&mut layer.media_type);
    layer.annotations = legacy::annotations(signature.bundle, signature.issuers);
    if let Some(kind) = signature.predicate_type {
        layer.annotations.insert(signatures::PREDICATE_TYPE.to_owned(), kind.to_owned());
    }
    let mut layers = existing(image, kind).await?;
    layers.push(layer);
    put_layers(image, kind, layers).await
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
                removed += usize::from(deleted.map_err(|error| refused(&error))?);
            }
            Source::Legacy(_, layer) => old_layers.push(*layer),
        }
    }
    if !old_layers.is_empty() {
        let layers = existing(image, Attached::Attestations).await?;
        let kept = layers.into_iter().enumerate().filter(|(index, _)| !old_layers.contains(index));
        put_layers(image, Attached::Attestations, kept.map(|(_, layer)| layer).collect()).await?;
    }
    Ok(removed + old_layers.len())
}

/// The layers under cosign's tag.
async fn existing(image: &Image, kind: Attached) -> Outcome<Vec<Descriptor>> {
    let target = Target::Tag(kind.tag(image.digest()));
    let found = image.place.attached.manifest(&target).await.map_err(|error| refused(&error))?;
    match found.map(|found| found.parse()).transpose() {
        Ok(None) => Ok(Vec::new()),
        Ok(Some(Manifest::Image(manifest))) => Ok(manifest.layers),
        _ => Err(Failure::new(Exit::Instance, format!("{target} is there and holds no layers"))
            .hint("siglite clean IMAGE removes it")),
    }
}

/// cosign's image of signatures: its configuration names the layers, as an image's does.
async fn put_layers(image: &Image, kind: Attached, layers: Vec<Descriptor>) -> Outcome<Digest> {
    let attached = &image.place.attached;
    let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
    let epoch = "0001-01-01T00:00:00Z";
    let config = json!({
        "architecture": "", "created": epoch, "history": [{ "created": epoch }], "os": "",
        "rootfs": { "type": "layers", "diff_ids": diff_ids }, "config": {},
    });
    let config = attached.put_blob(Bytes::from(config.to_string())).await;
    let mut config = config.map_err(|error| refused(&error))?;
    media_type::IMAGE_CONFIG.clone_into(&mut config.media_type);
    let bytes = Bytes::from(ImageManifest::new(config, layers).to_json());
    let target = Target::Tag(kind.tag(image.digest()));
    let written = attached.put_manifest(&target, media_type::IMAGE_MANIFEST, bytes).await;
    written.map_err(|error| refused(&error))
}
