//! (4) Does the log hold the entry, and did it sign the tree?

use lite_bundle::{Bundle, InclusionProof, MediaType, TransparencyLogEntry};
use lite_time::Time;
use lite_tlog::{Hash, leaf_hash, verify_inclusion};

use super::{Passed, checkpoint, is_v2, short};
use crate::near;
use crate::reason::{Reason, Refusal};
use crate::report::{Evidence, TrustedTime};
use crate::trust::{Log, Trust, show};

/// Verifies every entry, of which `min` logs must hold one, and returns each entry's log.
pub(crate) fn verify<'a>(
    bundle: &Bundle,
    trust: &'a Trust,
    times: &[TrustedTime],
    min: usize,
) -> Passed<Vec<&'a Log>> {
    refuse_duplicates(&bundle.entries)?;
    let mut logs: Vec<&Log> = Vec::new();
    let mut evidence = Evidence::default();
    for entry in &bundle.entries {
        let log = find(entry, trust, times)?;
        verify_entry(entry, (log, trust), bundle.media_type, &mut evidence)?;
        logs.push(log);
    }
    let mut distinct: Vec<&[u8]> = logs.iter().map(|log| log.id.as_slice()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < min {
        let found = format!("entries of {} logs", distinct.len());
        return Err(Refusal::new(Reason::EntryMissing, format!("entries of {min} logs"), found));
    }
    Ok((logs, evidence))
}

/// Two copies of one entry would count twice in a reader's eyes.
fn refuse_duplicates(entries: &[TransparencyLogEntry]) -> Result<(), Refusal> {
    for (index, entry) in entries.iter().enumerate() {
        let same = |other: &&TransparencyLogEntry| {
            other.log_id == entry.log_id && other.log_index == entry.log_index
        };
        if entries.iter().take(index).any(|other| same(&other)) {
            return Err(Refusal::new(
                Reason::EntryDuplicate,
                "each entry once",
                format!("index {} of log {} again", entry.log_index, short(&entry.log_id)),
            ));
        }
    }
    Ok(())
}

/// The log with the entry's log ID that was trusted when the signature was made.
pub(crate) fn find<'a>(
    entry: &TransparencyLogEntry,
    trust: &'a Trust,
    times: &[TrustedTime],
) -> Result<&'a Log, Refusal> {
    let named: Vec<&Log> = trust.logs.iter().filter(|log| log.id == entry.log_id).collect();
    let Some(first) = named.first() else {
        let known: Vec<String> =
            trust.logs.iter().map(|log| format!("{} ({})", short(&log.id), log.base_url)).collect();
        return Err(Refusal::new(
            Reason::LogUnknown,
            format!("one of the logs {}", known.join(", ")),
            short(&entry.log_id),
        )
        .near(near::logs::of_entry(entry, trust)));
    };
    if named.iter().all(|log| log.window.is_none()) {
        return Err(Refusal::new(
            Reason::LogWindowMissing,
            format!("validFor.start for {}", first.base_url),
            "a trusted root without it",
        ));
    }
    let relevant = relevant_times(entry, times);
    let trusted =
        |log: &&&Log| log.window.is_some() && relevant.iter().all(|at| log.is_trusted_at(*at));
    named.iter().find(trusted).copied().ok_or_else(|| {
        let outside = relevant.iter().find(|at| !first.is_trusted_at(**at));
        Refusal::new(
            Reason::LogWindow,
            format!("{} between {}", first.base_url, show(first.window.as_ref())),
            outside.map_or_else(String::new, ToString::to_string),
        )
        .near(outside.and_then(|at| near::outside_window(*at, first.window.as_ref())))
    })
}

/// A v1 log says itself when it took the entry in; for others it is when the signature was made.
/// A managed key may come without any time, and then only the existence of a window counts.
fn relevant_times(entry: &TransparencyLogEntry, times: &[TrustedTime]) -> Vec<Time> {
    match (entry.integrated_time, &entry.inclusion_promise) {
        (Some(secs), Some(_)) => vec![Time::from_secs(secs)],
        _ => times.iter().map(|time| time.at).collect(),
    }
}

fn verify_entry(
    entry: &TransparencyLogEntry,
    (log, trust): (&Log, &Trust),
    version: MediaType,
    evidence: &mut Evidence,
) -> Result<(), Refusal> {
    evidence.add("log", &log.base_url);
    evidence.add("index", entry.log_index);
    let Some(proof) = &entry.inclusion_proof else {
        // v0.1 is older than proofs in bundles: there the SET of step (5) must stand in.
        if version == MediaType::V0_1 {
            evidence.add("proof", "none, as v0.1 allows; the SET stands for it");
            return Ok(());
        }
        return Err(Refusal::new(Reason::InclusionProofMissing, "an inclusion proof", "none"));
    };
    if is_v2(entry) && proof.log_index != entry.log_index {
        // Of v1 the entry's index counts over all shards, and the proof's in one.
        return Err(Refusal::new(Reason::LogIndexMismatch, entry.log_index, proof.log_index));
    }
    let (root, _) = verify_proof(&entry.canonicalized_body, proof)?;
    evidence.add("path", format!("{} hashes", proof.hashes.len()));
    evidence.add("tree size", proof.tree_size);
    evidence.add("root hash", hex::encode(root));
    match &proof.checkpoint {
        Some(envelope) => {
            let signed = checkpoint::verify(envelope, log, is_v2(entry), root, proof.tree_size)
                .map_err(|refusal| signed_by_another(refusal, envelope, log, trust))?;
            evidence.add("checkpoint of", signed.origin);
            Ok(())
        }
        None if version == MediaType::V0_1 => {
            evidence.add("checkpoint", "none, as v0.1 allows; the SET stands for it");
            Ok(())
        }
        None => Err(Refusal::new(Reason::CheckpointMissing, "a signed checkpoint", "none")),
    }
}

/// Whose checkpoint it is, where it is not this log's.
fn signed_by_another(refusal: Refusal, envelope: &str, log: &Log, trust: &Trust) -> Refusal {
    match refusal.reason {
        Reason::CheckpointOrigin | Reason::CheckpointUnsigned => {
            refusal.near(near::logs::of_checkpoint(envelope, log, trust))
        }
        _ => refusal,
    }
}

/// The Merkle proof; the answer is the root hash it leads to, and the hashes on the way.
pub(crate) fn verify_proof(
    leaf: &[u8],
    proof: &InclusionProof,
) -> Result<(Hash, Vec<Hash>), Refusal> {
    let invalid = |found: &dyn std::fmt::Display| {
        Refusal::new(
            Reason::InclusionProofInvalid,
            format!(
                "a path from index {} to root hash {}",
                proof.log_index,
                short(&proof.root_hash)
            ),
            found,
        )
    };
    let hash =
        |bytes: &[u8]| Hash::try_from(bytes).map_err(|_| invalid(&"a hash that has not 32 bytes"));
    let root = hash(&proof.root_hash)?;
    let path = proof.hashes.iter().map(|bytes| hash(bytes)).collect::<Result<Vec<_>, _>>()?;
    verify_inclusion(&leaf_hash(leaf), proof.log_index, proof.tree_size, &path, &root)
        .map_err(|error| invalid(&error))?;
    Ok((root, path))
}
