//! Where docker and its relatives keep credentials: `config.json`, `auth.json`, helper programs.
//!
//! Looked up for `HOST/NAME`, the longest match first, then for `HOST`. In each file a helper for
//! the registry comes first (`credHelpers`), then what the file itself holds (`auths`), then the
//! helper for all (`credsStore`); the first file that knows something ends the search.

mod helper;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lite_oci::DEFAULT_REGISTRY;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::access::{Credential, Secret};

/// Longest credential file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// What Docker Hub is called in credential files.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Why there is no credential where one was promised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeychainError {
    /// `auth` is not base64 of `NAME:PASSWORD`.
    #[error("an entry of {} is not base64 of NAME:PASSWORD", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
    },
    /// The file is not JSON of docker's shape.
    #[error("{} is not a credential file", path.display())]
    File {
        /// The file.
        path: PathBuf,
    },
    /// The helper program did not answer as it must; what it said is not told, for it may be a
    /// secret.
    #[error("docker-credential-{helper} gives no credential")]
    Helper {
        /// The end of the program's name.
        helper: String,
    },
    /// The file is there and cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// The credential files of this user, in the order they are asked.
#[derive(Clone, Debug, Default)]
pub struct Keychain {
    files: Vec<PathBuf>,
}

impl Keychain {
    /// The files that the environment names, whether or not they exist.
    #[must_use]
    pub fn of(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let containers = set("REGISTRY_AUTH_FILE")
            .or_else(|| set("XDG_RUNTIME_DIR").map(|dir| dir.join("containers/auth.json")));
        Self { files: docker_config(env).into_iter().chain(containers).collect() }
    }

