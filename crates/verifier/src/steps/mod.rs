//! One module per step, each a function from what it needs to evidence or a refusal.

pub(crate) mod chain;
pub(crate) mod checkpoint;
pub(crate) mod entry;
pub(crate) mod identity;
pub(crate) mod inclusion;
pub(crate) mod sct;
pub(crate) mod set;
pub(crate) mod signature;
pub(crate) mod times;
pub(crate) mod validity;

use lite_bundle::TransparencyLogEntry;

use crate::reason::Refusal;
use crate::report::Evidence;

/// What a step gives to later ones, and why it holds.
pub(crate) type Passed<T> = Result<(T, Evidence), Refusal>;

/// Whether an entry is of a Rekor v2 log. The kind decides, which step (8) compares with the leaf;
/// what else differs (origin, SET, integrated time) is then held to that version.
pub(crate) fn is_v2(entry: &TransparencyLogEntry) -> bool {
    entry.kind == "hashedrekord" && entry.version == "0.0.2"
}

/// Short hex, for people to compare.
pub(crate) fn short(bytes: &[u8]) -> String {
    let hex = hex::encode(bytes);
    match hex.get(..16) {
        Some(start) if hex.len() > 20 => format!("{start}…"),
        _ => hex,
    }
}
