//! Every setting of the registry, with its default.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::store::{Lifetimes, Limits};

/// The configuration file of `registry-lite serve`, YAML or JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The registry's own folder: blobs, manifests and tags.
    pub dir: PathBuf,
    /// The URL under which clients reach the server, such as `http://localhost:7077`. The API is
    /// `/v2/` below it.
    pub public_url: String,
    /// Who may do what: `none` (everybody everything, the default), `tokens` (who has an ID token of
    /// `issuer`), or the path of a file of users, as `htpasswd -B` writes it.
    #[serde(default)]
    pub auth: Auth,
    /// Whether those without a name may read, where `auth` is not `none`. Default false.
    #[serde(default)]
    pub anonymous_pull: bool,
    /// Whether `auth: none` is meant also where other machines reach the server: each of them can
    /// then overwrite every image. Default false.
    #[serde(default)]
    pub insecure_anonymous: bool,
    /// The issuer whose ID tokens are passwords, for `auth: tokens`.
    #[serde(default)]
    pub issuer: Option<String>,
    /// For whom those tokens must be. Default `sigstore`.
    #[serde(default = "audience")]
    pub audience: String,
    /// A certificate authority in PEM that the issuer's server may have, beside those of the machine.
    #[serde(default)]
    pub issuer_ca_file: Option<PathBuf>,
    /// Whether a tag such as `1h` or `30m` is gone after that time, as on ttl.sh. Default true.
    #[serde(default = "yes")]
    pub duration_tags: bool,
    /// The longest that such a tag lives, in seconds. Default 86400, a day.
    #[serde(default = "day")]
    pub max_duration_tag_secs: u64,
    /// How many seconds a manifest is kept that no tag leads to and that signs nothing, after it was
    /// last pushed or asked for. Default 604800, a week.
    #[serde(default = "week")]
    pub untagged_grace_secs: u64,
    /// How many seconds a blob is kept that no manifest names, after it was last pushed or asked for:
    /// the longest that the push of an image may take. Default 86400, a day.
    #[serde(default = "day")]
    pub blob_grace_secs: u64,
    /// How many seconds an upload is kept that nobody goes on with. Default 3600, an hour.
    #[serde(default = "hour")]
    pub upload_age_secs: u64,
    /// How many seconds lie between two collections of garbage. Default 600.
    #[serde(default = "ten_minutes")]
    pub collect_every_secs: u64,
    /// The largest blob in bytes. Default 68719476736, 64 GiB.
    #[serde(default = "max_blob")]
    pub max_blob_bytes: u64,
}

/// How callers are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// By an ID token.
    Tokens,
    /// By a file of users.
    Htpasswd(PathBuf),
}

impl From<String> for Auth {
    fn from(text: String) -> Self {
        match text.as_str() {
            "none" => Self::None,
            "tokens" => Self::Tokens,
            _ => Self::Htpasswd(text.into()),
        }
    }
}

impl Config {
    /// A registry in `dir`, reached at `url`.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, url: &str) -> Self {
        Self {
            dir: dir.into(),
            public_url: url.to_owned(),
            auth: Auth::None,
            anonymous_pull: false,
            insecure_anonymous: false,
            issuer: None,
            audience: audience(),
            issuer_ca_file: None,
            duration_tags: yes(),
            max_duration_tag_secs: day(),
            untagged_grace_secs: week(),
            blob_grace_secs: day(),
            upload_age_secs: hour(),
            collect_every_secs: ten_minutes(),
            max_blob_bytes: max_blob(),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        let longest = Duration::from_secs(self.max_duration_tag_secs);
        Limits {
            lifetimes: if self.duration_tags {
                Lifetimes::up_to(longest)
            } else {
                Lifetimes::off()
            },
            max_blob: self.max_blob_bytes,
            untagged_grace: Duration::from_secs(self.untagged_grace_secs),
            blob_grace: Duration::from_secs(self.blob_grace_secs),
            upload_age: Duration::from_secs(self.upload_age_secs),
        }
    }
}

fn audience() -> String {
    "sigstore".to_owned()
}

fn yes() -> bool {
    true
}

fn ten_minutes() -> u64 {
    600
}

fn hour() -> u64 {
    60 * 60
}

fn day() -> u64 {
    24 * hour()
}

fn week() -> u64 {
    7 * day()
}

fn max_blob() -> u64 {
    64 << 30
}
