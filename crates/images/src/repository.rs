//! What can be asked of a place that holds manifests and blobs, wherever it is.

use bytes::Bytes;
use lite_oci::{Descriptor, Digest, Manifest, RepositoryName, Tag, Target, media_type};
use serde::Deserialize;

use crate::content::{Content, OnBytes};
use crate::error::ImageError;
use crate::layout::Layout;
use crate::registry::Remote;

/// A manifest that was read and whose digest was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub digest: Digest,
    /// What it was sent as.
    pub media_type: String,
    /// It.
    pub bytes: Bytes,
}

impl Found {
    /// The shortest descriptor of it.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(&self.media_type, self.digest.clone(), self.bytes.len() as u64)
    }

    /// It, read.
    pub fn parse(&self) -> Result<Manifest, ImageError> {
        Manifest::parse(&self.bytes, Some(&self.media_type))
            .map_err(|source| ImageError::Manifest { name: self.digest.to_string(), source })
    }
}

/// A repository in a registry, or a folder in OCI's image layout.
#[derive(Clone, Debug)]
pub enum Repository {
    /// In a registry.
    Remote(Remote),
    /// In a folder. Its calls block the thread for as long as the disk takes.
    Layout(Layout),
}

impl Repository {
    /// The manifest; `None` if there is none.
    pub async fn manifest(&self, target: &Target) -> Result<Option<Found>, ImageError> {
        match self {
            Self::Remote(remote) => remote.manifest(target).await,
            Self::Layout(layout) => layout.manifest(target),
        }
    }

    /// What [`Repository::manifest`] would bring, without bringing it; `None` if there is none.
    pub async fn head(&self, target: &Target) -> Result<Option<Descriptor>, ImageError> {
        match self {
            Self::Remote(remote) => remote.head(target).await,
            Self::Layout(layout) => Ok(layout.manifest(target)?.map(|found| found.descriptor())),
        }
    }

    /// A whole blob of at most `limit` bytes.
    pub async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Bytes, ImageError> {
        // Before anything is asked for: the descriptor itself says that it is too large.
        if descriptor.size > limit {
            return Err(ImageError::TooLarge { name: descriptor.digest.to_string(), limit });
        }
        self.read_blob(descriptor).await?.whole(limit).await
    }

    /// A blob, in pieces.
    pub async fn read_blob(&self, descriptor: &Descriptor) -> Result<Content, ImageError> {
        match self {
            Self::Remote(remote) => remote.read_blob(descriptor).await,
            Self::Layout(layout) => layout.read_blob(descriptor).await,
        }
    }

    /// Whether a blob is there.
    pub async fn blob_exists(&self, digest: &Digest) -> Result<bool, ImageError> {
        match self {
            Self::Remote(remote) => remote.blob_exists(digest).await,
            Self::Layout(layout) => Ok(layout.blob_exists(digest)),
        }
    }

    /// Writes a blob that is not there. `from` is a repository of the same registry that has it.
    pub async fn write_blob(
        &self,
        descriptor: &Descriptor,
        from: Option<&RepositoryName>,
        content: impl AsyncFnOnce() -> Result<Content, ImageError>,
        progress: &OnBytes,
    ) -> Result<(), ImageError> {
        match self {
            Self::Remote(remote) => remote.write_blob(descriptor, from, content, progress).await,
            Self::Layout(layout) => layout.write_blob(descriptor, content().await?, progress).await,
        }
    }

    /// Writes bytes as a blob, unless it is there; its descriptor has the general media type of
    /// bytes, which the caller replaces by a better one.
    pub async fn put_blob(&self, bytes: Bytes) -> Result<Descriptor, ImageError> {
        let descriptor = Descriptor::of("application/octet-stream", &bytes);
        if !self.blob_exists(&descriptor.digest).await? {
            let content = async || Ok(Content::of(bytes, &descriptor));
            self.write_blob(&descriptor, None, content, &crate::silent()).await?;
        }
        Ok(descriptor)
    }

