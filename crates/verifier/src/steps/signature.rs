//! (7) Does the signature verify over the artifact?

use lite_bundle::dsse::IN_TOTO_PAYLOAD_TYPE;
use lite_bundle::{Content, Envelope, MessageSignature, Statement, Subject};
use lite_keys::{HashAlgorithm, KeyKind, PublicKey};

use super::{Passed, short};
use crate::artifact::Artifact;
use crate::near;
use crate::policy::Matcher;
use crate::reason::{Reason, Refusal};
use crate::report::Evidence;

/// Verifies the signature, and for an attestation that it is about the artifact.
pub(crate) fn verify(
    content: &Content,
    key: &PublicKey,
    artifact: &Artifact<'_>,
    predicate_type: Option<&str>,
) -> Passed<Option<Statement>> {
    match content {
        Content::Message(message) => {
            if let Some(expected) = predicate_type {
                return Err(Refusal::new(
                    Reason::PredicateTypeMismatch,
                    expected,
                    "a signature without an attestation",
                ));
            }
            verify_message(message, key, artifact).map(|evidence| (None, evidence))
        }
        Content::Dsse(envelope) => {
            let (statement, evidence) = verify_envelope(envelope, key, artifact, predicate_type)?;
            Ok((Some(statement), evidence))
        }
    }
}

fn verify_message(
    message: &MessageSignature,
    key: &PublicKey,
    artifact: &Artifact<'_>,
) -> Result<Evidence, Refusal> {
    let hinted = message.digest.as_ref().map(|(hash, _)| *hash);
    let verified = signed_hash(message, key, artifact, hinted);
    // The format calls the digest a hint. It explains most refusals (it is the wrong file), and
    // one that contradicts the signature is not let through either.
    if let Some((hash, named)) = &message.digest
        && let Some(found) = artifact.digest(*hash).filter(|found| found != named)
    {
        let reason = match verified {
            Ok(_) => Reason::MessageDigestMismatch,
            Err(_) => Reason::ArtifactMismatch,
        };
        let show = |digest: &[u8]| format!("{}:{}", hash.short_name(), hex::encode(digest));
        let refusal = Refusal::new(reason, show(named), show(found));
        return Err(refusal.near(near::artifact::other_form(artifact, *hash, named)));
    }
    verified.map(|hash| passed(key, hash, artifact))
}

/// The hash with which the signature verifies over the artifact.
fn signed_hash(
    message: &MessageSignature,
    key: &PublicKey,
    artifact: &Artifact<'_>,
    hinted: Option<HashAlgorithm>,
) -> Result<HashAlgorithm, Refusal> {
    let mut unknown = None;
    for hash in hashes(key, hinted) {
        let Some(digest) = artifact.digest(hash) else {
            unknown = unknown.or(Some(hash));
            continue;
        };
        // An Ed25519 key verifies Ed25519ph here.
        if key.verify_digest(hash, digest, &message.signature).is_ok() {
            return Ok(hash);
        }
    }
    if key.kind() == KeyKind::Ed25519
        && let Some(bytes) = artifact.bytes()
        && key.verify(HashAlgorithm::Sha512, bytes, &message.signature).is_ok()
    {
        return Ok(HashAlgorithm::Sha512);
    }
    // The signature may well be good: what it is over is not at hand.
    Err(match unknown {
        Some(hash) => Refusal::new(
            Reason::ArtifactDigestUnavailable,
            format!("the artifact, or its {} digest", hash.short_name()),
            artifact.shown(),
        ),
        None => invalid(key, &message.signature),
    })
}

