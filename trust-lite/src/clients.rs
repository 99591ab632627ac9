//! The documents as people and `--trust-config` take them: plain files under plain names.

use std::path::Path;

use bytes::Bytes;

use lite_store::durable;

use crate::documents::{Documents, SIGNING_CONFIG, TRUSTED_ROOT};
use crate::error::UpdateError;

/// What a client on this machine, or one with a browser, starts from.
#[derive(Clone, Debug)]
pub(crate) struct ClientFiles {
    /// The newest TUF root.
    pub(crate) root: Bytes,
    pub(crate) trusted_root: Bytes,
    pub(crate) signing_config: Bytes,
    /// Trusted root and signing config in one (`ClientTrustConfig`).
    pub(crate) trust_config: Bytes,
}

impl ClientFiles {
    pub(crate) fn new(root: Bytes, documents: &Documents) -> Self {
        Self {
            root,
            trusted_root: documents.contents(TRUSTED_ROOT).to_vec().into(),
            signing_config: documents.contents(SIGNING_CONFIG).to_vec().into(),
            trust_config: documents.trust_config.clone().into_bytes().into(),
        }
    }

    /// Their names and contents.
    pub(crate) fn named(&self) -> [(&'static str, &Bytes); 4] {
        [
            ("root.json", &self.root),
            ("trusted_root.json", &self.trusted_root),
            ("signing_config.json", &self.signing_config),
            ("trust_config.json", &self.trust_config),
        ]
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
