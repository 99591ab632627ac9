//! What a sealed run believed: the trusted root, by its bytes, and how old it is.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use lite_bundle::trust::{CertificateAuthority, TransparencyLog, TrustedRoot, ValidityWindow};
use lite_time::Time;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::files;

/// The file that a trusted root was read from. Only a sealed run looks at it any closer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What was read.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is of a client folder, which has the metadata beside it.
    pub(crate) fetched: bool,
}

/// The same, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Described {
    path: PathBuf,
    sha256: String,
    /// When the file was last written: of an instance's, when it was fetched or made.
    written: Option<Time>,
    /// The TUF metadata that it was fetched by, where that lies beside it.
    tuf: Option<Tuf>,
}

/// How long the repository that a trusted root came from vouched for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tuf {
    root_version: u64,
    /// The first of its documents to expire.
    expires: Time,
}

/// What was trusted, for the report.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    /// Nothing but the key that the caller named, where there is no root.
    root: Option<(Described, Held)>,
    now: Time,
}

/// Whom a trusted root names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    authorities: Vec<String>,
    logs: Vec<String>,
    ct_logs: Vec<String>,
    timestamp_authorities: Vec<String>,
    /// The newest day that something in it begins to count: it is not older than that.
    newest: Option<Time>,
}

impl Source {
    fn describe(self) -> Described {
        let written = std::fs::metadata(&self.path).and_then(|meta| meta.modified()).ok();
        let written = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Described {
            sha256: hex::encode(Sha256::digest(&self.bytes)),
            written: written.map(|since| Time::from_secs(0).plus(since).floor_to_second()),
            tuf: self.path.parent().filter(|_| self.fetched).and_then(Tuf::beside),
            path: self.path,
        }
    }
}

impl Tuf {
    /// What the client folder keeps: `siglite use` every document, `siglite up` the root.
    fn beside(folder: &Path) -> Option<Self> {
        let root = Signed::read(&folder.join("root.json"))?;
        let kept = ["timestamp", "snapshot", "targets"].into_iter();
        let others = kept.filter_map(|role| Signed::read(&folder.join(format!("tuf/{role}.json"))));
        let expires = others.map(|signed| signed.expires).fold(root.expires, Time::min);
        Some(Self { root_version: root.version, expires })
    }
}

/// The part of a TUF document that is asked for here. It was verified when it was fetched; here it
/// only says how old something is.
#[derive(Deserialize)]
struct Signed {
    version: u64,
    #[serde(with = "rfc3339")]
    expires: Time,
}

mod rfc3339 {
    use lite_time::Time;
    use serde::{Deserialize as _, Deserializer, de::Error as _};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(text: D) -> Result<Time, D::Error> {
        Time::parse_rfc3339(&String::deserialize(text)?).map_err(D::Error::custom)
    }
}

impl Signed {
    fn read(path: &Path) -> Option<Self> {
        #[derive(Deserialize)]
        struct Envelope {
            signed: Signed,
        }
        let bytes = files::read_if_there(path, files::MAX_DOCUMENT_BYTES).ok()??;
        serde_json::from_slice(&bytes).ok().map(|Envelope { signed }| signed)
    }
}

impl Held {
    fn of(root: &TrustedRoot) -> Self {
        let all = [&root.tlogs, &root.ctlogs].into_iter().flatten();
        let logs = all.filter_map(TransparencyLog::window);
        let authorities = [&root.certificate_authorities, &root.timestamp_authorities];
        let authorities = authorities.into_iter().flatten();
        let windows = logs.chain(authorities.filter_map(|one| one.valid_for.as_ref()));
        Self {
            newest: windows.filter_map(|ValidityWindow { start, .. }| *start).max(),
            authorities: root.certificate_authorities.iter().map(authority).collect(),
            logs: root.tlogs.iter().map(|log| log.base_url.clone()).collect(),
            ct_logs: root.ctlogs.iter().map(|log| log.base_url.clone()).collect(),
            timestamp_authorities: root.timestamp_authorities.iter().map(authority).collect(),
        }
    }

    fn kinds(&self) -> [(&'static str, &'static str, &[String]); 4] {
        [
            ("authorities", "certificateAuthorities", &self.authorities),
            ("logs", "transparencyLogs", &self.logs),
            ("CT logs", "ctLogs", &self.ct_logs),
            ("timestamps", "timestampAuthorities", &self.timestamp_authorities),
        ]
    }
}

/// Its name, or where it is; one from the command line has neither.
fn authority(authority: &CertificateAuthority) -> String {
    let name = authority.subject.as_ref().map(|subject| subject.common_name.clone());
    let known = name.filter(|name| !name.is_empty()).into_iter().chain([authority.uri.clone()]);
    let known: Vec<String> = known.filter(|part| !part.is_empty()).collect();
    if known.is_empty() { "named on the command line".to_owned() } else { known.join(" at ") }
}

impl Trusted {
    /// A trusted root, as it was used.
    pub(crate) fn root(root: &TrustedRoot, source: Source, now: Time) -> Self {
        Self { root: Some((source.describe(), Held::of(root))), now }
    }

    /// The caller's key alone.
    pub(crate) const fn key_alone(now: Time) -> Self {
        Self { root: None, now }
    }

