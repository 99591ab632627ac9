//! Which instance a command works with, and the file that remembers it.
//!
//! In order: `--instance` or `SIGLITE_INSTANCE` (a URL or a data folder), then the pointer
//! `$XDG_CONFIG_HOME/siglite/instance.json`, which `siglite up` and `siglite use` write:
//!
//! ```json
//! {"url": "http://localhost:7070", "client_dir": "/home/a/…/client", "started_by": "up"}
//! ```
//!
//! An instance is trusted through the files in its client folder (`root.json`,
//! `trusted_root.json`, `signing_config.json`), never through what it says over the network.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::surroundings::{Environment, config_folder, data_folder};

/// The TUF root that a client starts from.
pub(crate) const ROOT: &str = "root.json";
/// The keys and certificates to verify with.
pub(crate) const TRUSTED_ROOT: &str = "trusted_root.json";
/// The servers to sign with.
pub(crate) const SIGNING_CONFIG: &str = "signing_config.json";
/// Both in one file, as sigstore-python's `--trust-config` reads it.
pub(crate) const TRUST_CONFIG: &str = "trust_config.json";

/// The identity provider's folder within a data folder: accounts and signing keys.
pub(crate) const OIDC_FOLDER: &str = "oidc";

/// A pointer is a few lines; more is not one.
const MAX_POINTER_BYTES: u64 = 64 * 1024;

/// Which command made an instance the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StartedBy {
    /// `siglite up`: the client folder belongs to a data folder on this machine.
    Up,
    /// `siglite use`: the client folder was fetched with TUF.
    Use,
}

/// The current instance, as remembered between runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    /// The public URL, without a slash at its end.
    pub(crate) url: String,
    /// The absolute folder with `root.json`, `trusted_root.json` and `signing_config.json`.
    pub(crate) client_dir: PathBuf,
    /// Who wrote it.
    pub(crate) started_by: StartedBy,
}

impl Pointer {
    /// Reads the pointer; `None` when no instance was ever started or used.
    pub(crate) fn read(env: &dyn Environment) -> Outcome<Option<Self>> {
        let path = pointer_path(env)?;
        let Some(bytes) = files::read_if_there(&path, MAX_POINTER_BYTES)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Failure::new(Exit::Trust, format!("{} is damaged", path.display()))
                .because(&error)
                .hint("siglite use URL writes it anew")
        })
    }

    /// Makes this instance the current one, durably.
    pub(crate) fn write(&self, env: &dyn Environment) -> Outcome {
        let path = pointer_path(env)?;
        let text = serde_json::to_vec_pretty(self).map_err(|error| {
            Failure::new(Exit::Internal, "cannot write the pointer").because(&error)
        })?;
        files::write(&path, &text, files::Reader::Everyone)
    }

    /// Forgets the current instance if it is still the one in this client folder: for an
    /// instance whose folder is about to disappear.
    pub(crate) fn forget(env: &dyn Environment, client_dir: &Path) -> Outcome {
        match Self::read(env)? {
            Some(pointer) if pointer.client_dir == client_dir => files::remove(&pointer_path(env)?),
            _ => Ok(()),
        }
    }
}

fn pointer_path(env: &dyn Environment) -> Outcome<PathBuf> {
    Ok(config_folder(env)?.join("instance.json"))
}

/// The folder of `siglite up` when none is named.
pub(crate) fn default_data_dir(env: &dyn Environment) -> Outcome<PathBuf> {
    Ok(data_folder(env)?.join("instance"))
}

/// An instance, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    /// The public URL, without a slash at its end.
    pub(crate) url: String,
    /// Where its trust material lies.
    pub(crate) client_dir: PathBuf,
}

impl Instance {
    /// Finds the instance to work with.
    pub(crate) fn find(given: Option<&str>, env: &dyn Environment) -> Outcome<Self> {
        let instance = match given {
            Some(given) if looks_like_url(given) => Self::by_url(given, Pointer::read(env)?, env)?,
            // A folder says all itself: a service without a home may name it.
            Some(given) => Self::by_folder(Path::new(given))?,
            None => {
                let pointer = Pointer::read(env)?.ok_or_else(no_instance)?;
                Self { url: pointer.url, client_dir: pointer.client_dir }
            }
        };
        if instance.file(TRUSTED_ROOT).is_file() {
            return Ok(instance);
        }
        Err(Failure::new(Exit::Trust, format!("the trust material of {} is gone", instance.url))
            .note("folder", instance.client_dir.display().to_string())
            .hint("siglite up, or siglite use URL, brings an instance back"))
    }

