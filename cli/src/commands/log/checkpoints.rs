//! Checkpoints of either tree, held to the logs of the trusted root.

use lite_bundle::trust::{TransparencyLog, TrustedRoot};
use lite_keys::PublicKey;
use lite_tlog::{Checkpoint, LogId, NoteVerifier, SignedNote};
use url::Url;

use crate::trust::LogVersion;

/// A checkpoint that a trusted log signed.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) checkpoint: Checkpoint,
    /// The checkpoint as it is signed.
    pub(super) note: String,
    /// The ID of the log that signed it.
    pub(super) log_id: LogId,
}

impl Signed {
    /// Reads a checkpoint; `None` unless a log of the trusted root signed it, under the name that
    /// a log of this version has.
    pub(super) fn open(note: &[u8], root: &TrustedRoot, version: LogVersion) -> Option<Self> {
        root.tlogs.iter().find_map(|log| Self::open_of(note, log, version))
    }

    /// The same for one log.
    pub(super) fn open_of(note: &[u8], log: &TransparencyLog, version: LogVersion) -> Option<Self> {
        let text = String::from_utf8(note.to_vec()).ok()?;
        let origin = SignedNote::parse(note).ok()?.text().lines().next()?.to_owned();
        let name = match version {
            LogVersion::V2 => origin.as_str(),
            LogVersion::V1 => origin.split_once(" - ").filter(|(_, tree)| is_number(tree))?.0,
        };
        if !names(log, version).iter().any(|known| known == name) {
            return None;
        }
        let key = PublicKey::from_spki_der(&log.public_key.raw_bytes).ok()?;
        let verifier = NoteVerifier::new(name, key).ok()?;
        let checkpoint = Checkpoint::open_of(note, &verifier, &origin).ok()?;
        Some(Self { checkpoint, note: text, log_id: verifier.log_id() })
    }

    /// The number of a v1 tree, which its origin ends with.
    pub(super) fn tree_id(&self) -> Option<&str> {
        tree_id(&self.checkpoint.origin)
    }
}

/// The number of a v1 tree, which its origin ends with.
pub(super) fn tree_id(origin: &str) -> Option<&str> {
    origin.split_once(" - ").map(|(_, tree)| tree).filter(|tree| is_number(tree))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A trusted log signs as the host of its URL; private v1 logs are often started with a port in
/// their host name.
fn names(log: &TransparencyLog, version: LogVersion) -> Vec<String> {
    let Ok(url) = Url::parse(&log.base_url) else { return Vec::new() };
    let Some(host) = url.host_str() else { return Vec::new() };
    let mut names = vec![host.to_owned()];
    if let (LogVersion::V1, Some(port)) = (version, url.port()) {
        names.push(format!("{host}:{port}"));
    }
    names
}
