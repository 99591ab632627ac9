//! The media types that images and signatures go by.

/// An OCI image manifest.
pub const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index: one manifest a platform, or the answer of the referrers API.
pub const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// An OCI image configuration.
pub const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A layer as a tar archive.
pub const LAYER_TAR: &str = "application/vnd.oci.image.layer.v1.tar";
/// A layer as a tar archive compressed with gzip.
pub const LAYER_TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A layer as a tar archive compressed with Zstandard.
pub const LAYER_TAR_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// `{}`, the configuration of a manifest that is no image.
pub const EMPTY_JSON: &str = "application/vnd.oci.empty.v1+json";

/// Docker's image manifest, version 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's image configuration.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker's layer.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// A Sigstore bundle of v0.3: a layer, and the type of the artifact that holds it.
pub const BUNDLE_V0_3: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What every version of a bundle as an artifact begins with.
pub const BUNDLE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";
/// The payload of a signature in cosign's older format.
pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// A DSSE envelope: an attestation in cosign's older format.
pub const DSSE_ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// The media types of everything that may stand behind `/manifests/`.
pub const MANIFESTS: [&str; 4] = [IMAGE_MANIFEST, IMAGE_INDEX, DOCKER_MANIFEST, DOCKER_LIST];

/// Whether the type is that of a list of manifests.
#[must_use]
pub fn is_index(media_type: &str) -> bool {
    matches!(media_type, IMAGE_INDEX | DOCKER_LIST)
}

/// Whether the type is that of one image's manifest.
#[must_use]
pub fn is_image(media_type: &str) -> bool {
    matches!(media_type, IMAGE_MANIFEST | DOCKER_MANIFEST)
}
