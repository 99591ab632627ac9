//! Where an instance is: addresses and files.

use std::path::PathBuf;

use super::keys::Keys;
use crate::client::below;
use crate::instance::{Instance, ROOT, SIGNING_CONFIG, TRUST_CONFIG, TRUSTED_ROOT};
use crate::local_ca::{CA, CA_BUNDLE};

/// An instance, and where clients may keep what they fetch from it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) instance: Instance,
    /// A folder of this instance alone.
    pub(super) tuf_cache: PathBuf,
    /// What older clients read one by one.
    pub(super) keys: Keys,
    /// Where they are as files.
    pub(super) keys_folder: PathBuf,
    /// The TUF root, for a configuration that carries it.
    pub(super) root_in_base64: String,
}

impl Place {
    pub(super) fn url(&self) -> String {
        self.instance.url.clone()
    }

    pub(super) fn issuer(&self) -> String {
        below(&self.instance.url, "oidc")
    }

    pub(super) fn tuf(&self) -> String {
        below(&self.instance.url, "tuf")
    }

    pub(super) fn tuf_cache(&self) -> String {
        self.tuf_cache.display().to_string()
    }

    pub(super) fn root(&self) -> String {
        self.file(ROOT)
    }

    pub(super) fn trusted_root(&self) -> String {
        self.file(TRUSTED_ROOT)
    }

    pub(super) fn signing_config(&self) -> String {
        self.file(SIGNING_CONFIG)
    }

    pub(super) fn trust_config(&self) -> String {
        self.file(TRUST_CONFIG)
    }

    /// Whether it speaks TLS under an authority that nobody else knows.
    pub(super) fn has_own_authority(&self) -> bool {
        self.instance.file(CA).is_file()
    }

    /// That authority alone.
    pub(super) fn authority(&self) -> String {
        self.file(CA)
    }

    /// That authority and those of this machine.
    pub(super) fn authorities(&self) -> String {
        self.file(CA_BUNDLE)
    }

    /// For siglite itself, beside every client: the folder and not the URL, because another
    /// instance may become the current one.
    pub(super) fn instance(&self) -> [(&'static str, String); 1] {
        [("SIGLITE_INSTANCE", self.instance.client_dir.display().to_string())]
    }

    pub(super) fn key_file(&self, name: &str) -> String {
        self.keys_folder.join(name).display().to_string()
    }

    fn file(&self, name: &str) -> String {
        self.instance.file(name).display().to_string()
    }
}
