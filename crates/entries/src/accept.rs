//! The one way in: JSON, as clients post it, becomes a leaf.

use lite_bundle::body::MAX_LEAF_BYTES;
use lite_keys::KeyDetails;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::json::{self, Text};
use crate::kinds::{dsse, hashedrekord, intoto, rekord, rfc3161};
use crate::{Refusal, SearchKey};

/// The longest proposed entry that is read. Kinds that carry what is signed (`dsse`, `intoto`,
/// `rekord`) may be this long; their leaves hold digests.
pub const MAX_PROPOSED_BYTES: usize = 16 * 1024 * 1024;

/// Most signatures, and most keys, of an envelope. Upstream has no limit.
pub const MAX_SIGNATURES: usize = 10;

/// Most search keys that are kept beside a leaf.
pub const MAX_BESIDE: usize = 64;

/// What a log takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Which keys may sign with which hash. Holds for `hashedrekord` only, as upstream: the hash of
    /// the other kinds is SHA-256 and not the client's choice.
    ///
    /// [`KeyDetails::Ed25519`] allows nothing by itself: a digest is signed with Ed25519ph.
    pub algorithms: Vec<KeyDetails>,
}

impl Default for Rules {
    /// The seven of Rekor v2 and pure Ed25519, which is upstream's default for v1.
    fn default() -> Self {
        Self { algorithms: KeyDetails::ALL.to_vec() }
    }
}

/// An entry that was verified and is ready for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// `kind`, such as `hashedrekord`.
    pub kind: &'static str,
    /// `apiVersion`, such as `0.0.1`.
    pub version: &'static str,
    /// The canonical body, at most 65535 bytes.
    pub leaf: Vec<u8>,
    /// Search keys that the leaf does not hold: digests of an in-toto statement's subjects and
    /// materials. At most [`MAX_BESIDE`], no key twice.
    pub beside: Vec<SearchKey>,
}

/// Verifies a proposed entry, and writes its leaf.
pub fn accept(proposed: &[u8], rules: &Rules) -> Result<Accepted, Refusal> {
    // (1) Size, before anything is read.
    if proposed.len() > MAX_PROPOSED_BYTES {
        return Err(Refusal::TooLarge);
    }
    // (2) The head says which kind it is; the body is looked over, and not kept.
    let head = json::object::<Head<'_>>(proposed).map_err(Refusal::Json)?;
    let kind = head.kind.filter(|kind| !kind.is_empty()).ok_or(Refusal::Required("kind"))?;
    if !UPSTREAM_KINDS.contains(&&*kind.0) {
        return Err(Refusal::UnknownKind(shortened(&kind)));
    }
    let version = head.api_version.ok_or(Refusal::Required("apiVersion"))?;
    if !is_semantic_version(&version) {
        return Err(Refusal::VersionPattern);
    }
    if head.spec.is_none() {
        return Err(Refusal::Required("spec"));
    }
    // (3) The kind reads its own body, verifies the signatures and writes the leaf.
    let accepted = match (&*kind.0, &*version.0) {
        ("hashedrekord", "0.0.1") => hashedrekord::accept(proposed, rules),
        ("dsse", "0.0.1") => dsse::accept(proposed),
        ("intoto", "0.0.1") => intoto::accept_001(proposed),
        ("intoto", "0.0.2") => intoto::accept_002(proposed),
        ("rekord", "0.0.1") => rekord::accept(proposed),
        ("rfc3161", "0.0.1") => rfc3161::accept(proposed),
        ("hashedrekord" | "dsse" | "intoto" | "rekord" | "rfc3161", _) => {
            let (kind, version) = (shortened(&kind), shortened(&version));
            Err(Refusal::UnsupportedVersion { kind, version })
        }
        _ => Err(Refusal::UnsupportedKind(shortened(&kind))),
    }?;
    // (4) A tiled log holds the length of a leaf in 16 bits.
    if accepted.leaf.len() > MAX_LEAF_BYTES {
        return Err(Refusal::LeafTooLong(accepted.leaf.len()));
    }
    Ok(accepted)
}

/// The kinds that upstream knows; we take some of them.
const UPSTREAM_KINDS: [&str; 11] = [
    "alpine",
    "cose",
    "dsse",
    "hashedrekord",
    "helm",
    "intoto",
    "jar",
    "rekord",
    "rfc3161",
    "rpm",
    "tuf",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    api_version: Option<Text<'a>>,
    #[serde(default)]
    spec: Option<IgnoredAny>,
}

/// A word of the client's, short enough for a message.
fn shortened(text: &Text<'_>) -> String {
    text.0.chars().take(40).collect()
}

/// Semantic Versioning 2.0.0, the pattern of upstream's schema.
fn is_semantic_version(text: &str) -> bool {
    let identifiers = |text: &str, no_leading_zero: bool| {
        text.split('.').all(|part| {
            let number = part.bytes().all(|b| b.is_ascii_digit());
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !(no_leading_zero && number && part.len() > 1 && part.starts_with('0'))
        })
    };
    let (text, build) = text.split_once('+').map_or((text, None), |(a, b)| (a, Some(b)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(a, b)| (a, Some(b)));
    core.split('.').count() == 3
        && core.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && identifiers(core, true)
        && pre.is_none_or(|pre| identifiers(pre, true))
        && build.is_none_or(|build| identifiers(build, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_semantic() {
        for good in ["0.0.1", "1.20.3", "0.0.1-rc.1", "0.0.1-0a", "0.0.1+007", "1.0.0-a+b"] {
            assert!(is_semantic_version(good), "{good}");
        }
        for bad in
            ["", "0.0", "0.0.1.2", "00.0.1", "0.0.1-", "0.0.1-01", "0.0.1+", "v0.0.1", "a.b.c"]
        {
            assert!(!is_semantic_version(bad), "{bad}");
        }
    }
}
