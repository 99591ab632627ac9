//! OCI's documents: what names an image, what describes it, and where its signatures are.
//!
//! Read in this order: [`Digest`] (what never moves), [`Reference`] (what people type), then
//! [`Descriptor`] and [`Manifest`] (foreign bytes become a description or a refusal), then
//! [`signatures`] (tags and annotations that cosign gave a meaning) and [`SimpleSigning`] (what a
//! signature of the older format is over).
//!
//! In scope: the OCI distribution and image specifications 1.1, Docker's manifests of version 2,
//! cosign's conventions. Not here: files and sockets (`lite-images` as a client, `registry-lite` as
//! a server), bundles (`lite-bundle`).
//!
//! **Invariant:** a [`Digest`], a [`RepositoryName`] and a [`Tag`] hold nothing that leads out of
//! the folder they are used as a file name in.
//!
//! **Invariant:** sizes and counts are checked before anything is decoded.

mod descriptor;
mod digest;
mod manifest;
pub mod media_type;
mod name;
mod reference;
pub mod signatures;
mod simple_signing;

pub use descriptor::{Annotations, Descriptor, Platform, PlatformError};
pub use digest::{Digest, DigestAlgorithm, DigestError, Hasher};
pub use manifest::{
    ImageManifest, Index, MAX_DESCRIPTORS, MAX_MANIFEST_BYTES, Manifest, ManifestError,
};
pub use name::{NameError, RepositoryName, Tag, TagError, Target, TargetError};
pub use reference::{DEFAULT_REGISTRY, Reference, ReferenceError};
pub use simple_signing::{SimpleSigning, SimpleSigningError};
