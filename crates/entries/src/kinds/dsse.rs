//! `dsse` 0.0.1: the signatures of an envelope.
//!
//! ```text
//! sent    {…,"spec":{"proposedContent":{"envelope":"<JSON as a string>","verifiers":["<base64 of PEM>"]}}}
//! logged  {…,"spec":{"envelopeHash":{…},"payloadHash":{…},
//!          "signatures":[{"signature":"<base64>","verifier":"<base64 of PEM>"}]}}
//! ```
//!
//! `envelopeHash` is of the string as it was sent: the same envelope with other spaces is another
//! entry. The payload is not kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::body::Dsse001;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{given, sha256_of};
use crate::envelope::Envelope;
use crate::json::{self, Limited, Object, Text};
use crate::verifier::Verifier;
use crate::{Accepted, MAX_SIGNATURES, Refusal, SearchKey};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow, default)]
    proposed_content: Option<Object<ProposedContent<'a>>>,
    // What only a log writes.
    #[serde(default)]
    envelope_hash: Option<IgnoredAny>,
    #[serde(default)]
    payload_hash: Option<IgnoredAny>,
    #[serde(default)]
    signatures: Option<Limited<IgnoredAny, 1>>,
}

#[derive(Deserialize)]
struct ProposedContent<'a> {
    #[serde(borrow, default)]
    envelope: Option<Text<'a>>,
    #[serde(borrow, default)]
    verifiers: Option<Limited<Text<'a>, MAX_SIGNATURES>>,
}

pub(crate) fn accept(proposed: &[u8]) -> Result<Accepted, Refusal> {
    let spec: Spec<'_> = json::spec(proposed)?;
    let proposed = spec.proposed_content.ok_or(Refusal::NotInsertable("proposed content"))?.0;
    let signed = spec.signatures.is_some_and(|list| !list.items.is_empty());
    if signed || spec.envelope_hash.is_some() || spec.payload_hash.is_some() {
        return Err(Refusal::BothForms);
    }
    let text = given(proposed.envelope).ok_or(Refusal::Missing("proposedContent.envelope"))?;
    let list = proposed.verifiers.ok_or(Refusal::Missing("proposedContent.verifiers"))?;
    if list.overflow {
        return Err(Refusal::TooManySignatures);
    }
    let mut keys = Vec::with_capacity(list.items.len());
    for key in list.items.iter().filter(|key| !key.is_empty()) {
        keys.push(json::base64(key, "verifier")?);
    }
    if keys.is_empty() {
        return Err(Refusal::Missing("proposedContent.verifiers"));
    }

    let envelope = Envelope::parse(&text)?;
    let pairs = envelope.verified_by(keys.iter().map(Vec::as_slice))?;

    let mut signatures = Vec::with_capacity(pairs.len());
    for (signature, verifier) in pairs {
        // What is sent in the other alphabet verifies upstream, and makes a leaf that upstream's
        // own schema refuses to read.
        json::base64(signature, "signature of the envelope")?;
        if signature.contains(['\n', '\r']) {
            return Err(Refusal::Base64("signature of the envelope"));
        }
        let verifier = STANDARD.encode(verifier.canonical());
        signatures.push(format!(r#"{{"signature":"{signature}","verifier":"{verifier}"}}"#));
    }
    let leaf = format!(
        r#"{{"apiVersion":"0.0.1","kind":"dsse","spec":{{"envelopeHash":{},"payloadHash":{},"signatures":[{}]}}}}"#,
        sha256_of(text.as_bytes()),
        sha256_of(&envelope.payload),
        signatures.join(","),
    );
    let leaf = leaf.into_bytes();
    let beside = envelope.statement_keys(&search_keys(&leaf).unwrap_or_default());
    Ok(Accepted { kind: "dsse", version: "0.0.1", leaf, beside })
}

pub(crate) fn search_keys(leaf: &[u8]) -> Option<Vec<SearchKey>> {
    let entry = Dsse001::parse(leaf).ok()?;
    let digests = [entry.payload_hash, entry.envelope_hash];
    let mut keys = digests.map(|(hash, digest)| SearchKey::digest(hash, &digest)).to_vec();
    for signature in &entry.signatures {
        keys.extend(Verifier::parse(signature.verifier_pem.as_bytes()).ok()?.search_keys());
    }
    Some(keys)
}
