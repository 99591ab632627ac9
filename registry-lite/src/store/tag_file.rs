//! What the file of a tag holds.

use std::io;
use std::path::Path;

use lite_oci::Digest;
use lite_store::durable;
use serde::{Deserialize, Serialize};

/// `{"digest":"sha256:…","at":1700000000000}`
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TagFile {
    /// Where the tag leads.
    pub(super) digest: Digest,
    /// Since when, in milliseconds since 1970: the lifetime of a tag begins then.
    pub(super) at: i64,
}

impl TagFile {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        durable::write(path, &serde_json::to_vec(self)?, durable::PUBLIC)
    }
}