    /// Writes a manifest under a tag, or under its own digest. What it names must be there.
    pub async fn put_manifest(
        &self,
        target: &Target,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Digest, ImageError> {
        match self {
            Self::Remote(remote) => remote.put_manifest(target, media_type, bytes).await,
            Self::Layout(layout) => layout.put_manifest(target, media_type, &bytes),
        }
    }

    /// Writes a manifest that an index will name.
    pub(crate) async fn put_child(
        &self,
        descriptor: &Descriptor,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<(), ImageError> {
        match self {
            Self::Remote(remote) => {
                let target = Target::Digest(descriptor.digest.clone());
                remote.put_manifest(&target, media_type, bytes).await.map(drop)
            }
            Self::Layout(layout) => layout.write_bytes(&descriptor.digest, &bytes),
        }
    }

    /// What refers to the manifest with this digest, of one type or of all.
    pub async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, ImageError> {
        match self {
            Self::Remote(remote) => remote.referrers(subject, artifact_type).await,
            Self::Layout(layout) => Ok(of_type(layout.referrers(subject)?, artifact_type)),
        }
    }

    /// Writes a manifest that refers to `subject`, and sees to it that it is found from there.
    pub async fn put_referrer(
        &self,
        media_type: &str,
        bytes: Bytes,
        subject: &Digest,
    ) -> Result<Digest, ImageError> {
        match self {
            Self::Remote(remote) => remote.put_referrer(media_type, bytes, subject).await,
            Self::Layout(layout) => {
                let target = Target::Digest(Digest::sha256(&bytes));
                layout.put_manifest(&target, media_type, &bytes)
            }
        }
    }

    /// Deletes what refers to `subject`, and its entry where the registry keeps no list itself;
    /// `false` if there was none.
    pub async fn delete_referrer(
        &self,
        subject: &Digest,
        referrer: &Digest,
    ) -> Result<bool, ImageError> {
        let deleted = self.delete(&Target::Digest(referrer.clone())).await?;
        if let Self::Remote(remote) = self {
            remote.forget_referrer(subject, referrer).await?;
        }
        Ok(deleted)
    }

    /// Deletes a tag or a manifest; `false` if there was none.
    pub async fn delete(&self, target: &Target) -> Result<bool, ImageError> {
        match self {
            Self::Remote(remote) => remote.delete(target).await,
            Self::Layout(layout) => layout.delete(target),
        }
    }

    /// All tags.
    pub async fn tags(&self) -> Result<Vec<Tag>, ImageError> {
        match self {
            Self::Remote(remote) => remote.tags().await,
            Self::Layout(layout) => layout.tags(),
        }
    }

    /// What is at a target, with everything that a command would say when it is not.
    pub async fn require(&self, target: &Target) -> Result<Found, ImageError> {
        let missing = || ImageError::NotFound { name: self.shown(target) };
        self.manifest(target).await?.ok_or_else(missing)
    }

    /// What a person calls something in here.
    #[must_use]
    pub fn shown(&self, target: &Target) -> String {
        let separator = match target {
            Target::Tag(_) => ':',
            Target::Digest(_) => '@',
        };
        match self {
            Self::Remote(remote) => {
                format!("{}/{}{separator}{target}", remote.registry(), remote.name())
            }
            Self::Layout(layout) => format!("oci:{}{separator}{target}", layout.path().display()),
        }
    }
}

/// The descriptor of a manifest as a list of referrers has it: with the artifact type and the
/// annotations that the manifest itself has.
///
/// OCI distribution specification, "Listing Referrers".
pub(crate) fn describe(
    media_type: &str,
    bytes: &[u8],
    target: &Target,
) -> Result<Descriptor, ImageError> {
    let manifest = Manifest::parse(bytes, Some(media_type))
        .map_err(|source| ImageError::Manifest { name: target.to_string(), source })?;
    let digest = match target {
        Target::Digest(digest) => digest.clone(),
        Target::Tag(_) => Digest::sha256(bytes),
    };
    let mut descriptor = Descriptor::new(media_type, digest, bytes.len() as u64);
    descriptor.artifact_type = manifest.artifact_type().map(str::to_owned);
    descriptor.annotations = manifest.annotations().clone();
    Ok(descriptor)
}

pub(crate) fn of_type(all: Vec<Descriptor>, wanted: Option<&str>) -> Vec<Descriptor> {
    let fits = |one: &Descriptor| wanted.is_none_or(|w| one.artifact_type.as_deref() == Some(w));
    all.into_iter().filter(fits).collect()
}

/// The type that a manifest says it has.
pub(crate) fn own_media_type(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Own {
        #[serde(rename = "mediaType")]
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    let own: Own = serde_json::from_slice(bytes).ok()?;
    let by_shape = || own.manifests.is_some().then(|| media_type::IMAGE_INDEX.to_owned());
    own.media_type.filter(|own| media_type::MANIFESTS.contains(&own.as_str())).or_else(by_shape)
}
