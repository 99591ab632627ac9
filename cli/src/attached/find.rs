//! Everything attached to an image that might be a signature or an attestation.

use lite_bundle::Bundle;
use lite_images::Repository;
use lite_oci::signatures::{Attached, SIGN_PREDICATE_TYPE};
use lite_oci::{Descriptor, Digest, Manifest, Tag, Target, media_type};

use super::{Image, MAX_ATTACHED, MAX_ATTACHED_BYTES, legacy};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::registry_words::Told as _;

/// Where something attached was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A bundle in a manifest of its own, which refers to the image.
    Referrer(Digest),
    /// A layer of the image under a tag such as `sha256-HEX.sig`, counted from 0.
    Legacy(Tag, usize),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Referrer(digest) => write!(f, "referrer {digest}"),
            Self::Legacy(tag, layer) => write!(f, "layer {layer} of {tag}"),
        }
    }
}

/// What something attached is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A signature of the image: a statement that says no more.
    Signature,
    /// A signature in the older format, over this payload.
    SimpleSigning(Vec<u8>),
    /// A statement about the image, of this type.
    Attestation(String),
}

impl Kind {
    /// Whether it signs the image, rather than saying something about it.
    pub(crate) const fn is_signature(&self) -> bool {
        matches!(self, Self::Signature | Self::SimpleSigning(_))
    }
}

/// Something that might hold, in the verifier's form.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Where it is.
    pub(crate) source: Source,
    /// What it is for.
    pub(crate) kind: Kind,
    /// The signature and its evidence.
    pub(crate) bundle: Bundle,
    /// The bundle's text as it was found; of the older formats there is none.
    pub(crate) json: Option<String>,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What can be verified.
    pub(crate) candidates: Vec<Candidate>,
    /// What is there and cannot be read, and why.
    pub(crate) unreadable: Vec<(Source, String)>,
}

/// Looks in all places: referrers that hold bundles, and cosign's tags.
pub(crate) async fn find(image: &Image) -> Outcome<Found> {
    let mut found = Found::default();
    let attached = &image.place.attached;
    bundles(attached, image.digest(), &mut found).await?;
    for kind in [Attached::Signatures, Attached::Attestations] {
        layers(attached, image.digest(), kind, &mut found).await?;
    }
    Ok(found)
}

async fn bundles(attached: &Repository, image: &Digest, found: &mut Found) -> Outcome {
    let referrers = attached.referrers(image, None).await.told()?;
    // Some registries and tags say nothing of the type, or the type of the configuration.
    let may_hold = |referrer: &Descriptor| {
        referrer.artifact_type.as_deref().is_none_or(|kind| {
            kind.starts_with(media_type::BUNDLE_PREFIX) || kind == media_type::EMPTY_JSON
        })
    };
    for referrer in limited(referrers.into_iter().filter(may_hold).collect())? {
        let source = Source::Referrer(referrer.digest.clone());
        let target = Target::Digest(referrer.digest);
        let Some(manifest) = attached.manifest(&target).await.told()? else {
            found.unreadable.push((source, "it is listed and is not there".to_owned()));
            continue;
        };
        let Ok(Manifest::Image(manifest)) = manifest.parse() else {
            found.unreadable.push((source, "it is not a manifest with layers".to_owned()));
            continue;
        };
        let mut layers = manifest.layers.into_iter();
        let layer = layers.find(|one| one.media_type.starts_with(media_type::BUNDLE_PREFIX));
        // Other artifacts refer to images, too.
        let Some(layer) = layer else { continue };
        match attached.blob(&layer, MAX_ATTACHED_BYTES).await {
            Ok(bytes) => match candidate(source.clone(), &bytes) {
                Ok(candidate) => found.candidates.push(candidate),
                Err(why) => found.unreadable.push((source, why)),
            },
            Err(error) => found.unreadable.push((source, error.to_string())),
        }
    }
    Ok(())
}

/// A bundle from a registry, sorted by what it says.
fn candidate(source: Source, bytes: &[u8]) -> Result<Candidate, String> {
    let bundle = Bundle::parse(bytes).map_err(|error| error.to_string())?;
    let kind = match kind_stated(&bundle)? {
        kind if kind == SIGN_PREDICATE_TYPE => Kind::Signature,
        kind => Kind::Attestation(kind),
    };
    let json = String::from_utf8(bytes.to_vec()).ok();
    Ok(Candidate { source, kind, bundle, json })
}

/// The type of the statement that a bundle holds.
fn kind_stated(bundle: &Bundle) -> Result<String, String> {
    match bundle.content.statement() {
        Some(Ok(statement)) => Ok(statement.predicate_type),
        Some(Err(error)) => Err(error.to_string()),
        // Over which bytes? A signature of an image must say what it is about.
        None => Err("it holds a signature of a file, not a statement about an image".to_owned()),
    }
}

async fn layers(
    attached: &Repository,
    image: &Digest,
    kind: Attached,
    found: &mut Found,
) -> Outcome {
    let tag = kind.tag(image);
    let manifest = attached.manifest(&Target::Tag(tag.clone())).await;
    let Some(manifest) = manifest.told()? else { return Ok(()) };
    let Ok(Manifest::Image(manifest)) = manifest.parse() else {
        found
            .unreadable
            .push((Source::Legacy(tag, 0), "it is not a manifest with layers".to_owned()));
        return Ok(());
    };
    for (index, layer) in limited(manifest.layers)?.into_iter().enumerate() {
        let source = Source::Legacy(tag.clone(), index);
        let bytes = match attached.blob(&layer, MAX_ATTACHED_BYTES).await {
            Ok(bytes) => bytes,
            Err(error) => {
                found.unreadable.push((source, error.to_string()));
                continue;
            }
        };
        match from_layer(source.clone(), &layer, bytes.to_vec(), kind) {
            Ok(candidate) => found.candidates.push(candidate),
            Err(why) => found.unreadable.push((source, why)),
        }
    }
    Ok(())
}

/// A layer of the older formats.
fn from_layer(
    source: Source,
    layer: &Descriptor,
    bytes: Vec<u8>,
    kind: Attached,
) -> Result<Candidate, String> {
    let (kind, bundle) = if kind == Attached::Attestations {
        let bundle = legacy::attestation(&bytes, &layer.annotations).map_err(|e| e.to_string())?;
        let kind = kind_stated(&bundle)?;
        (Kind::Attestation(kind), bundle)
    } else {
        let bundle = legacy::signature(&layer.annotations).map_err(|error| error.to_string())?;
        (Kind::SimpleSigning(bytes), bundle)
    };
    Ok(Candidate { source, kind, bundle, json: None })
}

/// Whoever can write to the registry can attach a million things.
fn limited(all: Vec<Descriptor>) -> Outcome<Vec<Descriptor>> {
    if all.len() > MAX_ATTACHED {
        let sentence = format!("more than {MAX_ATTACHED} things are attached to the image");
        return Err(Failure::new(Exit::NoMatch, sentence)
            .note("found", all.len().to_string())
            .hint("siglite tree IMAGE lists them, siglite clean IMAGE removes them"));
    }
    Ok(all)
}
