//! Every setting of the certificate authority, with its default.

use std::path::PathBuf;

use lite_keys::KeyKind;
use serde::Deserialize;

/// The configuration file of `fulcio-lite serve`, YAML or JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The authority's folder: keys (0600), chain, journal. One process at a time may have it open.
    pub dir: PathBuf,
    /// Where clients reach the authority, without a path: sigstore-python drops one.
    pub public_url: String,
    /// The kind of the authority's keys, when they are made: `p256` (default) or `p384`, which triples the
    /// cost of verifying a bundle.
    #[serde(default)]
    pub ca_key: CaKey,
    /// The `O` of the authority's certificates, when they are made. Default `siglite`.
    #[serde(default = "siglite")]
    pub organization: String,
    /// Who runs the authority, as the signing config names it. Default `siglite`.
    #[serde(default = "siglite")]
    pub operator: String,
    /// A file of Fulcio's shape with the issuers whose tokens are believed: JSON or YAML with
    /// `oidc-issuers`, `meta-issuers`, `ci-issuer-metadata`. Default: none but an embedded one.
    #[serde(default)]
    pub issuers_file: Option<PathBuf>,
    /// What clients may sign with, by the names of `--client-signing-algorithms`. Default: each kind of key
    /// with its own hash.
    #[serde(default)]
    pub client_signing_algorithms: Vec<String>,
    /// Running alone: the CT log's URL, to which `/ct/v1/add-pre-chain` is appended.
    #[serde(default)]
    pub ct_log_url: Option<String>,
    /// Running alone: the CT log's public key, in PEM, or the `public/fragment.json` of a `ct-lite`.
    #[serde(default)]
    pub ct_log_public_key_file: Option<PathBuf>,
    /// Running alone: how many seconds the start waits for `ct_log_public_key_file`. Default 60.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
    /// In a Kubernetes cluster: the authority of its API server. Read when a `kubernetes` issuer at
    /// `kubernetes.default.svc` is asked for keys. Default `/var/run/fulcio/ca.crt`.
    #[serde(default = "default_cluster_ca")]
    pub kubernetes_ca_file: PathBuf,
    /// In a Kubernetes cluster: the token the same issuer is asked with, and nobody else. Default
    /// `/var/run/secrets/kubernetes.io/serviceaccount/token`.
    #[serde(default = "default_cluster_token")]
    pub kubernetes_token_file: PathBuf,
    /// Certificates that are issued at the same time; one more is answered with 503. Default 128.
    #[serde(default = "default_concurrency")]
    pub max_concurrent: usize,
}

/// The kinds of key an authority may have. Ed25519 is none: sigstore-python refuses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaKey {
    /// ECDSA on P-256 with SHA-256.
    #[default]
    P256,
    /// ECDSA on P-384 with SHA-384, as the public instance has.
    P384,
}

impl CaKey {
    pub(crate) const fn kind(self) -> KeyKind {
        match self {
            Self::P256 => KeyKind::EcdsaP256,
            Self::P384 => KeyKind::EcdsaP384,
        }
    }
}

impl Config {
    /// A configuration with every default.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, public_url: impl Into<String>) -> Self {
        Self {
            dir: dir.into(),
            public_url: public_url.into(),
            ca_key: CaKey::default(),
            organization: siglite(),
            operator: siglite(),
            issuers_file: None,
            client_signing_algorithms: Vec::new(),
            ct_log_url: None,
            ct_log_public_key_file: None,
            wait_seconds: default_wait(),
            kubernetes_ca_file: default_cluster_ca(),
            kubernetes_token_file: default_cluster_token(),
            max_concurrent: default_concurrency(),
        }
    }
}

fn siglite() -> String {
    "siglite".to_owned()
}

fn default_cluster_ca() -> PathBuf {
    "/var/run/fulcio/ca.crt".into()
}

fn default_cluster_token() -> PathBuf {
    "/var/run/secrets/kubernetes.io/serviceaccount/token".into()
}

const fn default_wait() -> u64 {
    60
}

const fn default_concurrency() -> usize {
    128
}
