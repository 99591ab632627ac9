//! Where everything lies on disk.
//!
//! ```text
//! DIR/lock                                            held while a process runs the registry
//! DIR/uploads/ID                                      an upload that is not complete; emptied at a start
//! DIR/repositories/NAME/_blobs/ALGORITHM/HEX          the bytes of a blob
//! DIR/repositories/NAME/_manifests/ALGORITHM/HEX      the bytes of a manifest
//! DIR/repositories/NAME/_tags/TAG                     the digest that the tag leads to, and since when
//! ```
//!
//! A blob in several repositories is one file with several names (hard links): the kernel counts
//! them, and the last to go frees the bytes. Part of a repository's name begins with a letter or a
//! digit, so none meets `_blobs`, `_manifests` or `_tags`.

use std::path::{Path, PathBuf};

use lite_oci::{Digest, RepositoryName, Tag};

pub(super) const BLOBS: &str = "_blobs";
pub(super) const MANIFESTS: &str = "_manifests";
pub(super) const TAGS: &str = "_tags";

/// The registry's folder.
#[derive(Clone, Debug)]
pub(super) struct Layout(PathBuf);

impl Layout {
    pub(super) fn new(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    pub(super) fn uploads(&self) -> PathBuf {
        self.0.join("uploads")
    }

    pub(super) fn repositories(&self) -> PathBuf {
        self.0.join("repositories")
    }

    pub(super) fn repository(&self, name: &RepositoryName) -> Folder {
        Folder(self.repositories().join(name.as_str()))
    }
}

/// A repository's folder. Digests and tags hold nothing that would lead out of it.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn kind(&self, kind: &str) -> PathBuf {
        self.0.join(kind)
    }

    pub(super) fn blob(&self, digest: &Digest) -> PathBuf {
        self.content(BLOBS, digest)
    }

    pub(super) fn manifest(&self, digest: &Digest) -> PathBuf {
        self.content(MANIFESTS, digest)
    }

    pub(super) fn tag(&self, tag: &Tag) -> PathBuf {
        self.0.join(TAGS).join(tag.as_str())
    }

    fn content(&self, kind: &str, digest: &Digest) -> PathBuf {
        self.0.join(kind).join(digest.algorithm().as_str()).join(digest.hex())
    }
}
