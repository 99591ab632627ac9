//! `intoto` 0.0.1 and 0.0.2: the signatures of an envelope, in the kinds before `dsse`.
//!
//! ```text
//! 0.0.1  sent    {…,"spec":{"content":{"envelope":"<JSON as a string>"},"publicKey":"<base64 of PEM>"}}
//!        logged  {…,"spec":{"content":{"hash":{…},"payloadHash":{…}},"publicKey":"<base64 of PEM>"}}
//! 0.0.2  sent    {…,"spec":{"content":{"envelope":{"payload":"<base64 of base64>","payloadType":"…",
//!                 "signatures":[{"keyid"?,"publicKey":"<base64 of PEM>","sig":"<base64 of base64>"}]},"hash":{…}}}}
//!        logged  the same without the payload, with payloadHash
//! ```
//!
//! In 0.0.2 the log cannot compute `hash`, because the keys stand inside of what is hashed, and keys
//! are logged as they were sent: both is upstream's way, and the hash is no search key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::body::Intoto002;
use serde::Deserialize;

use super::{WireHash, given, sha256_of};
use crate::envelope::Envelope;
use crate::json::{self, Limited, Object, Text, quoted};
use crate::verifier::Verifier;
use crate::{Accepted, MAX_SIGNATURES, Refusal, SearchKey};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec001<'a> {
    #[serde(borrow, default)]
    content: Option<Object<Content001<'a>>>,
    #[serde(borrow, default)]
    public_key: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content001<'a> {
    #[serde(borrow, default)]
    envelope: Option<Text<'a>>,
    // Computed here, whatever the client says.
    #[serde(borrow, default)]
    hash: Option<Object<WireHash<'a>>>,
    #[serde(borrow, default)]
    payload_hash: Option<Object<WireHash<'a>>>,
}

pub(crate) fn accept_001(proposed: &[u8]) -> Result<Accepted, Refusal> {
    let spec: Spec001<'_> = json::spec(proposed)?;
    let content = spec.content.ok_or(Refusal::Missing("content"))?.0;
    let key = given(spec.public_key).ok_or(Refusal::Missing("publicKey"))?;
    let text = given(content.envelope).ok_or(Refusal::NotInsertable("envelope content"))?;
    let verifier = Verifier::parse(&json::base64(&key, "public key")?)?;

    let envelope = Envelope::parse(&text)?;
    envelope.verify_one(&verifier)?;

    let leaf = format!(
        concat!(
            r#"{{"apiVersion":"0.0.1","kind":"intoto","spec":{{"content":{{"hash":{},"payloadHash":{}}},"#,
            r#""publicKey":"{}"}}}}"#
        ),
        sha256_of(text.as_bytes()),
        sha256_of(&envelope.payload),
        STANDARD.encode(verifier.canonical()),
    );
    let leaf = leaf.into_bytes();
    let beside = envelope.statement_keys(&search_keys_001(&leaf).unwrap_or_default());
    Ok(Accepted { kind: "intoto", version: "0.0.1", leaf, beside })
}

pub(crate) fn search_keys_001(leaf: &[u8]) -> Option<Vec<SearchKey>> {
    let spec: Spec001<'_> = json::spec(leaf).ok()?;
    let content = spec.content?.0;
    let mut keys = Vec::new();
    // Entries of the first years have no payload hash.
    for hash in [content.hash, content.payload_hash].into_iter().flatten() {
        keys.push(hash.0.read_sha256("content").ok()?.search_key());
    }
    let key = json::base64(&spec.public_key?, "public key").ok()?;
    keys.extend(Verifier::parse(&key).ok()?.search_keys());
    Some(keys)
}

#[derive(Deserialize)]
struct Spec002<'a> {
    #[serde(borrow, default)]
    content: Option<Object<Content002<'a>>>,
}

#[derive(Deserialize)]
struct Content002<'a> {
    #[serde(borrow, default)]
    envelope: Option<Object<Envelope002<'a>>>,
    #[serde(borrow, default)]
    hash: Option<Object<WireHash<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope002<'a> {
    #[serde(borrow, default)]
    payload: Option<Text<'a>>,
    #[serde(borrow, default)]
    payload_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    signatures: Option<Limited<Object<Signature002<'a>>, MAX_SIGNATURES>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature002<'a> {
    #[serde(borrow, default)]
    keyid: Option<Text<'a>>,
    #[serde(borrow, default)]
    public_key: Option<Text<'a>>,
    #[serde(borrow, default)]
    sig: Option<Text<'a>>,
}

