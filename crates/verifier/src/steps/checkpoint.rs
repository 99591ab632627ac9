//! (4), second half: the signed tree head that the inclusion proof leads to.

use lite_tlog::{Checkpoint, Hash, KeyId, NoteError, NoteVerifier, SignedNote};

use super::short;
use crate::near;
use crate::reason::{Reason, Refusal};
use crate::trust::Log;

/// Verifies that `log` signed a tree of this size and root, and returns what it signed.
pub(crate) fn verify(
    envelope: &str,
    log: &Log,
    v2: bool,
    root: Hash,
    size: u64,
) -> Result<Checkpoint, Refusal> {
    let checkpoint = open(envelope, log, v2)?;
    if (checkpoint.size, checkpoint.root) != (size, root) {
        return Err(Refusal::new(
            Reason::CheckpointMismatch,
            format!("the tree of size {size} with root hash {}", short(&root)),
            format!("size {} with root hash {}", checkpoint.size, short(&checkpoint.root)),
        )
        .near(Some(near::logs::trees((size, &root), (checkpoint.size, &checkpoint.root)))));
    }
    Ok(checkpoint)
}

/// Verifies that `log` signed the checkpoint, whatever tree it is of.
///
/// Signature lines of others (cosignatures, a second key of the log) are not evidence and no
/// offence. The log's line is found by its name and by the first four bytes of its log ID.
pub(crate) fn open(envelope: &str, log: &Log, v2: bool) -> Result<Checkpoint, Refusal> {
    let malformed = |error: &dyn std::fmt::Display| {
        Refusal::new(Reason::CheckpointMalformed, "a signed checkpoint", error)
    };
    let note = SignedNote::parse(envelope.as_bytes()).map_err(|error| match error {
        NoteError::Unsigned => {
            let expected = format!("a signature of {}", log.hosts().0);
            Refusal::new(Reason::CheckpointUnsigned, expected, error)
        }
        error => malformed(&error),
    })?;
    let checkpoint: Checkpoint = note.text().parse().map_err(|error| malformed(&error))?;
    let name = name(&checkpoint.origin, log, v2)?;
    verify_signature(&note, log, name)?;
    Ok(checkpoint)
}

/// The name under which the log must have signed. Rekor v2 signs as its origin, the host of its
/// URL; v1 writes `HOST - TREEID` for an origin and signs as `HOST`.
fn name<'a>(origin: &str, log: &'a Log, v2: bool) -> Result<&'a str, Refusal> {
    let (host, with_port) = log.hosts();
    let expected = if v2 { host.to_owned() } else { format!("{host} - and a tree ID") };
    let refusal = || Refusal::new(Reason::CheckpointOrigin, expected, origin);
    if v2 {
        return if origin == host && !host.is_empty() { Ok(host) } else { Err(refusal()) };
    }
    let Some((name, tree)) = origin.split_once(" - ") else { return Err(refusal()) };
    if tree.is_empty() || !tree.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refusal());
    }
    // Private v1 logs are often started with a port in their host name.
    [host, with_port].into_iter().find(|host| *host == name && !host.is_empty()).ok_or_else(refusal)
}

fn verify_signature(note: &SignedNote, log: &Log, name: &str) -> Result<(), Refusal> {
    let id = log.id.first_chunk().copied().map(KeyId);
    let verifier = NoteVerifier::new(name, log.key.clone()).map_err(|error| {
        Refusal::new(Reason::CheckpointMalformed, "a host that can be a key name", error)
    })?;
    let mut signed = false;
    for line in note.signatures() {
        if line.name() != name || Some(line.key_id()) != id {
            continue;
        }
        // C2SP signed-note: a line of the known key must verify, even beside one that does.
        if !verifier.verify(note.text().as_bytes(), line.signature()) {
            return Err(Refusal::new(
                Reason::CheckpointSignature,
                format!("a signature of {name}"),
                "one that does not verify",
            ));
        }
        signed = true;
    }
    if signed {
        return Ok(());
    }
    let lines: Vec<String> =
        note.signatures().iter().map(|line| format!("{} {}", line.name(), line.key_id())).collect();
    let id = id.map_or_else(String::new, |id| id.to_string());
    Err(Refusal::new(
        Reason::CheckpointUnsigned,
        format!("a signature of {name} {id}"),
        lines.join(", "),
    ))
}
