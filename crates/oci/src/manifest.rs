//! Manifests: one image, or a list of them.

use serde::{Deserialize, Serialize};

use crate::descriptor::{Annotations, Descriptor, or_default};
use crate::media_type::{DOCKER_LIST, DOCKER_MANIFEST, IMAGE_INDEX, IMAGE_MANIFEST};

/// Longest manifest that is read, as the distribution specification recommends.
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;
/// Most descriptors in one manifest.
pub const MAX_DESCRIPTORS: usize = 10_000;

/// Why bytes are no manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It has layers and a list of manifests, so that two readers could see two images.
    #[error("the manifest is an image and an index at once")]
    Ambiguous,
    /// Not JSON, or JSON of another shape; `at` says where.
    #[error("the manifest is not JSON of the expected shape, at line {line} column {column}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The document says it is of another type than it was sent as.
    #[error("the manifest names another media type than it is sent with")]
    MediaType,
    /// `schemaVersion` is not 2.
    #[error("the manifest's schemaVersion is not 2")]
    SchemaVersion,
    /// Longer than [`MAX_MANIFEST_BYTES`].
    #[error("the manifest is longer than 4 MiB")]
    TooLarge,
    /// More than [`MAX_DESCRIPTORS`].
    #[error("the manifest names more than 10,000 things")]
    TooMany,
    /// A type that is none of ours.
    #[error("the media type is not that of a manifest")]
    UnknownType,
}

/// One image, or an artifact in the shape of one (OCI image specification, manifest.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    schema_version: u32,
    /// What it says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What it is for, where it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration; `{}` where it is no image.
    pub config: Descriptor,
    /// The layers, bottom first. Go's clients write `null` for none.
    #[serde(deserialize_with = "or_default")]
    pub layers: Vec<Descriptor>,
    /// What it is about, for signatures and attestations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free text.
    #[serde(
        default,
        skip_serializing_if = "Annotations::is_empty",
        deserialize_with = "or_default"
    )]
    pub annotations: Annotations,
}

/// A list of manifests (OCI image specification, image-index.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    schema_version: u32,
    /// What it says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What it is for, where it lists no images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What it lists.
    #[serde(deserialize_with = "or_default")]
    pub manifests: Vec<Descriptor>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free text.
    #[serde(
        default,
        skip_serializing_if = "Annotations::is_empty",
        deserialize_with = "or_default"
    )]
    pub annotations: Annotations,
}

impl ImageManifest {
    /// An OCI image manifest with this configuration and these layers.
    #[must_use]
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(IMAGE_MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: Annotations::new(),
        }
    }

    /// The manifest's bytes. Their digest is its name, so they are written once and kept.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Strings, numbers and lists always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Index {
    /// An OCI image index of these manifests.
    #[must_use]
    pub fn new(manifests: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(IMAGE_INDEX.to_owned()),
            artifact_type: None,
            manifests,
            subject: None,
            annotations: Annotations::new(),
        }
    }

    /// The index's bytes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Strings, numbers and lists always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// What may stand behind `/manifests/`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a manifest is read, looked at and dropped")]
pub enum Manifest {
    /// One image, or an artifact in the shape of one.
    Image(ImageManifest),
    /// A list of manifests.
    Index(Index),
}

/// What tells the shapes apart. `layers` and `manifests` together are refused: OCI image
/// specification 1.0.1, after CVE-2021-41190.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: Option<u32>,
    media_type: Option<String>,
    config: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
    manifests: Option<serde::de::IgnoredAny>,
}

impl Manifest {
    /// Reads a manifest. `sent_as` is the `Content-Type` it came with, or the type that a
    /// descriptor names; without it the document's own word counts, then its shape.
    pub fn parse(bytes: &[u8], sent_as: Option<&str>) -> Result<Self, ManifestError> {
        if bytes.len() > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLarge);
        }
        let shape: Shape = serde_json::from_slice(bytes).map_err(|error| json(&error))?;
        if shape.schema_version != Some(2) {
            return Err(ManifestError::SchemaVersion);
        }
        let own = shape.media_type.as_deref().filter(|own| !own.is_empty());
        if let (Some(own), Some(sent)) = (own, sent_as)
            && own != sent
        {
            return Err(ManifestError::MediaType);
        }
        let is_image = shape.config.is_some() || shape.layers.is_some();
        if is_image && shape.manifests.is_some() {
            return Err(ManifestError::Ambiguous);
        }
        let parsed = match own.or(sent_as) {
            Some(IMAGE_MANIFEST | DOCKER_MANIFEST) => Self::image(bytes)?,
            Some(IMAGE_INDEX | DOCKER_LIST) => Self::index(bytes)?,
            Some(_) => return Err(ManifestError::UnknownType),
            None if shape.manifests.is_some() => Self::index(bytes)?,
            None => Self::image(bytes)?,
        };
        if parsed.referenced().count() > MAX_DESCRIPTORS {
            return Err(ManifestError::TooMany);
        }
        Ok(parsed)
    }

    /// The type it is sent with.
    #[must_use]
    pub fn media_type(&self) -> &str {
        let (own, default) = match self {
            Self::Image(image) => (&image.media_type, IMAGE_MANIFEST),
            Self::Index(index) => (&index.media_type, IMAGE_INDEX),
        };
        own.as_deref().unwrap_or(default)
    }

    /// What it is about.
    #[must_use]
    pub const fn subject(&self) -> Option<&Descriptor> {
        match self {
            Self::Image(image) => image.subject.as_ref(),
            Self::Index(index) => index.subject.as_ref(),
        }
    }

    /// What a descriptor of it in a list of referrers says it is for.
    ///
    /// OCI distribution specification, "Listing Referrers": `artifactType` of the manifest; for an
    /// image manifest without it, the media type of its configuration.
    #[must_use]
    pub fn artifact_type(&self) -> Option<&str> {
        let given = |text: &'_ Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        match self {
            Self::Image(image) if given(&image.artifact_type) => image.artifact_type.as_deref(),
            Self::Image(image) => Some(&image.config.media_type),
            Self::Index(index) => index.artifact_type.as_deref().filter(|text| !text.is_empty()),
        }
    }

    /// Its free text.
    #[must_use]
    pub const fn annotations(&self) -> &Annotations {
        match self {
            Self::Image(image) => &image.annotations,
            Self::Index(index) => &index.annotations,
        }
    }

    /// Everything that must be there for it to be whole: configuration and layers, or the listed
    /// manifests. The subject is not among them; it may come later.
    pub fn referenced(&self) -> impl Iterator<Item = &Descriptor> {
        let (config, list) = match self {
            Self::Image(image) => (Some(&image.config), &image.layers),
            Self::Index(index) => (None, &index.manifests),
        };
        config.into_iter().chain(list)
    }

    fn image(bytes: &[u8]) -> Result<Self, ManifestError> {
        serde_json::from_slice(bytes).map(Self::Image).map_err(|error| json(&error))
    }

    fn index(bytes: &[u8]) -> Result<Self, ManifestError> {
        serde_json::from_slice(bytes).map(Self::Index).map_err(|error| json(&error))
    }
}