fn verify_envelope(
    envelope: &Envelope,
    key: &PublicKey,
    artifact: &Artifact<'_>,
    predicate_type: Option<&str>,
) -> Result<(Statement, Evidence), Refusal> {
    let pae = envelope.pae();
    let signature = &envelope.signature.sig;
    let by = |hash: HashAlgorithm| match key.kind() {
        KeyKind::Ed25519 => {
            key.verify_digest(hash, &hash.digest(&pae), signature).is_ok()
                || key.verify(hash, &pae, signature).is_ok()
        }
        _ => key.verify(hash, &pae, signature).is_ok(),
    };
    let hash = hashes(key, None).into_iter().find(|hash| by(*hash)).ok_or_else(|| {
        // Who signs by hand often signs the payload, and leaves out the header that PAE adds.
        let bare = |hash: HashAlgorithm| key.verify(hash, &envelope.payload, signature).is_ok();
        let words = "the signature is over the payload alone, and not over its PAE";
        let over_payload = hashes(key, None).into_iter().any(bare);
        invalid(key, signature).near(over_payload.then(|| words.to_owned()))
    })?;
    if envelope.payload_type != IN_TOTO_PAYLOAD_TYPE {
        return Err(Refusal::new(
            Reason::PayloadTypeUnknown,
            IN_TOTO_PAYLOAD_TYPE,
            &envelope.payload_type,
        ));
    }
    let statement = Statement::parse(&envelope.payload)
        .map_err(|error| Refusal::new(Reason::StatementMalformed, "an in-toto statement", error))?;
    let Some(subject) = statement.subjects.iter().find(|subject| is_about(subject, artifact))
    else {
        let found: Vec<String> = statement.subjects.iter().take(3).flat_map(shown).collect();
        let refusal = Refusal::new(Reason::SubjectMismatch, artifact.shown(), found.join(", "));
        return Err(refusal.near(near::artifact::subject(&statement.subjects, artifact)));
    };
    if let Some(expected) = predicate_type.filter(|expected| *expected != statement.predicate_type)
    {
        return Err(Refusal::new(
            Reason::PredicateTypeMismatch,
            expected,
            &statement.predicate_type,
        )
        .near(other_version(expected, &statement.predicate_type)));
    }
    let evidence = passed(key, hash, artifact)
        .with("subject", &subject.name)
        .with("predicate type", &statement.predicate_type);
    Ok((statement, evidence))
}

/// Types end in their version: `https://slsa.dev/provenance/v1`.
fn other_version(expected: &str, found: &str) -> Option<String> {
    let kind = |text: &str| text.rsplit_once('/').map(|(kind, _)| kind.to_owned());
    let same = kind(expected).is_some() && kind(expected) == kind(found);
    same.then(|| "the same type in another version".to_owned()).or_else(|| {
        let miss = near::names::miss(&Matcher::exact(expected), found)?;
        Some(miss.words)
    })
}

/// Whether a subject is the artifact: at least one digest we can compare, and none that differs.
fn is_about(subject: &Subject, artifact: &Artifact<'_>) -> bool {
    let mut compared = false;
    for hash in HashAlgorithm::ALL {
        let Some(expected) = subject.digest.get(hash.short_name()) else { continue };
        let Some(found) = artifact.digest(hash) else { continue };
        if hex::encode(found) != *expected {
            return false;
        }
        compared = true;
    }
    compared
}

fn shown(subject: &Subject) -> Vec<String> {
    subject.digest.iter().map(|(algorithm, digest)| format!("{algorithm}:{digest}")).collect()
}

/// The hashes a signature of this key may be over: the one the bundle names, the key's own, and
/// SHA-256, which older clients used with every curve.
fn hashes(key: &PublicKey, hinted: Option<HashAlgorithm>) -> Vec<HashAlgorithm> {
    let own = key.kind().default_hash();
    if key.kind() == KeyKind::Ed25519 {
        return vec![own];
    }
    let mut hashes: Vec<HashAlgorithm> =
        hinted.into_iter().chain([own, HashAlgorithm::Sha256]).collect();
    let mut seen = Vec::new();
    hashes.retain(|hash| {
        let first = !seen.contains(hash);
        seen.push(*hash);
        first
    });
    hashes
}

fn passed(key: &PublicKey, hash: HashAlgorithm, artifact: &Artifact<'_>) -> Evidence {
    Evidence::default()
        .with("artifact", artifact.shown())
        .with("algorithm", format!("{} with {}", key.kind(), hash.short_name()))
}

fn invalid(key: &PublicKey, signature: &[u8]) -> Refusal {
    Refusal::new(
        Reason::SignatureInvalid,
        format!(
            "a signature of the {} key {}",
            key.kind(),
            short(&HashAlgorithm::Sha256.digest(key.spki_der()))
        ),
        format!("{} bytes that do not verify", signature.len()),
    )
}