    /// Lines for people.
    pub(super) fn words(&self) -> String {
        let Some((source, held)) = &self.root else {
            return "Trusted: the key that was named, and nothing else".to_owned();
        };
        let mut lines = vec![format!("Trusted: {}", source.path.display())];
        let mut line = |label: &str, value: String| lines.push(format!("  {label:15}{value}"));
        line("sha256:", source.sha256.clone());
        if let Some(written) = source.written {
            line("written:", format!("{written} ({} ago)", self.age(written)));
        }
        if let Some(newest) = held.newest {
            line("newest part:", format!("counts from {newest} ({} ago)", self.age(newest)));
        }
        match source.tuf {
            Some(Tuf { root_version, expires }) if expires > self.now => {
                line("TUF root:", format!("version {root_version}, vouched for until {expires}"));
            }
            Some(Tuf { root_version, expires }) => line(
                "TUF root:",
                format!(
                    "version {root_version}, vouched for until {expires}: {} ago",
                    self.age(expires)
                ),
            ),
            None => {}
        }
        for (label, _, names) in held.kinds() {
            let mut names = names.to_vec();
            names.dedup();
            if !names.is_empty() {
                line(&format!("{label}:"), names.join(", "));
            }
        }
        lines.join("\n")
    }

    /// The same as an object; null where there is no root.
    pub(super) fn json(&self) -> Option<Value> {
        let (source, held) = self.root.as_ref()?;
        let text = |time: Option<Time>| time.map(Time::to_rfc3339);
        let names = held.kinds().map(|(_, field, names)| (field.to_owned(), json!(names)));
        Some(json!({
            "path": source.path.display().to_string(),
            "sha256": source.sha256,
            "written": text(source.written),
            "ageSeconds": source.written.map(|written| self.now.since(written).as_secs()),
            "newestStart": text(held.newest),
            "tuf": source.tuf.map(|tuf| json!({
                "rootVersion": tuf.root_version,
                "expires": tuf.expires.to_rfc3339(),
                "expired": tuf.expires <= self.now,
            })),
            "holds": names.into_iter().collect::<serde_json::Map<_, _>>(),
        }))
    }

    /// In the unit that a person would choose.
    fn age(&self, from: Time) -> String {
        let seconds = self.now.since(from).as_secs();
        let (number, unit) = match seconds {
            0..120 => (seconds, "second"),
            120..7200 => (seconds / 60, "minute"),
            7200..172_800 => (seconds / 3600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str =
        include_str!("../../../crates/verifier/tests/vectors/public-good-trusted_root.json");

    fn trusted(now: Time) -> Trusted {
        let root = TrustedRoot::parse(ROOT.as_bytes()).unwrap();
        let described = Described {
            path: "root.json".into(),
            sha256: hex::encode(Sha256::digest(ROOT)),
            written: Some(Time::from_secs(1_000_000)),
            tuf: Some(Tuf { root_version: 3, expires: Time::from_secs(1_000_600) }),
        };
        Trusted { root: Some((described, Held::of(&root))), now }
    }

    #[test]
    fn a_report_names_the_bytes_their_age_and_whom_they_name() {
        let trusted = trusted(Time::from_secs(1_000_000 + 3 * 86_400));
        let words = trusted.words();
        assert!(words.contains("(3 days ago)"), "{words}");
        assert!(words.contains("https://rekor.sigstore.dev"), "{words}");
        assert!(words.contains(&hex::encode(Sha256::digest(ROOT))), "{words}");
        let json = trusted.json().unwrap();
        assert_eq!(json["ageSeconds"], 3 * 86_400);
        assert_eq!(json["tuf"]["expired"], true);
        let root: Value = serde_json::from_str(ROOT).unwrap();
        let tlogs = root["tlogs"].as_array().unwrap().len();
        assert_eq!(json["holds"]["transparencyLogs"].as_array().unwrap().len(), tlogs);
    }

    #[test]
    fn what_tuf_no_longer_vouches_for_is_said_to_be_so() {
        let fresh = trusted(Time::from_secs(1_000_000)).words();
        assert!(fresh.contains("version 3, vouched for until"), "{fresh}");
        assert!(!fresh.contains(": 0 seconds ago"), "{fresh}");
        let stale = trusted(Time::from_secs(1_000_601)).words();
        assert!(stale.contains(": 1 second ago"), "{stale}");
    }

    #[test]
    fn the_first_document_to_expire_counts() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            files::write(&path, text.as_bytes(), files::Reader::Everyone).unwrap();
        };
        assert_eq!(Tuf::beside(dir.path()), None);
        put("root.json", r#"{"signed":{"version":2,"expires":"2030-01-01T00:00:00Z"}}"#);
        let root = Tuf::beside(dir.path()).unwrap();
        assert_eq!(
            (root.root_version, root.expires.to_rfc3339().as_str()),
            (2, "2030-01-01T00:00:00Z")
        );
        put("tuf/timestamp.json", r#"{"signed":{"version":9,"expires":"2029-01-01T00:00:00Z"}}"#);
        let sooner = Tuf::beside(dir.path()).unwrap();
        assert_eq!(
            (sooner.root_version, sooner.expires.to_rfc3339().as_str()),
            (2, "2029-01-01T00:00:00Z")
        );
    }
}
