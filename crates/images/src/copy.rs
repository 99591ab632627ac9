//! From one place to another: an image, what it consists of, and what is attached to it.
//!
//! The numbered story is [`copy`]'s. Its order keeps the destination whole at every moment: nothing
//! is named before everything it names is there, and an image is there before its signatures.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lite_oci::signatures::Attached;
use lite_oci::{Descriptor, Digest, Manifest, Platform, RepositoryName, Target, media_type};

use crate::content::OnBytes;
use crate::error::ImageError;
use crate::repository::{Found, Repository};

/// How many blobs travel at once.
const PARALLEL: usize = 4;
/// How deep indexes may be in indexes, and referrers of referrers.
const MAX_DEPTH: usize = 4;
/// Most manifests that one copy moves.
const MAX_MANIFESTS: usize = 10_000;

/// What a copy tells while it goes on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A blob is about to travel.
    Blob(Descriptor),
    /// So many bytes of blobs have arrived.
    Bytes(u64),
    /// A manifest is in its place, with everything it names.
    Manifest(Descriptor),
}

/// What is copied beside the image itself.
#[derive(Clone)]
pub struct Options {
    /// Only these platforms of an index; none named is all. One of them becomes the image itself;
    /// several become an index of their own, whose digest nobody has signed.
    pub platforms: Vec<Platform>,
    /// The tags of cosign's older formats that come along.
    pub attached: Vec<Attached>,
    /// Whether what refers to the image comes along: bundles, and whatever else there is.
    pub referrers: bool,
    /// Told what goes on.
    pub on_event: Arc<dyn Fn(Event) + Send + Sync>,
}

impl Options {
    /// Everything: all platforms, and whatever is attached in any format.
    pub fn everything(on_event: Arc<dyn Fn(Event) + Send + Sync>) -> Self {
        Self { attached: Attached::ALL.to_vec(), referrers: true, on_event, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            platforms: Vec::new(),
            attached: Vec::new(),
            referrers: false,
            on_event: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("platforms", &self.platforms)
            .field("attached", &self.attached)
            .field("referrers", &self.referrers)
            .finish_non_exhaustive()
    }
}

/// Why something was not copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// A place failed.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// An index that holds no image for a platform that was asked for.
    #[error("there is no image for {0}")]
    NoPlatform(Platform),
    /// Indexes in indexes, or more manifests than any image has.
    #[error("the image has too many parts")]
    TooMany,
}

/// What a copy has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The image as it is at the destination.
    pub image: Descriptor,
    /// How many signatures, attestations and other attachments came along.
    pub attached: usize,
}

struct Copy<'a> {
    from: &'a Repository,
    /// Where attachments are read; mostly the same.
    from_attached: &'a Repository,
    to: &'a Repository,
    options: &'a Options,
    manifests: usize,
}

/// Copies the image at `what` to `name`, and what is attached to it, which is read in `attached`.
pub async fn copy(
    from: &Repository,
    what: &Target,
    attached: &Repository,
    to: &Repository,
    name: Option<&Target>,
    options: &Options,
) -> Result<Copied, CopyError> {
    let mut copy = Copy { from, from_attached: attached, to, options, manifests: 0 };
    // (1) The image, or the part of it that was asked for.
    let root = copy.chosen(from.require(what).await?).await?;
    // (2) Everything it names, bottom first, then (3) the image under its name.
    let mut images = BTreeSet::new();
    copy.parts(&root, from, &mut images, 0).await?;
    let by_digest = Target::Digest(root.digest.clone());
    to.put_manifest(name.unwrap_or(&by_digest), &root.media_type, root.bytes.clone()).await?;
    (options.on_event)(Event::Manifest(root.descriptor()));
    // (4) What is attached to it and to its parts.
    images.insert(root.digest.clone());
    let mut attached = 0;
    for image in &images {
        attached += copy.attachments(image).await?;
        if options.referrers {
            attached += copy.referrers(image, 0).await?;
        }
    }
    Ok(Copied { image: root.descriptor(), attached })
}

/// Copies only what is attached to `image`, which the destination has already or need not have.
pub async fn copy_attached(
    from: &Repository,
    image: &Digest,
    to: &Repository,
    options: &Options,
) -> Result<usize, CopyError> {
    let mut copy = Copy { from, from_attached: from, to, options, manifests: 0 };
    let mut attached = copy.attachments(image).await?;
    if options.referrers {
        attached += copy.referrers(image, 0).await?;
    }
    Ok(attached)
}