/// A signature of 0.0.2 whose outer base64 was read.
struct Signature<'a> {
    keyid: Option<Text<'a>>,
    pem: Vec<u8>,
    /// Still base64 inside.
    sig: String,
}

pub(crate) fn accept_002(proposed: &[u8]) -> Result<Accepted, Refusal> {
    let spec: Spec002<'_> = json::spec(proposed)?;
    let content = spec.content.ok_or(Refusal::Missing("content"))?.0;
    let wire = content.envelope.ok_or(Refusal::Missing("content.envelope"))?.0;
    let payload = given(wire.payload).ok_or(Refusal::NotInsertable("envelope content"))?;
    let payload_type = given(wire.payload_type);
    let payload_type = payload_type.ok_or(Refusal::Missing("content.envelope.payloadType"))?;
    let hash = content.hash.ok_or(Refusal::NotInsertable("envelope digest"))?.0;
    let hash = hash.read_sha256("content.hash")?;
    let signatures = signatures_of(wire.signatures)?;

    let payload = inner(&payload, "payload")?;
    let texts = signatures.iter().map(|signature| signature.sig.as_str().into());
    let envelope = Envelope::of_parts(&payload, (&*payload_type).into(), texts)?;
    envelope.verified_by(signatures.iter().map(|signature| signature.pem.as_slice()))?;

    let mut written = Vec::with_capacity(signatures.len());
    for signature in &signatures {
        let keyid = signature.keyid.as_ref().filter(|keyid| !keyid.is_empty());
        let keyid = keyid.map(|keyid| format!(r#""keyid":{},"#, quoted(keyid)));
        written.push(format!(
            r#"{{{}"publicKey":"{}","sig":"{}"}}"#,
            keyid.unwrap_or_default(),
            STANDARD.encode(&signature.pem),
            STANDARD.encode(&signature.sig),
        ));
    }
    let leaf = format!(
        concat!(
            r#"{{"apiVersion":"0.0.2","kind":"intoto","spec":{{"content":{{"envelope":{{"payloadType":{},"#,
            r#""signatures":[{}]}},"hash":{},"payloadHash":{}}}}}}}"#
        ),
        quoted(&payload_type),
        written.join(","),
        hash.canonical(),
        sha256_of(&envelope.payload),
    );
    let leaf = leaf.into_bytes();
    let beside = envelope.statement_keys(&search_keys_002(&leaf).unwrap_or_default());
    Ok(Accepted { kind: "intoto", version: "0.0.2", leaf, beside })
}

fn signatures_of(
    list: Option<Limited<Object<Signature002<'_>>, MAX_SIGNATURES>>,
) -> Result<Vec<Signature<'_>>, Refusal> {
    let list = list.ok_or(Refusal::Missing("content.envelope.signatures"))?;
    if list.overflow {
        return Err(Refusal::TooManySignatures);
    }
    let mut signatures = Vec::with_capacity(list.items.len());
    for Object(wire) in list.items {
        let key = given(wire.public_key).ok_or(Refusal::Missing("publicKey"))?;
        let sig = given(wire.sig).ok_or(Refusal::Missing("sig"))?;
        signatures.push(Signature {
            keyid: wire.keyid,
            pem: json::base64(&key, "public key")?,
            sig: inner(&sig, "signature")?,
        });
    }
    Ok(signatures)
}

/// What is inside the outer base64, base64 again: Go's client writes bytes that are text already.
fn inner(text: &str, member: &'static str) -> Result<String, Refusal> {
    let bytes = json::base64(text, member)?;
    String::from_utf8(bytes).map_err(|_| Refusal::Base64(member))
}

pub(crate) fn search_keys_002(leaf: &[u8]) -> Option<Vec<SearchKey>> {
    let entry = Intoto002::parse(leaf).ok()?;
    let mut keys = Vec::new();
    keys.extend(entry.payload_hash.map(|(hash, digest)| SearchKey::digest(hash, &digest)));
    for signature in &entry.signatures {
        keys.extend(Verifier::parse(signature.verifier_pem.as_bytes()).ok()?.search_keys());
    }
    Some(keys)
}
