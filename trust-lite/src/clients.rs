//! The documents as people and `--trust-config` take them: plain files under plain names.

use std::path::Path;

use bytes::Bytes;

use lite_store::durable;

use crate::documents::{
    Documents, SIGNING_CONFIG, SIGNING_CONFIG_REKOR_V1, TRUSTED_ROOT, TRUSTED_ROOT_ECDSA,
};
use crate::error::UpdateError;

/// Their names, in the order in which they are told.
pub(crate) const NAMES: [&str; 6] = [
    "root.json",
    "trusted_root.json",
    "signing_config.json",
    "trust_config.json",
    "trusted_root_ecdsa.json",
    "signing_config_rekor_v1.json",
];

/// What a client on this machine, or one with a browser, starts from.
#[derive(Clone, Debug)]
pub(crate) struct ClientFiles([Bytes; NAMES.len()]);

impl ClientFiles {
    /// The newest TUF root, trusted root, signing config, the two in one (`ClientTrustConfig`);
    /// and for older clients a root with ECDSA logs alone, and a config with API v1 alone.
    pub(crate) fn new(root: Bytes, documents: &Documents) -> Self {
        let copy = |name| Bytes::from(documents.contents(name).to_vec());
        Self([
            root,
            copy(TRUSTED_ROOT),
            copy(SIGNING_CONFIG),
            documents.trust_config.clone().into_bytes().into(),
            copy(TRUSTED_ROOT_ECDSA),
            copy(SIGNING_CONFIG_REKOR_V1),
        ])
    }

    /// Their names and contents.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &Bytes)> {
        NAMES.into_iter().zip(&self.0)
    }

    /// Writes those that `dir` does not hold yet.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), UpdateError> {
        let failed = |path: &Path, source| UpdateError::Write { path: path.to_owned(), source };
        durable::create_dir_all(dir).map_err(|source| failed(dir, source))?;
        for (name, contents) in self.named() {
            let path = dir.join(name);
            if std::fs::read(&path).is_ok_and(|found| found == *contents) {
                continue;
            }
            durable::write(&path, contents, 0o644).map_err(|source| failed(&path, source))?;
        }
        Ok(())
    }
}
