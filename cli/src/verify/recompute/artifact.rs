//! What was signed, as a reader has it: a file, bytes that are written down, or a digest.

use std::path::{Path, PathBuf};

use lite_keys::HashAlgorithm;

use super::shell::Script;
use crate::artifact::{Artifact, ArtifactDigest};

/// An artifact, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Named<'a> {
    place: Place<'a>,
    digests: Vec<(HashAlgorithm, Vec<u8>)>,
    /// The bytes, where they are at hand.
    bytes: Option<&'a [u8]>,
}

#[derive(Clone, Debug)]
enum Place<'a> {
    /// A file, by its absolute path.
    File(PathBuf),
    /// Bytes that are no file.
    Inline(&'a [u8]),
    /// Somewhere else.
    Elsewhere,
}

impl<'a> Named<'a> {
    /// As it was named on the command line; the file's bytes, or digests that were made of it.
    pub(crate) fn on_the_line(
        artifact: &Artifact,
        bytes: Option<&'a [u8]>,
        digests: &[ArtifactDigest],
    ) -> Self {
        let place = match artifact {
            // Without a current folder there is no absolute path, and nothing to name it by.
            Artifact::File(path) => std::path::absolute(path).map_or(Place::Elsewhere, Place::File),
            Artifact::Stdin | Artifact::Digest(_) => Place::Elsewhere,
        };
        let made = digests.iter().map(|one| (one.algorithm, one.bytes.clone()));
        Self { place, digests: made.collect(), bytes }
    }

    /// Bytes that came from somewhere else than a file.
    pub(crate) fn of_bytes(bytes: &'a [u8]) -> Self {
        Self { place: Place::Inline(bytes), digests: Vec::new(), bytes: Some(bytes) }
    }

    /// Something that only its digest stands for.
    pub(crate) fn of_digest(hash: HashAlgorithm, digest: Vec<u8>) -> Self {
        Self { place: Place::Elsewhere, digests: vec![(hash, digest)], bytes: None }
    }

    /// The digest, where it is known.
    pub(super) fn digest(&self, hash: HashAlgorithm) -> Option<Vec<u8>> {
        match self.bytes {
            Some(bytes) => Some(hash.digest(bytes)),
            None => self.digests.iter().find(|(known, _)| *known == hash).map(|(_, d)| d.clone()),
        }
    }

    /// The bytes, where they are at hand.
    pub(super) const fn bytes(&self) -> Option<&[u8]> {
        self.bytes
    }

    /// The file's path, where it is a file.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Inline(_) | Place::Elsewhere => None,
        }
    }

    /// Makes the artifact known to a script; how the script calls it, or `None` where there is
    /// nothing to read.
    pub(super) fn in_script(&self, script: &mut Script) -> Option<&'static str> {
        match &self.place {
            Place::File(path) => {
                script.artifact(path);
                Some("\"$f\"")
            }
            Place::Inline(bytes) => {
                script.write("artifact.bin", bytes);
                Some("artifact.bin")
            }
            Place::Elsewhere => None,
        }
    }
}
