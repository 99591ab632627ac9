//! What a leaf is found by, of either generation of Rekor.

use lite_bundle::body::{EntryVerifier, HashedRekord002};
use lite_pki::pem;
use serde::Deserialize;

use crate::SearchKey;
use crate::json::{self, Text};
use crate::kinds::{dsse, hashedrekord, intoto, rekord, rfc3161};
use crate::verifier::Verifier;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    api_version: Text<'a>,
}

/// Kind and version of a leaf, such as `dsse` and `0.0.1`; `None` where it does not say.
#[must_use]
pub fn kind_of(leaf: &[u8]) -> Option<(String, String)> {
    let head: Head<'_> = json::object(leaf).ok()?;
    Some((head.kind.0.into_owned(), head.api_version.0.into_owned()))
}

/// What a leaf is found by: the digests, the keys and the names that it holds, no key twice. Leaves
/// that we do not read give none. Upstream's `IndexKeys`, but for what [`crate::Accepted::beside`]
/// has, and with one form of [`SearchKey::Key`] for every kind.
#[must_use]
pub fn search_keys(leaf: &[u8]) -> Vec<SearchKey> {
    let Some((kind, version)) = kind_of(leaf) else {
        return Vec::new();
    };
    let keys = match (kind.as_str(), version.as_str()) {
        ("dsse", "0.0.1") => dsse::search_keys(leaf),
        ("hashedrekord", "0.0.1") => hashedrekord::search_keys(leaf),
        ("hashedrekord", "0.0.2") => of_second_generation(leaf),
        ("intoto", "0.0.1") => intoto::search_keys_001(leaf),
        ("intoto", "0.0.2") => intoto::search_keys_002(leaf),
        ("rekord", "0.0.1") => rekord::search_keys(leaf),
        ("rfc3161", "0.0.1") => rfc3161::search_keys(leaf),
        _ => None,
    };
    let mut found: Vec<SearchKey> = Vec::new();
    for key in keys.unwrap_or_default() {
        if key.can_be_asked_for() && !found.contains(&key) {
            found.push(key);
        }
    }
    found
}

/// Whether a leaf with the keys `held` answers a question: it has all that is asked for, or one of
/// it. Every leaf answers a question that asks for nothing.
#[must_use]
pub fn answers(held: &[SearchKey], asked: &[SearchKey], all: bool) -> bool {
    let is_held = |key: &SearchKey| held.contains(key);
    if all { asked.iter().all(is_held) } else { asked.is_empty() || asked.iter().any(is_held) }
}

/// Rekor v2 holds keys and certificates in DER; they are searched for in PEM all the same.
fn of_second_generation(leaf: &[u8]) -> Option<Vec<SearchKey>> {
    let entry = HashedRekord002::parse(leaf).ok()?;
    let label = match entry.verifier {
        EntryVerifier::Certificate(_) => "CERTIFICATE",
        EntryVerifier::PublicKey(_) => "PUBLIC KEY",
    };
    let verifier =
        Verifier::parse(pem::encode(label, entry.verifier.raw_bytes()).as_bytes()).ok()?;
    let mut keys = vec![SearchKey::digest(entry.hash(), &entry.digest)];
    keys.extend(verifier.search_keys());
    Some(keys)
}