    /// The credential for a repository of a registry.
    pub(crate) async fn find(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credential>, KeychainError> {
        for path in &self.files {
            let Some(file) = read(path)? else { continue };
            if let Some(credential) = file.find(path, registry, repository).await? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }
}

/// docker's own file: `$DOCKER_CONFIG/config.json`, or the one below the home folder.
#[must_use]
pub fn docker_config(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("DOCKER_CONFIG").or_else(|| set("HOME").map(|home| home.join(".docker")));
    folder.map(|folder| folder.join("config.json"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

fn read(path: &Path) -> Result<Option<File>, KeychainError> {
    let unreadable = |source| KeychainError::Unreadable { path: path.to_owned(), source };
    let length = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        found => found.map_err(unreadable)?.len(),
    };
    let wrong = || KeychainError::File { path: path.to_owned() };
    if length > MAX_FILE_BYTES {
        return Err(wrong());
    }
    let text = zeroize::Zeroizing::new(std::fs::read(path).map_err(unreadable)?);
    serde_json::from_slice(&text).map(Some).map_err(|_| wrong())
}

impl File {
    async fn find(
        &self,
        path: &Path,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credential>, KeychainError> {
        let server = if registry == DEFAULT_REGISTRY { DOCKER_HUB } else { registry };
        if let Some(helper) = self.cred_helpers.get(server).or(self.cred_helpers.get(registry)) {
            return helper::get(helper, server).await;
        }
        for key in keys(registry, repository) {
            let entry = self.auths.iter().find(|(name, _)| bare(name) == key);
            if let Some((_, entry)) = entry
                && let Some(credential) = entry.credential(path)?
            {
                return Ok(Some(credential));
            }
        }
        let Some(helper) = &self.creds_store else { return Ok(None) };
        // A store for everything, left behind by a desktop that is gone, must not keep anybody from
        // registries that ask nothing.
        match helper::get(helper, server).await {
            Err(error) => {
                tracing::warn!(%error, "asking as nobody");
                Ok(None)
            }
            found => found,
        }
    }
}

/// `HOST/a/b`, `HOST/a`, `HOST`: containers-auth.json(5).
fn keys(registry: &str, repository: &str) -> Vec<String> {
    let registry = if registry == DEFAULT_REGISTRY { "docker.io" } else { registry };
    let mut all = vec![format!("{registry}/{repository}")];
    while let Some((shorter, _)) = all.last().and_then(|key| key.rsplit_once('/')) {
        all.push(shorter.to_owned());
    }
    all
}

/// A key without scheme and the path of the old API; Docker Hub by one name.
fn bare(key: &str) -> &str {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    let key = key.trim_end_matches('/').trim_end_matches("/v1").trim_end_matches("/v2");
    if key == DEFAULT_REGISTRY { "docker.io" } else { key }
}

impl Entry {
    fn credential(&self, path: &Path) -> Result<Option<Credential>, KeychainError> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = filled(&self.identitytoken) {
            return Ok(Some(Credential::IdentityToken(Secret::new(token))));
        }
        if let Some(token) = filled(&self.registrytoken) {
            return Ok(Some(Credential::RegistryToken(Secret::new(token))));
        }
        if let Some(auth) = filled(&self.auth) {
            let wrong = || KeychainError::Entry { path: path.to_owned() };
            let plain = lenient().decode(auth.trim()).map_err(|_| wrong())?;
            let plain = zeroize::Zeroizing::new(String::from_utf8(plain).map_err(|_| wrong())?);
            // docker pads old entries with NUL.
            let (name, password) = plain.split_once(':').ok_or_else(wrong)?;
            return Ok(Some(Credential::Password {
                username: name.to_owned(),
                password: Secret::new(password.trim_end_matches('\0')),
            }));
        }
        Ok(filled(&self.username).zip(filled(&self.password)).map(|(username, password)| {
            Credential::Password { username, password: Secret::new(password) }
        }))
    }
}

fn lenient() -> GeneralPurpose {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, config)
}

/// Where a login is kept.
#[derive(Debug)]
pub enum Kept {
    /// In the file, whose new bytes these are. It holds the password in base64, as docker's does.
    File(Vec<u8>),
    /// With a helper program; the file names it already.
    Helper(String),
}

/// Keeps a login as `docker login` does: with the helper that the file names for the registry,
/// or else in the file, of which everything else stays as it was.
pub async fn keep(
    file: Option<&[u8]>,
    path: &Path,
    registry: &str,
    username: &str,
    password: &Secret,
) -> Result<Kept, KeychainError> {
    let wrong = || KeychainError::File { path: path.to_owned() };
    let server = if registry == DEFAULT_REGISTRY { DOCKER_HUB } else { registry };
    let mut document: Map<String, Value> = match file {
        Some(bytes) if !bytes.is_empty() => serde_json::from_slice(bytes).map_err(|_| wrong())?,
        _ => Map::new(),
    };
    let known: File =
        serde_json::from_value(Value::Object(document.clone())).map_err(|_| wrong())?;
    if let Some(helper) = known.cred_helpers.get(server).or(known.creds_store.as_ref()) {
        helper::store(helper, server, username, password).await?;
        return Ok(Kept::Helper(helper.clone()));
    }
    let plain = zeroize::Zeroizing::new(format!("{username}:{}", password.reveal()));
    let entry =
        json!({ "auth": base64::engine::general_purpose::STANDARD.encode(plain.as_bytes()) });
    let auths = document.entry("auths").or_insert_with(|| json!({}));
    auths.as_object_mut().ok_or_else(wrong)?.insert(server.to_owned(), entry);
    let mut bytes = Vec::new();
    let form = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, form);
    serde::Serialize::serialize(&document, &mut writer).map_err(|_| wrong())?;
    Ok(Kept::File(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(username: &str, password: &str) -> Credential {
        Credential::Password { username: username.into(), password: Secret::new(password) }
    }

    /// A folder with this `config.json`, and a keychain of it.
    fn keychain(config: &str) -> (tempfile::TempDir, Keychain) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), config.as_bytes())
            .unwrap();
        (dir, Keychain { files: vec![path] })
    }

    #[tokio::test]
    async fn the_longest_match_of_what_docker_writes_is_found() {
        // printf 'a:b' | base64, printf 'c:d:e' | base64
        let (_dir, keys) = keychain(
            r#"{"auths":{
                "https://index.docker.io/v1/":{"auth":"YTpi"},
                "localhost:5000":{"auth":"YTpi"},
                "localhost:5000/team":{"auth":"YzpkOmU="},
                "plain.example":{"username":"u","password":"p"},
                "token.example":{"auth":"YTpi","identitytoken":"t"},
                "empty.example":{}
            }}"#,
        );
        for (registry, repository, want) in [
            ("index.docker.io", "library/alpine", Some(password("a", "b"))),
            ("localhost:5000", "other/app", Some(password("a", "b"))),
            ("localhost:5000", "team/app", Some(password("c", "d:e"))),
            ("localhost:5000", "teams", Some(password("a", "b"))),
            ("plain.example", "x", Some(password("u", "p"))),
            ("token.example", "x", Some(Credential::IdentityToken(Secret::new("t")))),
            ("empty.example", "x", None),
            ("localhost:50001", "x", None),
        ] {
            assert_eq!(keys.find(registry, repository).await.unwrap(), want, "{registry}");
        }
    }

    #[tokio::test]
    async fn a_damaged_file_is_told_without_its_content() {
        for config in ["{", r#"{"auths":{"a.example":{"auth":"hunter2!"}}}"#] {
            let (_dir, keys) = keychain(config);
            let error = keys.find("a.example", "x").await.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        assert!(
            Keychain { files: vec!["/nonexistent/config.json".into()] }
                .find("a", "b")
                .await
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test]
    async fn a_helper_that_is_not_there_matters_only_where_it_is_named() {
        let (_dir, keys) = keychain(r#"{"credsStore":"no-such-helper"}"#);
        assert_eq!(keys.find("a.example", "x").await.unwrap(), None);
        let (_dir, keys) = keychain(r#"{"credHelpers":{"a.example":"no-such-helper"}}"#);
        assert!(matches!(keys.find("a.example", "x").await, Err(KeychainError::Helper { .. })));
    }

    #[tokio::test]
    async fn a_login_leaves_the_rest_of_the_file_alone() {
        let before = br#"{"psFormat":"x","auths":{"other":{"auth":"YTpi"}}}"#;
        let password_of_me = Secret::new("p:w");
        let kept = keep(Some(before), Path::new("c"), "localhost:1", "me", &password_of_me);
        let Kept::File(bytes) = kept.await.unwrap() else { panic!("no helper is named") };
        let (_dir, keys) = keychain(std::str::from_utf8(&bytes).unwrap());
        assert_eq!(keys.find("localhost:1", "x").await.unwrap(), Some(password("me", "p:w")));
        assert_eq!(keys.find("other", "x").await.unwrap(), Some(password("a", "b")));
        assert!(String::from_utf8(bytes).unwrap().contains("\t\"psFormat\": \"x\""));
    }

    #[test]
    fn the_environment_says_where_to_look() {
        let env = |name: &str| match name {
            "HOME" => Some("/h".to_owned()),
            "XDG_RUNTIME_DIR" => Some("/r".to_owned()),
            _ => None,
        };
        let files = Keychain::of(&env).files;
        let want = ["/h/.docker/config.json", "/r/containers/auth.json"];
        assert_eq!(files, want.map(PathBuf::from));
    }
}