    /// A file of the client folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.client_dir.join(name)
    }

    fn by_url(given: &str, pointer: Option<Pointer>, env: &dyn Environment) -> Outcome<Self> {
        let url = normalise(given)?;
        if let Some(pointer) = pointer.filter(|pointer| pointer.url == url) {
            return Ok(Self { url, client_dir: pointer.client_dir });
        }
        let client_dir = trust_folder(&url, env)?;
        if client_dir.join(TRUSTED_ROOT).is_file() {
            return Ok(Self { url, client_dir });
        }
        if let Some(local) = Self::of_this_user(&url, env)? {
            return Ok(local);
        }
        Err(Failure::new(Exit::Trust, format!("nothing is known yet about {url}"))
            .hint(format!("siglite use {url} fetches its trust material")))
    }

    /// The instance in the default data folder, if it is at this URL.
    pub(crate) fn of_this_user(url: &str, env: &dyn Environment) -> Outcome<Option<Self>> {
        let folder = default_data_dir(env)?;
        if !folder.join("client").join(TRUSTED_ROOT).is_file() {
            return Ok(None);
        }
        let found = Self::by_folder(&folder)?;
        Ok((found.url == url).then_some(found))
    }

    fn by_folder(folder: &Path) -> Outcome<Self> {
        let folder = files::absolute(folder)?;
        let client_dir = [folder.join("client"), folder.clone()]
            .into_iter()
            .find(|candidate| candidate.join(TRUSTED_ROOT).is_file())
            .ok_or_else(|| {
                Failure::new(
                    Exit::Trust,
                    format!("{} is not the data folder of an instance", folder.display()),
                )
                .note("expected", format!("client/{TRUSTED_ROOT} in it"))
                .hint("name a folder that `siglite up --data` made, or a URL with http:// in front")
            })?;
        let url = url_in_signing_config(&client_dir.join(SIGNING_CONFIG))?;
        Ok(Self { url, client_dir })
    }
}

/// Where `siglite use` keeps what it fetched about an instance.
pub(crate) fn trust_folder(url: &str, env: &dyn Environment) -> Outcome<PathBuf> {
    let name: String = url
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
        .collect();
    Ok(data_folder(env)?.join("trust").join(name))
}

/// One spelling of a URL: no slash, query or fragment at its end.
pub(crate) fn normalise(given: &str) -> Outcome<String> {
    let refuse = |why: &str| {
        Failure::usage(format!("not the URL of an instance: {given}"))
            .note("found", why)
            .hint("siglite use http://localhost:7070")
    };
    let url = Url::parse(given).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("a scheme other than http and https"));
    }
    if url.host_str().is_none() || url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("a URL without a host, or with a query or fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("a user name or password in the URL"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn looks_like_url(given: &str) -> bool {
    given.contains("://")
}

fn no_instance() -> Failure {
    Failure::new(Exit::Trust, "no instance is known on this machine")
        .hint("siglite up starts one; siglite use URL takes one that runs elsewhere")
}

