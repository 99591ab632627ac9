//! (8) Does the log hold this signature, of this signer, over this artifact?

use lite_bundle::body::{
    Body, Dsse001, EntryVerifier, HashedRekord001, HashedRekord002, Intoto002, V1Signature,
};
use lite_bundle::{Bundle, Content, Envelope, TransparencyLogEntry};
use lite_keys::{HashAlgorithm, PublicKey};
use lite_pki::Certificate;

use super::{Passed, short};
use crate::artifact::Artifact;
use crate::near;
use crate::reason::{Reason, Refusal};
use crate::report::Evidence;

/// Who signed, as an entry names it.
pub(crate) enum EntrySigner<'a> {
    Certificate(&'a Certificate),
    Key(&'a PublicKey),
}

/// Compares every entry with the bundle: first what was signed, then by whom, then the signature,
/// so that the refusal names the largest difference.
pub(crate) fn verify(
    bundle: &Bundle,
    signer: &EntrySigner<'_>,
    key: &PublicKey,
    artifact: &Artifact<'_>,
) -> Passed<()> {
    let mut evidence = Evidence::default();
    for entry in &bundle.entries {
        let body = parse(entry)?;
        compare(&body, bundle, entry, (signer, key), artifact)
            .map_err(|refusal| told_apart(refusal, &body, (signer, key)))?;
        evidence.add("entry", format!("{} {}", entry.kind, entry.version));
        evidence.add("leaf", format!("{} bytes", entry.canonicalized_body.len()));
    }
    Ok(((), evidence))
}

fn compare(
    body: &Body,
    bundle: &Bundle,
    entry: &TransparencyLogEntry,
    (signer, key): (&EntrySigner<'_>, &PublicKey),
    artifact: &Artifact<'_>,
) -> Result<(), Refusal> {
    match body {
        Body::HashedRekord002(body) => {
            hashedrekord_002(body, &bundle.content, signer, key, artifact)
        }
        Body::HashedRekord001(body) => hashedrekord_001(body, &bundle.content, signer, artifact),
        Body::Dsse001(body) => dsse_001(body, envelope(bundle, entry)?, signer),
        Body::Intoto002(body) => intoto_002(body, envelope(bundle, entry)?, signer),
        _ => Err(kind_unknown(entry)),
    }
}

/// Who the log says signed, where it is not who the bundle says.
fn told_apart(
    refusal: Refusal,
    body: &Body,
    (signer, key): (&EntrySigner<'_>, &PublicKey),
) -> Refusal {
    if refusal.reason != Reason::EntryVerifierMismatch {
        return refusal;
    }
    let certificate = match signer {
        EntrySigner::Certificate(certificate) => Some(*certificate),
        EntrySigner::Key(_) => None,
    };
    refusal.near(near::certificates::entry_signer(body, certificate, key))
}

fn parse(entry: &TransparencyLogEntry) -> Result<Body, Refusal> {
    use lite_bundle::body::BodyError;
    Body::parse(&entry.kind, &entry.version, &entry.canonicalized_body).map_err(|error| match error
    {
        BodyError::UnknownKind => kind_unknown(entry),
        error => {
            Refusal::new(Reason::EntryMalformed, format!("{} {}", entry.kind, entry.version), error)
        }
    })
}

fn kind_unknown(entry: &TransparencyLogEntry) -> Refusal {
    Refusal::new(
        Reason::EntryKindUnknown,
        "hashedrekord 0.0.1 or 0.0.2, dsse 0.0.1, intoto 0.0.2",
        format!("{} {}", entry.kind, entry.version),
    )
    .near(
        matches!(entry.kind.as_str(), "hashedrekord" | "dsse" | "intoto")
            .then(|| format!("{} is known, in another version than {}", entry.kind, entry.version)),
    )
}

fn envelope<'a>(bundle: &'a Bundle, entry: &TransparencyLogEntry) -> Result<&'a Envelope, Refusal> {
    match &bundle.content {
        Content::Dsse(envelope) => Ok(envelope),
        Content::Message(_) => {
            Err(Refusal::new(Reason::EntryKindUnknown, "a hashedrekord for a message", &entry.kind))
        }
    }
}

/// Rekor v2: the leaf can be rebuilt from the bundle to the last bit. That `parse` found it
/// canonical leaves only its values to compare.
fn hashedrekord_002(
    body: &HashedRekord002,
    content: &Content,
    signer: &EntrySigner<'_>,
    key: &PublicKey,
    artifact: &Artifact<'_>,
) -> Result<(), Refusal> {
    let digest = match content {
        Content::Message(_) => artifact_digest(body.hash(), artifact)?,
        // Attestations are logged as the digest of their PAE.
        Content::Dsse(envelope) => body.hash().digest(&envelope.pae()),
    };
    if body.digest != digest {
        let reason = match content {
            Content::Message(_) => Reason::EntryArtifactMismatch,
            Content::Dsse(_) => Reason::EntryPayloadMismatch,
        };
        return Err(Refusal::new(reason, hex::encode(&digest), hex::encode(&body.digest)));
    }
    let same = match (signer, &body.verifier) {
        (EntrySigner::Certificate(leaf), EntryVerifier::Certificate(der)) => leaf.der() == der,
        (EntrySigner::Key(key), EntryVerifier::PublicKey(spki)) => key.spki_der() == spki,
        _ => false,
    };
    if !same {
        return Err(verifier_mismatch(
            signer,
            &short(&HashAlgorithm::Sha256.digest(body.verifier.raw_bytes())),
        ));
    }
    same_signature(&body.signature, content.signature())?;
    // Other verifiers rebuild the leaf with the key's own details.
    match key.details_for_entries() {
        Some(details) if details == body.key_details => Ok(()),
        details => Err(Refusal::new(
            Reason::EntryVerifierMismatch,
            details.map_or("a key with a name", |details| details.name()),
            body.key_details,
        )),
    }
}

fn hashedrekord_001(
    body: &HashedRekord001,
    content: &Content,
    signer: &EntrySigner<'_>,
    artifact: &Artifact<'_>,
) -> Result<(), Refusal> {
    let Content::Message(message) = content else {
        return Err(Refusal::new(
            Reason::EntryKindUnknown,
            "dsse or intoto for an envelope",
            "hashedrekord 0.0.1",
        ));
    };
    let digest = artifact_digest(body.hash, artifact)?;
    if body.digest != digest {
        return Err(Refusal::new(
            Reason::EntryArtifactMismatch,
            hex::encode(&digest),
            hex::encode(&body.digest),
        ));
    }
    same_verifier(&body.signature, signer)?;
    same_signature(&body.signature.signature, &message.signature)
}

fn dsse_001(body: &Dsse001, envelope: &Envelope, signer: &EntrySigner<'_>) -> Result<(), Refusal> {
    same_payload(&body.payload_hash, envelope)?;
    one_signature(&body.signatures, envelope, signer)
}

fn intoto_002(
    body: &Intoto002,
    envelope: &Envelope,
    signer: &EntrySigner<'_>,
) -> Result<(), Refusal> {
    if body.payload_type != envelope.payload_type {
        return Err(Refusal::new(
            Reason::EntryPayloadMismatch,
            &envelope.payload_type,
            &body.payload_type,
        ));
    }
    match (&body.payload, &body.payload_hash) {
        (None, None) => {
            return Err(Refusal::new(
                Reason::EntryPayloadMismatch,
                "a payload or its hash",
                "neither",
            ));
        }
        (Some(payload), _) if *payload != envelope.payload => {
            return Err(Refusal::new(
                Reason::EntryPayloadMismatch,
                "the envelope's payload",
                "another",
            ));
        }
        _ => {}
    }
    if let Some(hash) = &body.payload_hash {
        same_payload(hash, envelope)?;
    }
    one_signature(&body.signatures, envelope, signer)
}

fn same_payload(
    (hash, expected): &(HashAlgorithm, Vec<u8>),
    envelope: &Envelope,
) -> Result<(), Refusal> {
    let digest = hash.digest(&envelope.payload);
    if digest == *expected {
        return Ok(());
    }
    Err(Refusal::new(Reason::EntryPayloadMismatch, hex::encode(digest), hex::encode(expected)))
}

/// A bundle has one signature; an entry with more would say that somebody else signed, too.
fn one_signature(
    logged: &[V1Signature],
    envelope: &Envelope,
    signer: &EntrySigner<'_>,
) -> Result<(), Refusal> {
    let [signature] = logged else {
        return Err(Refusal::new(Reason::EntrySignatureMismatch, "one signature", logged.len()));
    };
    same_verifier(signature, signer)?;
    same_signature(&signature.signature, &envelope.signature.sig)
}

fn same_signature(logged: &[u8], bundled: &[u8]) -> Result<(), Refusal> {
    if logged == bundled {
        return Ok(());
    }
    Err(Refusal::new(Reason::EntrySignatureMismatch, hex::encode(bundled), hex::encode(logged)))
}

/// v1 holds PEM, which `lite_pki` and `lite_keys` read; the DER inside must be the signer's.
fn same_verifier(logged: &V1Signature, signer: &EntrySigner<'_>) -> Result<(), Refusal> {
    let same = match signer {
        EntrySigner::Certificate(leaf) => Certificate::chain_from_pem(&logged.verifier_pem)
            .is_ok_and(|chain| chain.first().is_some_and(|first| first.der() == leaf.der())),
        EntrySigner::Key(key) => {
            PublicKey::from_pem(&logged.verifier_pem).is_ok_and(|logged| logged == **key)
        }
    };
    if same { Ok(()) } else { Err(verifier_mismatch(signer, &"another, or none that can be read")) }
}

fn verifier_mismatch(signer: &EntrySigner<'_>, found: &dyn std::fmt::Display) -> Refusal {
    let expected = match signer {
        EntrySigner::Certificate(leaf) => {
            format!("the certificate {}", short(&HashAlgorithm::Sha256.digest(leaf.der())))
        }
        EntrySigner::Key(key) => {
            format!("the key {}", short(&HashAlgorithm::Sha256.digest(key.spki_der())))
        }
    };
    Refusal::new(Reason::EntryVerifierMismatch, expected, found)
}

fn artifact_digest(hash: HashAlgorithm, artifact: &Artifact<'_>) -> Result<Vec<u8>, Refusal> {
    artifact.digest(hash).map(<[u8]>::to_vec).ok_or_else(|| {
        let expected = format!("the artifact, or its {} digest", hash.short_name());
        Refusal::new(Reason::ArtifactDigestUnavailable, expected, artifact.shown())
    })
}
