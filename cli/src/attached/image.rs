//! An image as a command meets it: what was typed, what that is now, and where its signatures are.

use std::path::Path;

use lite_images::layout::Layout;
use lite_images::{Found, Registry, Repository};
use lite_keys::HashAlgorithm;
use lite_oci::signatures::is_made_of_a_digest;
use lite_oci::{Digest, DigestAlgorithm, Manifest, Reference, Tag, Target};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::registry_flags::signature_repository;
use crate::registry_words::Told as _;
use crate::surroundings::Environment;

/// Where an image and what is attached to it are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The image's manifests.
    pub(crate) images: Repository,
    /// Signatures and attestations: the same repository, unless `COSIGN_REPOSITORY` says another.
    pub(crate) attached: Repository,
}

/// An image that is there.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// As it was named, defaults filled in.
    pub(crate) name: String,
    /// The name without tag and digest, `HOST/NAME`: cosign calls it the image's identity.
    pub(crate) repository: String,
    /// The tag it was named by, which can move.
    pub(crate) tag: Option<Tag>,
    /// Its manifest, or its index of manifests.
    pub(crate) manifest: Found,
    /// Where.
    pub(crate) place: Place,
}

impl Image {
    /// Asks a registry what a reference names now.
    pub(crate) async fn in_registry(
        name: &str,
        registry: &Registry,
        env: &dyn Environment,
    ) -> Outcome<Self> {
        let reference = reference(name)?;
        let place = Place {
            images: registry.repository(&reference),
            attached: registry.repository(&signature_repository(&reference, env)?),
        };
        let target = reference.target();
        let manifest = place.images.manifest(&target).await.told()?;
        let Some(manifest) = manifest else {
            return Err(missing(&reference, &place.images).await);
        };
        let tag = match target {
            Target::Tag(tag) => Some(tag),
            Target::Digest(_) => None,
        };
        let (name, repository) = (reference.to_string(), reference.context());
        Ok(Self { name, repository, tag, manifest, place })
    }

    /// The one image of a folder in OCI's image layout, as `siglite save` and `cosign save` leave
    /// it.
    pub(crate) async fn in_layout(folder: &Path) -> Outcome<Self> {
        let layout = Layout::open(folder).told()?;
        let only = layout.only_image().told()?;
        let only = only.ok_or_else(|| {
            Failure::new(Exit::NoImage, format!("{} does not hold one image", folder.display()))
                .hint("siglite save IMAGE --dir DIR makes such a folder")
        })?;
        let images = Repository::Layout(layout);
        let target = Target::Digest(only.digest);
        let manifest = images.require(&target).await.told()?;
        Ok(Self {
            name: folder.display().to_string(),
            repository: folder.display().to_string(),
            tag: None,
            manifest,
            place: Place { attached: images.clone(), images },
        })
    }

    /// Another manifest of the same repository.
    pub(crate) fn sibling(&self, manifest: Found) -> Self {
        let name = format!("{}@{}", self.repository, manifest.digest);
        Self { name, tag: None, manifest, ..self.clone() }
    }

    /// The digest of its manifest: what is signed.
    pub(crate) const fn digest(&self) -> &Digest {
        &self.manifest.digest
    }

    /// The digest as the verifier takes it.
    pub(crate) fn artifact(&self) -> lite_verifier::Artifact<'static> {
        lite_verifier::Artifact::of_digests([hashed(self.digest())])
    }

    /// `HOST/NAME@DIGEST`: the name that does not move.
    pub(crate) fn by_digest(&self) -> String {
        format!("{}@{}", self.repository, self.digest())
    }

    /// It, and where `recursive` says so the images of all platforms that it lists.
    pub(crate) async fn with_platforms(self, recursive: bool) -> Outcome<Vec<Self>> {
        let platforms = if recursive { self.platforms().await? } else { Vec::new() };
        Ok(std::iter::once(self).chain(platforms).collect())
    }

    /// The images of all platforms that it lists, those within a list too; of one image there are
    /// none.
    async fn platforms(&self) -> Outcome<Vec<Self>> {
        let mut images: Vec<Self> = Vec::new();
        let mut lists = vec![self.manifest.clone()];
        while let Some(list) = lists.pop() {
            let Manifest::Index(index) = list.parse().told()? else {
                continue;
            };
            for listed in index.manifests {
                let seen = |image: &Self| image.manifest.digest == listed.digest;
                if images.iter().any(seen) {
                    continue;
                }
                let target = Target::Digest(listed.digest.clone());
                let found = self.place.images.require(&target).await;
                let manifest = found.told()?;
                if lite_oci::media_type::is_index(&manifest.media_type) {
                    lists.push(manifest.clone());
                }
                images.push(self.sibling(manifest));
                if images.len() > lite_oci::MAX_DESCRIPTORS {
                    return Err(Failure::new(Exit::Refused, "the index lists too many images"));
                }
            }
        }
        Ok(images)
    }
}

/// Reads what names an image.
pub(crate) fn reference(name: &str) -> Outcome<Reference> {
    name.parse().map_err(|error: lite_oci::ReferenceError| {
        Failure::usage(format!("{name} does not name an image"))
            .because(&error)
            .hint("an image is named HOST[:PORT]/NAME[:TAG][@sha256:…], as localhost:7070/app:v1")
    })
}

/// A digest as the verifier and statements have it.
pub(crate) fn hashed(digest: &Digest) -> (HashAlgorithm, Vec<u8>) {
    let algorithm = match digest.algorithm() {
        DigestAlgorithm::Sha256 => HashAlgorithm::Sha256,
        DigestAlgorithm::Sha512 => HashAlgorithm::Sha512,
    };
    // A digest holds hexadecimal by construction.
    (algorithm, hex::decode(digest.hex()).unwrap_or_default())
}

/// What to say about an image that is not there: which tags are.
async fn missing(reference: &Reference, repository: &Repository) -> Failure {
    let failure = Failure::new(Exit::NoImage, format!("{reference} does not exist"));
    let tags = repository.tags().await.unwrap_or_default();
    let people = |tag: &&Tag| !is_made_of_a_digest(tag);
    let tags: Vec<&str> = tags.iter().filter(people).map(Tag::as_str).take(8).collect();
    if tags.is_empty() {
        return failure.hint("is it pushed? siglite image list REGISTRY shows what there is");
    }
    let hint = format!("siglite image list {} shows all of them", reference.context());
    failure.note("tags there", tags.join(", ")).hint(hint)
}
