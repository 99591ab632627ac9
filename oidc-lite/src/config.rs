//! Every setting of the identity provider, with its default.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

/// The configuration file of `oidc-lite serve`, YAML or JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The issuer URL: what `iss` says and under which every address below is found, without a
    /// slash at its end. `http://localhost:7070/oidc` inside `siglite up`.
    pub issuer: String,
    /// The folder of accounts and signing keys. Created when it is missing.
    pub dir: PathBuf,
    /// What stands before `/machine/NAME` in the `sub` of a machine account. Default: scheme, host
    /// and port of the issuer.
    #[serde(default)]
    pub subject_base: Option<String>,
    /// The public client, and the audience of every token. Default: `sigstore`.
    #[serde(default = "default_client")]
    pub client_id: String,
    /// How long a token is valid. Default 300, at least 120 (sigstore-python allows no leeway), at
    /// most 3600.
    #[serde(default = "default_token_seconds")]
    pub token_seconds: u32,
    /// How long "stay signed in" lasts in a browser. Default 3600; 0 switches it off.
    #[serde(default = "default_session_seconds")]
    pub session_seconds: u32,
    /// After how many days a new signing key takes over. Default 30, at least 2.
    #[serde(default = "default_key_days")]
    pub key_days: u32,
    /// Who runs it, as the signing config says; sigstore-python takes one service per operator.
    /// Default: `siglite`.
    #[serde(default = "default_operator")]
    pub operator: String,
    /// Who may trade a password for a token without a browser. Default: `loopback`.
    #[serde(default)]
    pub password_grant: PasswordGrant,
}

/// Who may use the password grant at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordGrant {
    /// Nobody.
    Never,
    /// A program on the same machine that does not come through a proxy.
    #[default]
    Loopback,
    /// Anyone who reaches the server. Only behind TLS, or inside a network of containers.
    Anywhere,
}

fn default_client() -> String {
    "sigstore".to_owned()
}

fn default_operator() -> String {
    "siglite".to_owned()
}

const fn default_token_seconds() -> u32 {
    300
}

const fn default_session_seconds() -> u32 {
    3600
}

const fn default_key_days() -> u32 {
    30
}

/// Why a configuration is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The client id is empty or holds more than letters, digits, `-`, `_` and `.`.
    #[error("client_id must be 1 to 64 letters, digits, '-', '_' or '.'")]
    Client,
    /// The issuer is not an address that can be compared byte by byte.
    #[error(
        "issuer must be an http or https URL without user, query, fragment or a slash at its end"
    )]
    Issuer,
    /// Keys would rotate faster than they can be announced.
    #[error("key_days must be at least 2")]
    KeyDays,
    /// A browser session of more than a day.
    #[error("session_seconds must be at most 86400")]
    SessionSeconds,
    /// The base of machine subjects is not an absolute URL.
    #[error("subject_base must be an http or https URL without a slash at its end")]
    SubjectBase,
    /// Tokens too short for stock clients, or too long to be safe without revocation.
    #[error("token_seconds must be between 120 and 3600")]
    TokenSeconds,
}

impl Config {
    /// All defaults for an issuer and a folder.
    pub fn new(issuer: impl Into<String>, dir: impl Into<PathBuf>) -> Config {
        Config {
            issuer: issuer.into(),
            dir: dir.into(),
            subject_base: None,
            client_id: default_client(),
            token_seconds: default_token_seconds(),
            session_seconds: default_session_seconds(),
            key_days: default_key_days(),
            operator: default_operator(),
            password_grant: PasswordGrant::default(),
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub(crate) fn check(&self) -> Result<Checked, ConfigError> {
        let issuer = plain_url(&self.issuer).ok_or(ConfigError::Issuer)?;
        let subject_base = match &self.subject_base {
            Some(base) => {
                plain_url(base).ok_or(ConfigError::SubjectBase)?;
                base.clone()
            }
            None => issuer.origin().ascii_serialization(),
        };
        let word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.client_id.is_empty()
            || self.client_id.len() > 64
            || !self.client_id.chars().all(word)
        {
            return Err(ConfigError::Client);
        }
        if !(120..=3600).contains(&self.token_seconds) {
            return Err(ConfigError::TokenSeconds);
        }
        if self.session_seconds > 86_400 {
            return Err(ConfigError::SessionSeconds);
        }
        if self.key_days < 2 {
            return Err(ConfigError::KeyDays);
        }
        Ok(Checked {
            path: issuer.path().trim_end_matches('/').to_owned(),
            https: issuer.scheme() == "https",
            subject_base,
        })
    }
}

/// What follows from a checked configuration.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// The path of the issuer, empty at the root: what links and cookies start with.
    pub(crate) path: String,
    /// Whether cookies may be `Secure`.
    pub(crate) https: bool,
    /// The base of machine subjects.
    pub(crate) subject_base: String,
}

fn plain_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && !text.ends_with('/');
    // A second spelling of the same URL would be another issuer to every client.
    let same = url.as_str().trim_end_matches('/') == text;
    (plain && same).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: impl FnOnce(&mut Config), error: ConfigError) {
        let mut config = Config::new("http://localhost:7070/oidc", "/nowhere");
        change(&mut config);
        assert_eq!(config.check().unwrap_err(), error);
    }

    #[test]
    fn refuses_each_wrong_field_by_name() {
        for issuer in [
            "localhost:7070",
            "ftp://localhost",
            "http://localhost:7070/oidc/",
            "http://me@localhost/oidc",
            "http://localhost/oidc?x",
            "http://localhost/oidc#x",
            "HTTP://localhost/oidc",
            "http://localhost:80/oidc",
        ] {
            check(|c| issuer.clone_into(&mut c.issuer), ConfigError::Issuer);
        }
        check(|c| c.client_id.clear(), ConfigError::Client);
        check(|c| c.client_id = "a b".into(), ConfigError::Client);
        check(|c| c.token_seconds = 60, ConfigError::TokenSeconds);
        check(|c| c.session_seconds = 90_000, ConfigError::SessionSeconds);
        check(|c| c.key_days = 1, ConfigError::KeyDays);
        check(|c| c.subject_base = Some("machine".into()), ConfigError::SubjectBase);
    }

    #[test]
    fn the_subject_base_is_the_origin_of_the_issuer() {
        let checked = Config::new("http://localhost:7070/oidc", "/nowhere").check().unwrap();
        assert_eq!(checked.subject_base, "http://localhost:7070");
        assert_eq!(checked.path, "/oidc");
    }
}
