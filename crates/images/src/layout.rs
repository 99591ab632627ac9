//! A folder in OCI's image layout (image specification, image-layout.md).
//!
//! ```text
//! oci-layout             {"imageLayoutVersion":"1.0.0"}
//! index.json             what the folder holds, each with its tag where it has one
//! blobs/sha256/HEX       manifests, configurations, layers
//! ```
//!
//! Everything that is nobody's child is listed in `index.json`, signatures and attestations too, so
//! that every tool that copies a layout carries them along. What `cosign save` writes is read as
//! well: it marks an image and its signatures by an annotation instead of tags, and leaves bundles
//! unlisted among the blobs.
//!
//! **Trust sentence:** whoever can write the folder can take images away or put others under a
//! tag, and cannot change what has a digest: every read is checked.

pub(crate) mod files;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use lite_oci::signatures::Attached;
use lite_oci::{
    Descriptor, Digest, Index, MAX_MANIFEST_BYTES, Manifest, ManifestError, Tag, Target, media_type,
};
use serde::{Deserialize, Serialize};

use crate::content::{Content, OnBytes};
use crate::error::ImageError;
use crate::repository::{Found, describe, own_media_type};

/// The tag of an entry of `index.json` (image specification, annotations.md).
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// What cosign marks the entries of a saved image with (`cosign:pkg/oci/layout/write.go`).
pub const COSIGN_KIND: &str = "kind";
/// The value for an image.
pub const COSIGN_IMAGE: &str = "dev.cosignproject.cosign/image";
/// The value for an index of images.
pub const COSIGN_INDEX: &str = "dev.cosignproject.cosign/imageIndex";
/// The value for signatures of the older format.
pub const COSIGN_SIGNATURES: &str = "dev.cosignproject.cosign/sigs";
/// The value for attestations of the older format.
pub const COSIGN_ATTESTATIONS: &str = "dev.cosignproject.cosign/atts";

/// Most blobs that are looked at for unlisted referrers.
const MAX_BLOBS: usize = 20_000;

/// Why a folder is no image layout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// `index.json` cannot be read as an index.
    #[error("its index.json cannot be read")]
    Index(#[source] ManifestError),
    /// `index.json` is an image's manifest.
    #[error("its index.json is not an index")]
    NoIndex,
    /// There is no file `oci-layout`.
    #[error("it has no file oci-layout")]
    NoMarker,
    /// More files than any image has.
    #[error("it holds more than 20,000 blobs")]
    TooMany,
    /// A version that this program does not know.
    #[error("its imageLayoutVersion is not 1.0.0")]
    Version,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

/// A folder in OCI's image layout. Clones share one writer of `index.json`.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    writer: Arc<Mutex<()>>,
}

impl Layout {
    /// A folder that is one already.
    pub fn open(root: &Path) -> Result<Self, ImageError> {
        let refuse = |source| ImageError::Layout { path: root.to_owned(), source };
        let marker = files::read_if_there(&root.join("oci-layout"), 4096)?;
        let marker = marker.ok_or_else(|| refuse(LayoutError::NoMarker))?;
        let marker: Marker =
            serde_json::from_slice(&marker).map_err(|_| refuse(LayoutError::Version))?;
        if marker.image_layout_version != "1.0.0" {
            return Err(refuse(LayoutError::Version));
        }
        Ok(Self { root: root.to_owned(), writer: Arc::default() })
    }

