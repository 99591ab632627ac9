//! Every setting of the trust root, with its default.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// The configuration file of `trust-lite serve`, YAML or JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The server's own folder: `keys/` (the root key, which may be moved elsewhere, and the
    /// three online keys), `repository/` (the TUF repository as clients see it), `lock`.
    pub dir: PathBuf,
    /// Where copies for clients on this machine are kept: `root.json`, `trusted_root.json`,
    /// `signing_config.json`, `trust_config.json`. Default: nowhere.
    #[serde(default)]
    pub client_dir: Option<PathBuf>,
    /// Running alone: the fragments of the other servers, as files or `http(s)://` URLs. They are
    /// read at the start and every minute after. Their order is the order of the documents.
    #[serde(default)]
    pub fragments: Vec<String>,
    /// Running alone: how many seconds the first start waits for all fragments to be readable.
    /// Later starts go on with the last ones they saw. Default 60.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
    /// For how many days metadata is valid.
    #[serde(default)]
    pub valid_days: Periods,
}

/// For how many days each role's metadata is valid when it is signed; renewed at half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Periods {
    /// Root: 365. Its key signs the renewal, unless it is kept elsewhere.
    pub root: u32,
    /// Targets: 180.
    pub targets: u32,
    /// Snapshot: 30.
    pub snapshot: u32,
    /// Timestamp: 7. For so long a client can be kept from seeing a change.
    pub timestamp: u32,
}

impl Default for Periods {
    fn default() -> Self {
        Self { root: 365, targets: 180, snapshot: 30, timestamp: 7 }
    }
}

impl Config {
    /// A trust root in `dir` with every default.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            client_dir: None,
            fragments: Vec::new(),
            wait_seconds: default_wait(),
            valid_days: Periods::default(),
        }
    }
}

impl Periods {
    /// In the words of `lite-tuf`; a day at least, ten years at most.
    pub(crate) fn durations(self) -> lite_tuf::Periods {
        let days = |days: u32| Duration::from_secs(u64::from(days.clamp(1, 3650)) * 24 * 60 * 60);
        lite_tuf::Periods {
            root: days(self.root),
            targets: days(self.targets),
            snapshot: days(self.snapshot),
            timestamp: days(self.timestamp),
        }
    }
}

const fn default_wait() -> u64 {
    60
}