fn json(error: &serde_json::Error) -> ManifestError {
    ManifestError::Json { line: error.line(), column: error.column() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn blob(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor::of(media_type, bytes)
    }

    fn image() -> ImageManifest {
        ImageManifest::new(blob("application/x", b"{}"), vec![blob("application/y", b"1")])
    }

    #[track_caller]
    fn refused(text: &str, sent_as: Option<&str>, error: &ManifestError) {
        assert_eq!(Manifest::parse(text.as_bytes(), sent_as).as_ref(), Err(error), "{text}");
    }

    #[test]
    fn an_image_and_an_index_survive_the_round_trip() {
        let mut image = image();
        image.subject = Some(blob(IMAGE_MANIFEST, b"s"));
        image.annotations.insert("a".to_owned(), "b".to_owned());
        let parsed = Manifest::parse(&image.to_json(), Some(IMAGE_MANIFEST)).unwrap();
        assert_eq!(parsed.subject().unwrap().digest, Digest::sha256(b"s"));
        assert_eq!(parsed.referenced().count(), 2);
        assert_eq!(parsed, Manifest::Image(image));
        let index = Index::new(vec![blob(IMAGE_MANIFEST, b"m")]);
        let parsed = Manifest::parse(&index.to_json(), Some(IMAGE_INDEX)).unwrap();
        assert_eq!(parsed, Manifest::Index(index));
    }

    #[test]
    fn an_artifact_is_for_what_it_says_or_what_its_configuration_is() {
        let mut artifact = image();
        assert_eq!(Manifest::Image(artifact.clone()).artifact_type(), Some("application/x"));
        artifact.artifact_type = Some(String::new());
        assert_eq!(Manifest::Image(artifact.clone()).artifact_type(), Some("application/x"));
        artifact.artifact_type = Some("application/z".to_owned());
        assert_eq!(Manifest::Image(artifact).artifact_type(), Some("application/z"));
        assert_eq!(Manifest::Index(Index::new(Vec::new())).artifact_type(), None);
    }

    #[test]
    fn a_document_without_a_type_of_its_own_is_what_it_is_sent_as_or_looks_like() {
        let mut image = image();
        image.media_type = None;
        for sent_as in [None, Some(IMAGE_MANIFEST), Some(DOCKER_MANIFEST)] {
            assert!(matches!(Manifest::parse(&image.to_json(), sent_as), Ok(Manifest::Image(_))));
        }
        let mut index = Index::new(Vec::new());
        index.media_type = None;
        assert!(matches!(Manifest::parse(&index.to_json(), None), Ok(Manifest::Index(_))));
    }

    #[test]
    fn two_readers_cannot_see_two_images() {
        let digest = Digest::sha256(b"");
        let descriptor = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":0}}"#);
        let both =
            format!(r#"{{"schemaVersion":2,"config":{descriptor},"layers":[],"manifests":[]}}"#);
        refused(&both, None, &ManifestError::Ambiguous);
        let own = String::from_utf8(image().to_json()).unwrap();
        refused(&own, Some(IMAGE_INDEX), &ManifestError::MediaType);
        let twice = own.replacen('{', r#"{"layers":[],"#, 1);
        assert!(matches!(
            Manifest::parse(twice.as_bytes(), None),
            Err(ManifestError::Json { line: 1, .. })
        ));
    }

    #[test]
    fn refuses_what_is_no_manifest() {
        refused("{}", None, &ManifestError::SchemaVersion);
        refused(r#"{"schemaVersion":1}"#, None, &ManifestError::SchemaVersion);
        refused(r#"{"schemaVersion":2}"#, Some("text/plain"), &ManifestError::UnknownType);
        for text in ["", "[]", "7", r#"{"schemaVersion":2}"#, r#"{"schemaVersion":2,"layers":[]}"#]
        {
            let error = Manifest::parse(text.as_bytes(), None).unwrap_err();
            assert!(matches!(error, ManifestError::Json { .. }), "{text}: {error:?}");
        }
        let long = vec![b' '; MAX_MANIFEST_BYTES + 1];
        assert_eq!(Manifest::parse(&long, None), Err(ManifestError::TooLarge));
        let many = Index::new(vec![blob("a/b", b""); MAX_DESCRIPTORS + 1]);
        assert_eq!(Manifest::parse(&many.to_json(), None), Err(ManifestError::TooMany));
    }
}
