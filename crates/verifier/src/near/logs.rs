//! Logs that are almost the trusted one: to whom a log ID, a name or a key ID belongs.

use lite_bundle::{Bundle, TransparencyLogEntry};
use lite_keys::HashAlgorithm;
use lite_tlog::{Checkpoint, KeyId, NoteVerifier, SignedNote};

use crate::steps::short;
use crate::trust::{Log, Trust};

/// To whom the log ID of an entry belongs that is no log's of the trusted root.
pub(crate) fn of_entry(entry: &TransparencyLogEntry, trust: &Trust) -> Option<String> {
    if let Some(log) = trust.ctlogs.iter().find(|log| log.id == entry.log_id) {
        return Some(format!(
            "this is the ID of {}, a CT log: it holds certificates, and no signatures",
            log.base_url
        ));
    }
    if let Some(log) = trust.logs.iter().find(|log| has_spki_id(log, &entry.log_id)) {
        return Some(format!(
            "this is the key of {}, which the trusted root lists under the ID {}",
            log.base_url,
            short(&log.id)
        ));
    }
    let checkpoint = entry.inclusion_proof.as_ref()?.checkpoint.as_ref()?;
    let note = SignedNote::parse(checkpoint.as_bytes()).ok()?;
    let checkpoint: Checkpoint = note.text().parse().ok()?;
    let host = checkpoint.origin.split(" - ").next().unwrap_or_default();
    let known = trust.logs.iter().find(|log| names(log, host));
    Some(match known {
        Some(log) => format!(
            "its checkpoint is of {host}, which the trusted root knows with another key and the ID \
             {}: another instance, or this one before it was made anew",
            short(&log.id)
        ),
        None => format!("its checkpoint is of {host}, which the trusted root does not list"),
    })
}

/// Of which log the bundle is, where the trusted root does not know it: a sign of another instance.
pub(crate) fn stranger(bundle: &Bundle, trust: &Trust) -> Option<String> {
    let entry = bundle.entries.first()?;
    if trust.logs.iter().any(|log| log.id == entry.log_id) {
        return None;
    }
    of_entry(entry, trust).map(|near| format!("and of its log entry: {near}"))
}

/// To whom the log ID of an SCT belongs that is no CT log's of the trusted root.
pub(crate) fn of_sct(log_id: &[u8], trust: &Trust) -> Option<String> {
    if let Some(log) = trust.logs.iter().find(|log| log.id == log_id) {
        return Some(format!(
            "this is the ID of {}, a log of signatures: it holds no certificates",
            log.base_url
        ));
    }
    let log = trust.ctlogs.iter().find(|log| has_spki_id(log, log_id))?;
    Some(format!(
        "this is the key of {}, which the trusted root lists under the ID {}",
        log.base_url,
        short(&log.id)
    ))
}

/// Who did sign a checkpoint that `expected` did not sign, as far as the trusted root knows them.
pub(crate) fn of_checkpoint(envelope: &str, expected: &Log, trust: &Trust) -> Option<String> {
    let note = SignedNote::parse(envelope.as_bytes()).ok()?;
    let mut nearest = None;
    for line in note.signatures() {
        let of_key = |log: &&Log| key_id(log) == Some(line.key_id());
        if let Some(log) = trust.logs.iter().find(of_key).filter(|log| log.id != expected.id) {
            let verifier = NoteVerifier::new(line.name(), log.key.clone()).ok();
            let is_signed = verifier
                .is_some_and(|verifier| verifier.verify(note.text().as_bytes(), line.signature()));
            let verb = if is_signed { "signed it" } else { "is named by it, and did not sign it" };
            return Some(format!(
                "{} {verb}, with the key {}: a log of the trusted root, and not the entry's",
                log.base_url,
                line.key_id()
            ));
        }
        if names(expected, line.name()) && nearest.is_none() {
            let known = key_id(expected).map_or_else(String::new, |id| id.to_string());
            nearest = Some(format!(
                "{} signed with the key {}, and the trusted root knows it with {known}",
                line.name(),
                line.key_id()
            ));
        }
    }
    nearest.or_else(|| {
        let name = note.signatures().first()?.name();
        let log = trust.logs.iter().find(|log| names(log, name))?;
        Some(format!("{} is a log of the trusted root, and not the entry's", log.base_url))
    })
}

/// How two trees differ of which one is proven and the other signed.
pub(crate) fn trees((proven, root): (u64, &[u8]), (signed, other): (u64, &[u8])) -> String {
    if proven == signed {
        return "two trees of one size: the checkpoint was taken from elsewhere, or the log shows \
                different trees to different people"
            .to_owned();
    }
    let relation = if signed > proven { "later, larger" } else { "earlier, smaller" };
    let by = signed.abs_diff(proven);
    if root == other {
        format!("the root hash is the same, and the size differs by {by}")
    } else {
        format!("the checkpoint is of a {relation} tree, by {by} entries")
    }
}

fn names(log: &Log, name: &str) -> bool {
    let (host, with_port) = log.hosts();
    !name.is_empty() && (host == name || with_port == name)
}

fn key_id(log: &Log) -> Option<KeyId> {
    log.id.first_chunk().copied().map(KeyId)
}

/// RFC 6962, Section 3.2: the ID of CT logs, and of logs of Rekor v1.
fn has_spki_id(log: &Log, id: &[u8]) -> bool {
    HashAlgorithm::Sha256.digest(log.key.spki_der()) == id
}