impl Copy<'_> {
    async fn chosen(&self, found: Found) -> Result<Found, CopyError> {
        let wanted = &self.options.platforms;
        let Manifest::Index(mut index) = found.parse()? else { return Ok(found) };
        if wanted.is_empty() {
            return Ok(found);
        }
        let mut chosen: Vec<Descriptor> = Vec::new();
        for platform in wanted {
            let fits = |one: &&Descriptor| {
                one.platform.as_ref().is_some_and(|has| has.satisfies(platform))
            };
            let one = index.manifests.iter().find(fits);
            chosen.push(one.cloned().ok_or_else(|| CopyError::NoPlatform(platform.clone()))?);
        }
        if let [only] = &chosen[..] {
            return Ok(self.from.require(&Target::Digest(only.digest.clone())).await?);
        }
        index.manifests = chosen;
        let bytes = Bytes::from(index.to_json());
        let digest = Digest::sha256(&bytes);
        Ok(Found { digest, bytes, ..found })
    }

    /// Copies what a manifest names. The digests of the images in it go to `images`.
    async fn parts(
        &mut self,
        found: &Found,
        from: &Repository,
        images: &mut BTreeSet<Digest>,
        depth: usize,
    ) -> Result<(), CopyError> {
        self.manifests += 1;
        if depth > MAX_DEPTH || self.manifests > MAX_MANIFESTS {
            return Err(CopyError::TooMany);
        }
        let manifest = found.parse()?;
        let (children, blobs): (Vec<_>, Vec<_>) = manifest
            .referenced()
            .cloned()
            .partition(|part| media_type::MANIFESTS.contains(&part.media_type.as_str()));
        self.blobs(blobs, from).await?;
        for child in children {
            let part = from.require(&Target::Digest(child.digest.clone())).await?;
            Box::pin(self.parts(&part, from, images, depth + 1)).await?;
            self.to.put_child(&child, &part.media_type, part.bytes.clone()).await?;
            images.insert(child.digest.clone());
            (self.options.on_event)(Event::Manifest(child));
        }
        Ok(())
    }

    async fn blobs(&self, blobs: Vec<Descriptor>, from: &Repository) -> Result<(), CopyError> {
        let mut seen = BTreeSet::new();
        let once = blobs.into_iter().filter(|blob| seen.insert(blob.digest.clone()));
        // Layers that their licence keeps where they are: the manifest says where.
        let here = once.filter(|blob| blob.urls.is_empty());
        let transfers = here.map(|blob| self.blob(blob, from));
        stream::iter(transfers).buffer_unordered(PARALLEL).try_collect::<()>().await
    }

    async fn blob(&self, blob: Descriptor, from: &Repository) -> Result<(), CopyError> {
        if self.to.blob_exists(&blob.digest).await? {
            return Ok(());
        }
        let on_event = Arc::clone(&self.options.on_event);
        on_event(Event::Blob(blob.clone()));
        let progress: OnBytes = Arc::new(move |bytes| on_event(Event::Bytes(bytes)));
        let content = async || from.read_blob(&blob).await;
        self.to.write_blob(&blob, self.mountable(from), content, &progress).await?;
        Ok(())
    }

    /// The repository to mount from, where both are in one registry.
    fn mountable<'b>(&self, from: &'b Repository) -> Option<&'b RepositoryName> {
        match (from, self.to) {
            (Repository::Remote(from), Repository::Remote(to))
                if from.registry() == to.registry() =>
            {
                Some(from.name())
            }
            _ => None,
        }
    }

    /// The tags of cosign's older formats.
    async fn attachments(&mut self, image: &Digest) -> Result<usize, CopyError> {
        let mut count = 0;
        for attached in &self.options.attached {
            let target = Target::Tag(attached.tag(image));
            let Some(found) = self.from_attached.manifest(&target).await? else { continue };
            self.parts(&found, self.from_attached, &mut BTreeSet::new(), 0).await?;
            self.to.put_manifest(&target, &found.media_type, found.bytes.clone()).await?;
            (self.options.on_event)(Event::Manifest(found.descriptor()));
            count += 1;
        }
        Ok(count)
    }

    async fn referrers(&mut self, subject: &Digest, depth: usize) -> Result<usize, CopyError> {
        if depth > MAX_DEPTH {
            return Err(CopyError::TooMany);
        }
        let mut count = 0;
        for referrer in self.from_attached.referrers(subject, None).await? {
            let target = Target::Digest(referrer.digest.clone());
            // A list may name what was deleted since.
            let Some(found) = self.from_attached.manifest(&target).await? else { continue };
            self.parts(&found, self.from_attached, &mut BTreeSet::new(), 0).await?;
            self.to.put_referrer(&found.media_type, found.bytes.clone(), subject).await?;
            (self.options.on_event)(Event::Manifest(found.descriptor()));
            count += 1 + Box::pin(self.referrers(&referrer.digest, depth + 1)).await?;
        }
        Ok(count)
    }
}