    /// A folder that is one already, or becomes one: it is made, or was empty.
    pub fn open_or_create(root: &Path) -> Result<Self, ImageError> {
        if root.join("oci-layout").exists() {
            return Self::open(root);
        }
        let io = || ImageError::io(root);
        std::fs::create_dir_all(root.join("blobs/sha256")).map_err(io())?;
        let entries = std::fs::read_dir(root).map_err(io())?;
        for entry in entries {
            if entry.map_err(io())?.file_name() != "blobs" {
                let source = LayoutError::NoMarker;
                return Err(ImageError::Layout { path: root.to_owned(), source });
            }
        }
        let layout = Self { root: root.to_owned(), writer: Arc::default() };
        layout.save(&Index::new(Vec::new()))?;
        // Last: what has the marker is whole.
        files::write(&root.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(layout)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// What `index.json` lists.
    pub fn index(&self) -> Result<Index, ImageError> {
        let refuse = |source| ImageError::Layout { path: self.root.clone(), source };
        let bytes = files::read_if_there(&self.root.join("index.json"), MAX_MANIFEST_BYTES as u64)?;
        let bytes = bytes.ok_or_else(|| refuse(LayoutError::NoIndex))?;
        match Manifest::parse(&bytes, None) {
            Ok(Manifest::Index(index)) => Ok(index),
            Ok(Manifest::Image(_)) => Err(refuse(LayoutError::NoIndex)),
            Err(error) => Err(refuse(LayoutError::Index(error))),
        }
    }

    pub(crate) fn save(&self, index: &Index) -> Result<(), ImageError> {
        files::write(&self.root.join("index.json"), &index.to_json())
    }

    /// Changes `index.json`, one change after the other.
    fn change(&self, change: impl FnOnce(&mut Vec<Descriptor>)) -> Result<(), ImageError> {
        let _one: MutexGuard<'_, ()> = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut index = self.index()?;
        change(&mut index.manifests);
        self.save(&index)
    }

    /// The one image of the folder that is not attached to another; `None` if there are none or
    /// several.
    pub fn only_image(&self) -> Result<Option<Descriptor>, ImageError> {
        let mut images = Vec::new();
        for entry in self.index()?.manifests {
            let attached = tag_of(&entry, None).is_some_and(|tag| Attached::of_tag(&tag).is_some());
            if !attached && self.subject(&entry.digest)?.is_none() && !is_cosigns_attachment(&entry)
            {
                images.push(entry);
            }
        }
        images.dedup_by(|a, b| a.digest == b.digest);
        Ok(if images.len() == 1 { images.pop() } else { None })
    }

    /// The tags, those that cosign left out among them.
    pub fn tags(&self) -> Result<Vec<Tag>, ImageError> {
        Ok(self.tagged()?.into_iter().map(|(tag, _)| tag).collect())
    }

    fn tagged(&self) -> Result<Vec<(Tag, Descriptor)>, ImageError> {
        let entries = self.index()?.manifests;
        let is_image =
            |entry: &&Descriptor| matches!(kind_of(entry), Some(COSIGN_IMAGE | COSIGN_INDEX));
        let image = entries.iter().find(is_image).map(|entry| entry.digest.clone());
        let tagged = entries.into_iter();
        Ok(tagged.filter_map(|entry| Some((tag_of(&entry, image.as_ref())?, entry))).collect())
    }

    pub(crate) fn manifest(&self, target: &Target) -> Result<Option<Found>, ImageError> {
        let (digest, media_type) = match target {
            Target::Digest(digest) => (digest.clone(), None),
            Target::Tag(tag) => {
                let found = self.tagged()?.into_iter().find(|(found, _)| found == tag);
                let Some((_, entry)) = found else { return Ok(None) };
                (entry.digest, Some(entry.media_type))
            }
        };
        let path = self.blob_path(&digest);
        let Some(bytes) = files::read_if_there(&path, MAX_MANIFEST_BYTES as u64)? else {
            return Ok(None);
        };
        if !digest.matches(&bytes) {
            let found = Digest::of(digest.algorithm(), &bytes);
            return Err(ImageError::DigestMismatch { expected: digest, found });
        }
        let media_type = media_type
            .or_else(|| own_media_type(&bytes))
            .unwrap_or_else(|| media_type::IMAGE_MANIFEST.to_owned());
        Ok(Some(Found { digest, media_type, bytes: Bytes::from(bytes) }))
    }

    pub(crate) fn put_manifest(
        &self,
        target: &Target,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, ImageError> {
        let mut entry = describe(media_type, bytes, target)?;
        if !entry.digest.matches(bytes) {
            let found = Digest::of(entry.digest.algorithm(), bytes);
            return Err(ImageError::DigestMismatch { expected: entry.digest, found });
        }
        if !bytes.is_empty()
            && matches!(
                entry.artifact_type.as_deref(),
                Some(media_type::IMAGE_CONFIG | media_type::DOCKER_CONFIG)
            )
        {
            // An image is no artifact, and its notes stay in it.
            entry.artifact_type = None;
            entry.annotations.clear();
        }
        self.write_bytes(&entry.digest, bytes)?;
        let digest = entry.digest.clone();
        self.change(|entries| match target {
            Target::Tag(tag) => {
                entries.retain(|other| tag_of(other, None).as_ref() != Some(tag));
                entries
                    .retain(|other| other.digest != entry.digest || tag_of(other, None).is_some());
                entry.annotations.insert(REF_NAME.to_owned(), tag.to_string());
                mark_for_cosign(&mut entry, tag);
                entries.push(entry);
            }
            Target::Digest(digest) => {
                if !entries.iter().any(|other| other.digest == *digest) {
                    entries.push(entry);
                }
            }
        })?;
        Ok(digest)
    }

    /// Marks the entries of an image as `cosign save` would, so that cosign reads them as well.
    pub fn mark_image(&self, digest: &Digest) -> Result<(), ImageError> {
        self.change(|entries| {
            for entry in entries.iter_mut().filter(|entry| entry.digest == *digest) {
                let is_index = media_type::is_index(&entry.media_type);
                let kind = if is_index { COSIGN_INDEX } else { COSIGN_IMAGE };
                entry.annotations.insert(COSIGN_KIND.to_owned(), kind.to_owned());
            }
        })
    }

    /// What refers to a manifest: everything listed, and everything among the blobs.
    pub(crate) fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, ImageError> {
        let mut found = Vec::new();
        for digest in self.small_blobs()? {
            if self.subject(&digest)?.as_ref() == Some(subject) {
                let target = Target::Digest(digest);
                if let Some(manifest) = self.manifest(&target)? {
                    found.push(describe(&manifest.media_type, &manifest.bytes, &target)?);
                }
            }
        }
        found.sort_by(|a, b| a.digest.cmp(&b.digest));
        Ok(found)
    }

    /// What the manifest with this digest is about; `None` if it is no manifest or about nothing.
    fn subject(&self, digest: &Digest) -> Result<Option<Digest>, ImageError> {
        let path = self.blob_path(digest);
        // Most blobs are layers; a document begins with a brace.
        if !files::begins_with(&path, b'{')? {
            return Ok(None);
        }
        let bytes = files::read_if_there(&path, MAX_MANIFEST_BYTES as u64)?.unwrap_or_default();
        let manifest = Manifest::parse(&bytes, None).ok();
        Ok(manifest.and_then(|manifest| manifest.subject().map(|subject| subject.digest.clone())))
    }

    /// The digests of all blobs that are short enough for a manifest.
    fn small_blobs(&self) -> Result<Vec<Digest>, ImageError> {
        let mut all = Vec::new();
        for algorithm in lite_oci::DigestAlgorithm::ALL {
            let names = files::names_below(
                &self.root.join("blobs").join(algorithm.as_str()),
                MAX_MANIFEST_BYTES as u64,
                MAX_BLOBS,
            )?;
            let Some(names) = names else {
                let source = LayoutError::TooMany;
                return Err(ImageError::Layout { path: self.root.clone(), source });
            };
            let digest = |name: String| format!("{}:{name}", algorithm.as_str()).parse().ok();
            all.extend(names.into_iter().filter_map(digest));
        }
        Ok(all)
    }

    pub(crate) fn delete(&self, target: &Target) -> Result<bool, ImageError> {
        let Some(found) = self.manifest(target)? else { return Ok(false) };
        let mut last = false;
        self.change(|entries| {
            match target {
                Target::Tag(tag) => {
                    entries.retain(|entry| tag_of(entry, None).as_ref() != Some(tag));
                    // What cosign wrote has no tag of its own: it is the one with this digest.
                    if Attached::of_tag(tag).is_some() {
                        entries.retain(|entry| entry.digest != found.digest);
                    }
                }
                Target::Digest(digest) => entries.retain(|entry| entry.digest != *digest),
            }
            last = !entries.iter().any(|entry| entry.digest == found.digest);
        })?;
        // Unlisted, a manifest with a subject would still be found among the blobs.
        if last && (matches!(target, Target::Digest(_)) || self.subject(&found.digest)?.is_some()) {
            files::remove(&self.blob_path(&found.digest))?;
        }
        Ok(true)
    }

    pub(crate) async fn read_blob(&self, descriptor: &Descriptor) -> Result<Content, ImageError> {
        let path = self.blob_path(&descriptor.digest);
        if !path.is_file() {
            let name = format!("{} in {}", descriptor.digest, self.root.display());
            return Err(ImageError::NotFound { name });
        }
        Content::from_file(&path, descriptor).await
    }

    pub(crate) fn blob_exists(&self, digest: &Digest) -> bool {
        self.blob_path(digest).is_file()
    }

    pub(crate) async fn write_blob(
        &self,
        descriptor: &Descriptor,
        mut content: Content,
        progress: &OnBytes,
    ) -> Result<(), ImageError> {
        let mut file = files::Unnamed::beside(&self.blob_path(&descriptor.digest))?;
        while let Some(piece) = content.next().await? {
            file.append(&piece)?;
            progress(piece.len() as u64);
        }
        file.name()
    }

    /// Writes bytes whose digest the caller has computed.
    pub(crate) fn write_bytes(&self, digest: &Digest, bytes: &[u8]) -> Result<(), ImageError> {
        files::write(&self.blob_path(digest), bytes)
    }

    /// A digest holds nothing that leads out of a folder.
    pub(crate) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join(digest.algorithm().as_str()).join(digest.hex())
    }
}

fn kind_of(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(COSIGN_KIND).map(String::as_str)
}

fn is_cosigns_attachment(entry: &Descriptor) -> bool {
    matches!(kind_of(entry), Some(COSIGN_SIGNATURES | COSIGN_ATTESTATIONS))
}

/// The tag of an entry. `image` is what cosign's unnamed attachments belong to.
fn tag_of(entry: &Descriptor, image: Option<&Digest>) -> Option<Tag> {
    if let Some(name) = entry.annotations.get(REF_NAME) {
        // Some tools write the whole name.
        return name.rsplit([':', '/']).next().unwrap_or(name).parse().ok();
    }
    match kind_of(entry)? {
        COSIGN_SIGNATURES => Some(Attached::Signatures.tag(image?)),
        COSIGN_ATTESTATIONS => Some(Attached::Attestations.tag(image?)),
        _ => None,
    }
}

fn mark_for_cosign(entry: &mut Descriptor, tag: &Tag) {
    let kind = match Attached::of_tag(tag) {
        Some((_, Attached::Signatures)) => COSIGN_SIGNATURES,
        Some((_, Attached::Attestations)) => COSIGN_ATTESTATIONS,
        _ => return,
    };
    entry.annotations.insert(COSIGN_KIND.to_owned(), kind.to_owned());
}
