//! Every setting of the log, with its default.

use std::path::PathBuf;

use lite_keys::{KeyDetails, KeyKind};
use serde::Deserialize;

/// The configuration file of `rekor-lite serve`, YAML or JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The log's folder: key, tiles, journal. One process at a time may have it open.
    pub dir: PathBuf,
    /// Where clients reach the log, for example `https://rekor.example`. Its host, without the
    /// port, is the origin of every checkpoint, and stays so for the life of the log.
    pub public_url: String,
    /// The key of the v2 tree, when it is made: `ed25519` (default) or `ecdsa-p256`.
    #[serde(default)]
    pub key: LogKey,
    /// Serve API v1 too, on a tree and under a key of its own. Default `true`: most clients in the
    /// field speak nothing else.
    #[serde(default = "yes")]
    pub v1: bool,
    /// What becomes of `dsseRequestV002`: `translate` (default) logs a hashedrekord over the
    /// envelope's signed bytes, `reject` refuses as upstream does since v2.3.
    #[serde(default)]
    pub dsse: Dsse,
    /// The algorithms that clients may sign with, by their `keyDetails`. Default: all seven that
    /// upstream allows.
    #[serde(default = "Algorithm::all")]
    pub algorithms: Vec<Algorithm>,
    /// Answer a duplicate with 409 and `X-Log-Index`, as upstream does, instead of 201 with the
    /// existing entry. Default `false`: an answer that was lost can be asked for again.
    #[serde(default)]
    pub strict_duplicates: bool,
    /// Take no entries; serve what is there. Default `false`.
    #[serde(default)]
    pub read_only: bool,
    /// Who runs the log, as the signing config names it. Logs of one operator should share it.
    /// Default `siglite`.
    #[serde(default = "default_operator")]
    pub operator: String,
    /// The largest request body in bytes. Default 4 MiB.
    #[serde(default = "default_body_bytes")]
    pub max_body_bytes: usize,
    /// Requests whose signatures wait to be verified; one more is answered with 503. Default 4096.
    #[serde(default = "default_waiting")]
    pub max_waiting: usize,
    /// Memory for the bodies of all requests together, in bytes; when it is taken, requests are
    /// answered with 503. Default 256 MiB.
    #[serde(default = "default_body_memory")]
    pub max_body_memory: usize,
}

/// The kinds of key that a log may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogKey {
    /// As the public instance has; witnesses can cosign its checkpoints.
    #[default]
    Ed25519,
    /// For clients that refuse every other kind of log key, as policy-controller does.
    EcdsaP256,
}

/// What becomes of a request from before upstream dropped envelopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dsse {
    /// It becomes a hashedrekord.
    #[default]
    Translate,
    /// It is refused.
    Reject,
}

/// An algorithm that clients may sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Algorithm(pub(crate) KeyDetails);

/// The name is not that of an algorithm of this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such algorithm; PKIX_ECDSA_P256_SHA_256 is one")]
pub struct UnknownAlgorithm;

impl Config {
    /// A configuration with every default.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, public_url: impl Into<String>) -> Self {
        Self {
            dir: dir.into(),
            public_url: public_url.into(),
            key: LogKey::default(),
            v1: true,
            dsse: Dsse::default(),
            algorithms: Algorithm::all(),
            strict_duplicates: false,
            read_only: false,
            operator: default_operator(),
            max_body_bytes: default_body_bytes(),
            max_waiting: default_waiting(),
            max_body_memory: default_body_memory(),
        }
    }
}

impl LogKey {
    /// The key's kind.
    #[must_use]
    pub fn kind(self) -> KeyKind {
        match self {
            Self::Ed25519 => KeyKind::Ed25519,
            Self::EcdsaP256 => KeyKind::EcdsaP256,
        }
    }
}

impl Algorithm {
    /// All that upstream allows. Pure Ed25519 is not among them: a log sees digests only.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let allowed = |details: &KeyDetails| *details != KeyDetails::Ed25519;
        KeyDetails::ALL.into_iter().filter(allowed).map(Self).collect()
    }
}

impl TryFrom<String> for Algorithm {
    type Error = UnknownAlgorithm;

    fn try_from(name: String) -> Result<Self, UnknownAlgorithm> {
        let named = |algorithm: &Self| algorithm.0.name() == name;
        Self::all().into_iter().find(named).ok_or(UnknownAlgorithm)
    }
}

fn yes() -> bool {
    true
}

fn default_operator() -> String {
    "siglite".to_owned()
}

fn default_body_bytes() -> usize {
    4 << 20
}

fn default_waiting() -> usize {
    4096
}

fn default_body_memory() -> usize {
    256 << 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_a_url_are_all_it_takes() {
        let json = r#"{"dir":"/log","public_url":"https://rekor.example"}"#;
        let config: Config = serde_json::from_str(json).unwrap();
        let written = Config::new("/log", "https://rekor.example");
        assert_eq!(format!("{config:?}"), format!("{written:?}"));
        assert_eq!(config.algorithms.len(), 7);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (member, value) in [
            ("kye", r#""ed25519""#),
            ("key", r#""rsa""#),
            ("dsse", r#""legacy""#),
            ("algorithms", r#"["PKIX_ED25519"]"#),
        ] {
            let json = format!(r#"{{"dir":"/log","public_url":"https://a","{member}":{value}}}"#);
            serde_json::from_str::<Config>(&json).unwrap_err();
        }
    }
}
