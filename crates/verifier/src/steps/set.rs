//! (5) Is the promise of a v1 log its own? Only the SET authenticates an integrated time.

use lite_bundle::{MediaType, TransparencyLogEntry};
use lite_keys::HashAlgorithm;

use super::{Passed, is_v2};
use crate::reason::{Reason, Refusal};
use crate::report::Evidence;
use crate::trust::Log;

/// Verifies the SETs; `None` where no entry has one, and none needs one.
pub(crate) fn verify(
    entries: &[TransparencyLogEntry],
    logs: &[&Log],
    version: MediaType,
) -> Passed<bool> {
    let mut evidence = Evidence::default();
    let mut any = false;
    for (entry, log) in entries.iter().zip(logs) {
        let Some(set) = &entry.inclusion_promise else {
            if version == MediaType::V0_1 {
                return Err(Refusal::new(Reason::SetMissing, "a SET", "none"));
            }
            continue;
        };
        if is_v2(entry) {
            return Err(Refusal::new(Reason::SetInV2, "no inclusion promise", "one"));
        }
        verify_promise(entry, set, log)?;
        any = true;
        evidence.add("log", &log.base_url);
        evidence
            .add("integrated at", lite_time::Time::from_secs(entry.integrated_time.unwrap_or(0)));
    }
    Ok((any, evidence))
}

/// Rekor hashes with SHA-256 whatever the curve of its key.
pub(crate) fn verify_promise(
    entry: &TransparencyLogEntry,
    set: &[u8],
    log: &Log,
) -> Result<(), Refusal> {
    log.key.verify(HashAlgorithm::Sha256, &entry.promised_bytes(), set).map_err(|error| {
        Refusal::new(Reason::SetSignature, format!("a SET of {}", log.base_url), error)
    })
}
