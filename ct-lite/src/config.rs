//! Every setting of the CT log, with its default.

use std::path::PathBuf;

use serde::Deserialize;

/// The configuration file of `ct-lite serve`, YAML or JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The log's own folder: `key.pem` (0600), `log/` (leaves and tiles), `issuers/` (the
    /// certificates above the leaves), `public/fragment.json` (when it runs alone).
    pub dir: PathBuf,
    /// The URL under which clients reach the log, such as `http://localhost:7070/ct`. Without its
    /// scheme it is the log's origin, so it never changes.
    pub public_url: String,
    /// PEM files with the roots that submitted chains must lead to. Running alone, a start waits for
    /// them. Default: none.
    #[serde(default)]
    pub root_files: Vec<PathBuf>,
    /// The same as text, instead of files or beside them. Default: none.
    #[serde(default)]
    pub roots_pem: String,
    /// Whether SCTs carry static-ct-api's `leaf_index`. That document demands it; sigstore-python
    /// before 4.2 fails on it. Default `false`.
    #[serde(default)]
    pub leaf_index: bool,
    /// Running alone: how many seconds the start waits for `root_files`. Default 60.
    #[serde(default = "default_wait")]
    pub wait_seconds: u64,
}

impl Config {
    /// A log in `dir`, reached at `url`, that accepts chains to `roots_pem`.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, url: &str, roots_pem: &str) -> Self {
        Self {
            dir: dir.into(),
            public_url: url.to_owned(),
            root_files: Vec::new(),
            roots_pem: roots_pem.to_owned(),
            leaf_index: false,
            wait_seconds: default_wait(),
        }
    }

    /// The URL without a slash at its end.
    pub(crate) fn base_url(&self) -> &str {
        self.public_url.trim_end_matches('/')
    }

    /// c2sp.org/static-ct-api, "Checkpoints": the origin is "the submission prefix of the log as a
    /// schema-less URL with no trailing slashes".
    pub(crate) fn origin(&self) -> Option<&str> {
        let url = self.base_url();
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '+' | '?' | '#' | '@');
        (!rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain)).then_some(rest)
    }
}

const fn default_wait() -> u64 {
    60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, origin: Option<&str>) {
        assert_eq!(Config::new("dir", url, "").origin(), origin);
    }

    #[test]
    fn the_origin_is_the_url_without_its_scheme() {
        check("http://localhost:7070/ct", Some("localhost:7070/ct"));
        check("https://ct.example.com/2026/", Some("ct.example.com/2026"));
    }

    #[test]
    fn refuses_urls_that_make_no_key_name() {
        for url in
            ["", "localhost:7070/ct", "ftp://x", "http://", "http:///x", "http://a+b", "http://a b"]
        {
            check(url, None);
        }
    }
}
