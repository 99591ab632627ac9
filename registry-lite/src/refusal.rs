//! Why the registry does not do what it was asked.

use std::io;

use lite_oci::{Digest, DigestError, ManifestError, NameError, TagError};

/// A reason, in one word. Which status and which of the specification's codes it becomes is the
/// business of `http/error.rs`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A manifest of the repository names the blob.
    #[error("a manifest still names this blob")]
    BlobNamed,
    /// More bytes than a blob may have.
    #[error("the blob is larger than this registry takes")]
    BlobTooLarge,
    /// The repository has no such blob.
    #[error("blob unknown to registry")]
    BlobUnknown,
    /// The caller may not do this.
    #[error("requested access to the resource is denied")]
    Denied,
    /// The text is no digest.
    #[error("invalid digest: {0}")]
    Digest(#[from] DigestError),
    /// A push must name its digest.
    #[error("the digest parameter is missing")]
    DigestMissing,
    /// The bytes have another digest.
    #[error("provided digest did not match uploaded content")]
    DigestMismatch,
    /// The disk refuses. What was promised before is there all the same.
    #[error("the registry's disk refuses")]
    Disk(#[source] io::Error),
    /// A manifest names what the repository does not have.
    #[error("manifest references a manifest or blob unknown to registry")]
    ManifestBlobUnknown(Vec<Digest>),
    /// The bytes are no manifest.
    #[error("manifest invalid: {0}")]
    Manifest(#[from] ManifestError),
    /// A manifest is sent as one type and is another.
    #[error("manifest invalid: it is not of the type that it is sent with")]
    ManifestType,
    /// An index of the repository lists the manifest.
    #[error("an index still lists this manifest")]
    ManifestNamed,
    /// A manifest gives something another size than it has.
    #[error("manifest invalid: {0} has another size than the manifest says")]
    ManifestSize(Digest),
    /// The repository has no such manifest.
    #[error("manifest unknown")]
    ManifestUnknown,
    /// The path holds no operation with this method.
    #[error("the operation is unsupported")]
    Method,
    /// The text is no name of a repository.
    #[error("invalid repository name: {0}")]
    Name(#[from] NameError),
    /// There is no such repository.
    #[error("repository name not known to registry")]
    NameUnknown,
    /// `n` is no number.
    #[error("the parameter n is not a number")]
    PageSize,
    /// The tag does not lead to what the client thinks it does.
    #[error("the tag has moved since it was read")]
    Precondition,
    /// No part of the blob lies in the range.
    #[error("the range lies outside of the blob, which has {0} bytes")]
    RangeOutside(u64),
    /// The text is no tag.
    #[error("invalid tag: {0}")]
    Tag(#[from] TagError),
    /// More uploads at once than the registry takes, or a second request on one of them.
    #[error("too many uploads at the same time")]
    TooManyUploads,
    /// More tags than a push may give at once.
    #[error("too many tags in one push")]
    TooManyTags,
    /// The request needs a caller with a name.
    #[error("authentication required")]
    Unauthorized,
    /// The body ended before it was complete. What arrived is kept: the upload can go on.
    #[error("the upload broke off after {0} bytes")]
    UploadBroken(u64),
    /// A chunk does not begin where the one before ended.
    #[error("the chunk does not begin where the upload stands, at {0} bytes")]
    UploadOutOfOrder(u64),
    /// `Content-Range` is not `START-END`.
    #[error("Content-Range is not START-END")]
    UploadRange,
    /// A chunk is not as long as its `Content-Range` says.
    #[error("the chunk has another length than its Content-Range says")]
    UploadSize,
    /// There is no such upload, or no longer.
    #[error("blob upload unknown to registry")]
    UploadUnknown,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}
