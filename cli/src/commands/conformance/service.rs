//! The public services that the suite means without saying so, as far as this machine was told
//! of them.
//!
//! Nothing is fetched and nothing is built in: a trusted root that grows old inside a binary is
//! trusted by nobody's choice. An environment variable names the file, or
//! `$XDG_CONFIG_HOME/siglite/services.json` does:
//!
//! ```json
//! {"publicGood": {"trustedRoot": "/etc/sigstore/trusted_root.json"},
//!  "staging": {"trustedRoot": "…", "signingConfig": "…"}}
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::surroundings::{Environment, config_folder};

/// A few paths; more is not this file.
const MAX_SERVICES_BYTES: u64 = 64 * 1024;

/// Which of the public services is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// sigstore.dev.
    PublicGood,
    /// sigstage.dev.
    Staging,
}

/// A document of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// Whom to believe.
    TrustedRoot,
    /// Whom to ask.
    SigningConfig,
}

/// `services.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Services {
    #[serde(default)]
    public_good: Documents,
    #[serde(default)]
    staging: Documents,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Documents {
    trusted_root: Option<PathBuf>,
    signing_config: Option<PathBuf>,
}

impl Service {
    /// The one that the suite's `--staging` chooses.
    pub(super) const fn of(staging: bool) -> Self {
        if staging { Self::Staging } else { Self::PublicGood }
    }

    /// The file of this document: a flag's, else the one that this machine was told of.
    pub(super) fn document(
        self,
        document: Document,
        flag: Option<&Path>,
        context: &Context,
    ) -> Outcome<PathBuf> {
        match flag {
            Some(path) => Ok(path.to_path_buf()),
            None => self.told(document, context.env()),
        }
    }

    fn told(self, document: Document, env: &dyn Environment) -> Outcome<PathBuf> {
        if let Some(path) = env.filled(self.variable(document)) {
            return Ok(path.into());
        }
        let services = Services::read(env)?;
        let documents = match self {
            Self::PublicGood => services.public_good,
            Self::Staging => services.staging,
        };
        let path = match document {
            Document::TrustedRoot => documents.trusted_root,
            Document::SigningConfig => documents.signing_config,
        };
        path.ok_or_else(|| self.unknown(document))
    }

    const fn variable(self, document: Document) -> &'static str {
        match (self, document) {
            (Self::PublicGood, Document::TrustedRoot) => "SIGLITE_PUBLIC_GOOD_ROOT",
            (Self::PublicGood, Document::SigningConfig) => "SIGLITE_PUBLIC_GOOD_SIGNING_CONFIG",
            (Self::Staging, Document::TrustedRoot) => "SIGLITE_STAGING_ROOT",
            (Self::Staging, Document::SigningConfig) => "SIGLITE_STAGING_SIGNING_CONFIG",
        }
    }

    fn unknown(self, document: Document) -> Failure {
        let name = match self {
            Self::PublicGood => "the public-good service",
            Self::Staging => "the staging service",
        };
        let (what, flag) = match document {
            Document::TrustedRoot => ("trusted root", "--trusted-root"),
            Document::SigningConfig => ("signing config", "--signing-config"),
        };
        let variable = self.variable(document);
        Failure::new(Exit::Trust, format!("no {what} of {name} is configured on this machine"))
            .hint(format!("set {variable} to its file, or name one with {flag}"))
    }
}

impl Services {
    /// The file; one that is not there says nothing, and neither does a machine without a home.
    fn read(env: &dyn Environment) -> Outcome<Self> {
        let Ok(folder) = config_folder(env) else { return Ok(Self::default()) };
        let path = folder.join("services.json");
        let Some(bytes) = files::read_if_there(&path, MAX_SERVICES_BYTES)? else {
            return Ok(Self::default());
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(Exit::Trust, format!("{} is damaged", path.display())).because(&error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::tests::Made;

    #[test]
    fn a_variable_wins_over_the_file_and_the_file_over_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().to_str().unwrap();
        let text = br#"{"publicGood": {"trustedRoot": "/file"}}"#;
        let path = dir.path().join("siglite/services.json");
        files::write(&path, text, files::Reader::Everyone).unwrap();
        let root = |env: &Made| Service::PublicGood.told(Document::TrustedRoot, env);
        let home = Made::of([("XDG_CONFIG_HOME", folder)]);
        assert_eq!(root(&home).unwrap(), PathBuf::from("/file"));
        let both = Made::of([("XDG_CONFIG_HOME", folder), ("SIGLITE_PUBLIC_GOOD_ROOT", "/given")]);
        assert_eq!(root(&both).unwrap(), PathBuf::from("/given"));
        assert!(root(&Made::default()).is_err());
    }

    #[test]
    fn what_is_not_configured_is_refused_with_the_variable_and_the_flag() {
        for (service, document, variable, flag) in [
            (Service::Staging, Document::TrustedRoot, "SIGLITE_STAGING_ROOT", "--trusted-root"),
            (
                Service::PublicGood,
                Document::SigningConfig,
                "SIGLITE_PUBLIC_GOOD_SIGNING_CONFIG",
                "--signing-config",
            ),
        ] {
            let failure = service.told(document, &Made::default()).unwrap_err();
            let hint = failure.hint.unwrap();
            assert!(hint.contains(variable) && hint.contains(flag), "{hint}");
        }
    }

    #[test]
    fn a_damaged_file_is_not_taken_for_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("siglite/services.json");
        files::write(&path, br#"{"publicgood": {}}"#, files::Reader::Everyone).unwrap();
        let env = Made::of([("XDG_CONFIG_HOME", dir.path().to_str().unwrap())]);
        let failure = Service::PublicGood.told(Document::TrustedRoot, &env).unwrap_err();
        assert!(failure.sentence.ends_with("is damaged"));
    }
}
