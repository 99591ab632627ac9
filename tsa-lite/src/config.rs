//! Every setting of the timestamp authority, with its default.

use std::path::PathBuf;

use lite_keys::KeyKind;
use serde::Deserialize;

/// The path of the endpoint below the server's URL.
pub(crate) const ENDPOINT: &str = "/api/v1/timestamp";

/// The configuration file of `tsa-lite serve`, YAML or JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The authority's own folder: `key.pem` and `root-key.pem` (0600), `chain.pem`, and
    /// `public/` with the chain again and, when it runs alone, `fragment.json`.
    pub dir: PathBuf,
    /// The URL under which clients reach the server, such as `http://localhost:7070`; the endpoint
    /// is `/api/v1/timestamp` below it.
    pub public_url: String,
    /// The curve of a new authority's keys: `p256` (default) or `p384`.
    #[serde(default)]
    pub curve: Curve,
    /// The organization in a new authority's certificates. Default `siglite`.
    #[serde(default = "default_organization")]
    pub organization: String,
    /// How many years a new authority's certificates are valid. Old verifiers check them at the
    /// present time, so they outlive every timestamp that is to be verified. Default 10.
    #[serde(default = "default_years")]
    pub validity_years: u32,
    /// The policies a request may ask for, as object identifiers; the first stands where it asks
    /// for none. Default `[1.3.6.1.4.1.57264.2]`.
    #[serde(default = "default_policies")]
    pub policies: Vec<String>,
    /// By how many milliseconds the clock may go back before the authority refuses to stamp. Within
    /// it, timestamps keep the latest time. Default 2000.
    #[serde(default = "default_tolerance")]
    pub clock_tolerance_ms: u64,
}

/// The curve of an authority's keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Curve {
    /// NIST P-256 with SHA-256.
    #[default]
    P256,
    /// NIST P-384 with SHA-384.
    P384,
}

impl Config {
    /// An authority in `dir`, reached at `url`.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, url: &str) -> Self {
        Self {
            dir: dir.into(),
            public_url: url.to_owned(),
            curve: Curve::default(),
            organization: default_organization(),
            validity_years: default_years(),
            policies: default_policies(),
            clock_tolerance_ms: default_tolerance(),
        }
    }

    /// The full URL of the endpoint: what a signing config names, and by which clients count
    /// authorities.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("{}{ENDPOINT}", self.public_url.trim_end_matches('/'))
    }
}

impl Curve {
    pub(crate) const fn kind(self) -> KeyKind {
        match self {
            Self::P256 => KeyKind::EcdsaP256,
            Self::P384 => KeyKind::EcdsaP384,
        }
    }
}

fn default_organization() -> String {
    "siglite".to_owned()
}

const fn default_years() -> u32 {
    10
}

fn default_policies() -> Vec<String> {
    vec![lite_pki::oid::SIGSTORE_TSA_POLICY.to_string()]
}

const fn default_tolerance() -> u64 {
    2000
}