/// The authority stands at the root of an instance, so its URL is the instance's.
fn url_in_signing_config(path: &Path) -> Outcome<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Services {
        ca_urls: Vec<Service>,
    }
    #[derive(Deserialize)]
    struct Service {
        url: String,
    }
    let bytes = files::read(path, files::MAX_DOCUMENT_BYTES, Exit::Trust)?;
    let damaged =
        || Failure::new(Exit::Trust, format!("{} names no certificate authority", path.display()));
    let services: Services =
        serde_json::from_slice(&bytes).map_err(|error| damaged().because(&error))?;
    normalise(&services.ca_urls.first().ok_or_else(damaged)?.url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::tests::Made;

    fn home() -> (tempfile::TempDir, Made) {
        let dir = tempfile::tempdir().unwrap();
        let env = Made::of([("HOME", dir.path().to_str().unwrap())]);
        (dir, env)
    }

    fn client_folder(dir: &Path, url: &str) {
        std::fs::create_dir_all(dir).unwrap();
        put(&dir.join(TRUSTED_ROOT), "{}");
        put(&dir.join(SIGNING_CONFIG), &format!(r#"{{"caUrls":[{{"url":"{url}"}}]}}"#));
    }

    fn put(path: &Path, text: &str) {
        files::write(path, text.as_bytes(), files::Reader::Everyone).unwrap();
    }

    #[test]
    fn a_pointer_survives_the_round_trip() {
        let (_dir, env) = home();
        assert_eq!(Pointer::read(&env).unwrap(), None);
        let pointer = Pointer {
            url: "http://localhost:7070".to_owned(),
            client_dir: "/data/client".into(),
            started_by: StartedBy::Up,
        };
        pointer.write(&env).unwrap();
        assert_eq!(Pointer::read(&env).unwrap(), Some(pointer));
    }

    #[test]
    fn an_instance_is_forgotten_only_while_it_is_the_current_one() {
        let (_dir, env) = home();
        let pointer = Pointer {
            url: "http://localhost:7070".to_owned(),
            client_dir: "/data/client".into(),
            started_by: StartedBy::Up,
        };
        pointer.write(&env).unwrap();
        Pointer::forget(&env, Path::new("/other/client")).unwrap();
        assert!(Pointer::read(&env).unwrap().is_some());
        Pointer::forget(&env, Path::new("/data/client")).unwrap();
        assert_eq!(Pointer::read(&env).unwrap(), None);
    }

    #[test]
    fn a_damaged_pointer_is_a_trust_problem_with_a_hint() {
        let (dir, env) = home();
        put(&dir.path().join(".config/siglite/instance.json"), "{");
        let failure = Pointer::read(&env).unwrap_err();
        assert_eq!(failure.exit, Exit::Trust);
        assert!(failure.hint.is_some());
    }

    #[test]
    fn without_an_instance_the_hint_names_up_and_use() {
        let (_dir, env) = home();
        let failure = Instance::find(None, &env).unwrap_err();
        assert_eq!(failure.exit, Exit::Trust);
        assert!(failure.hint.unwrap().contains("siglite up"));
    }

    #[test]
    fn a_data_folder_is_found_by_its_client_folder() {
        let (dir, env) = home();
        client_folder(&dir.path().join("d/client"), "http://localhost:7071/");
        let instance = Instance::find(dir.path().join("d").to_str(), &env).unwrap();
        assert_eq!(instance.url, "http://localhost:7071");
        assert_eq!(instance.client_dir, dir.path().join("d/client"));
    }

    #[test]
    fn a_data_folder_is_found_without_a_home_and_beside_a_damaged_pointer() {
        let (dir, env) = home();
        client_folder(&dir.path().join("d/client"), "http://localhost:7071/");
        put(&dir.path().join(".config/siglite/instance.json"), "{");
        for env in [env, Made::default()] {
            Instance::find(dir.path().join("d").to_str(), &env).unwrap();
        }
    }

    #[test]
    fn a_url_is_found_by_its_trust_folder_whatever_its_last_slash() {
        let (_dir, env) = home();
        let url = "http://lab.example:7070";
        client_folder(&trust_folder(url, &env).unwrap(), url);
        let instance = Instance::find(Some("http://lab.example:7070/"), &env).unwrap();
        assert_eq!(instance.url, url);
    }

    #[test]
    fn the_default_instance_is_found_by_its_url_when_another_is_current() {
        let (_dir, env) = home();
        let client_dir = default_data_dir(&env).unwrap().join("client");
        client_folder(&client_dir, "http://localhost:7070");
        let instance = Instance::find(Some("http://localhost:7070"), &env).unwrap();
        assert_eq!(instance.client_dir, client_dir);
        assert!(Instance::find(Some("http://localhost:7071"), &env).is_err());
    }

    #[test]
    fn an_unknown_url_names_the_command_that_makes_it_known() {
        let (_dir, env) = home();
        let failure = Instance::find(Some("http://lab.example"), &env).unwrap_err();
        assert_eq!(failure.exit, Exit::Trust);
        assert!(failure.hint.unwrap().starts_with("siglite use http://lab.example"));
    }

    #[test]
    fn a_pointer_to_a_folder_that_is_gone_says_so() {
        let (dir, env) = home();
        Pointer {
            url: "http://localhost:7070".to_owned(),
            client_dir: dir.path().join("gone"),
            started_by: StartedBy::Up,
        }
        .write(&env)
        .unwrap();
        let failure = Instance::find(None, &env).unwrap_err();
        assert_eq!(failure.exit, Exit::Trust);
        assert!(failure.sentence.contains("gone"));
    }

    #[test]
    fn refuses_what_is_not_the_url_of_an_instance() {
        for given in ["ftp://h", "http://", "http://h/?q", "http://h/#f", "http://u:p@h", "://"] {
            let failure = normalise(given).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{given}");
        }
    }
}
