//! The kinds of Rekor v1 that bundles hold: `hashedrekord` 0.0.1, `dsse` 0.0.1, `intoto` 0.0.2.
//!
//! ```text
//! hashedrekord  {"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"<hex>"}},
//!                "signature":{"content":"<base64>","publicKey":{"content":"<base64 of PEM>"}}}}
//! dsse          {…,"spec":{"envelopeHash":{…},"payloadHash":{…},"signatures":[{"signature":"<base64>","verifier":"<base64 of PEM>"}]}}
//! intoto        {…,"spec":{"content":{"envelope":{"payload"?,"payloadType":"…","signatures":[{"publicKey":"<base64 of PEM>",
//!                "sig":"<base64 of base64>"}]},"hash":{…},"payloadHash":{…}}}}
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::HashAlgorithm;
use serde::Deserialize;

use super::BodyError;
use crate::JsonError;
use crate::encoding::{Limited, Text};

/// Most signatures of an entry.
const MAX_SIGNATURES: usize = 10;

/// A signature over an artifact's digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedRekord001 {
    /// The digest's algorithm.
    pub hash: HashAlgorithm,
    /// The artifact's digest.
    pub digest: Vec<u8>,
    /// Signature and verifier.
    pub signature: V1Signature,
}

/// A signature and who can verify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V1Signature {
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// PEM of a certificate or of a public key.
    pub verifier_pem: String,
}

/// The signatures of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dsse001 {
    /// Digest of the envelope's JSON as the client sent it; not to be recomputed from a bundle.
    pub envelope_hash: (HashAlgorithm, Vec<u8>),
    /// Digest of the payload.
    pub payload_hash: (HashAlgorithm, Vec<u8>),
    /// One or more.
    pub signatures: Vec<V1Signature>,
}

/// The signatures of an envelope, in the older kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intoto002 {
    /// The payload's type.
    pub payload_type: String,
    /// The payload, where the leaf still holds it.
    pub payload: Option<Vec<u8>>,
    /// Digest of the envelope as the client sent it; not to be recomputed from a bundle.
    pub envelope_hash: (HashAlgorithm, Vec<u8>),
    /// Digest of the payload.
    pub payload_hash: Option<(HashAlgorithm, Vec<u8>)>,
    /// One or more.
    pub signatures: Vec<V1Signature>,
}

impl HashedRekord001 {
    /// Reads a leaf.
    pub fn parse(leaf: &[u8]) -> Result<Self, BodyError> {
        let wire: Wire<'_, HashedRekordSpec<'_>> = read(leaf, "hashedrekord", "0.0.1")?;
        let (hash, digest) = wire.spec.data.hash.read("data.hash")?;
        let signature = wire.spec.signature;
        Ok(Self {
            hash,
            digest,
            signature: v1_signature(&signature.content, &signature.public_key.content)?,
        })
    }

    /// The leaf: RFC 8785 of what the entry says.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        format!(
            concat!(
                r#"{{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{{"data":{{"hash":{{"algorithm":"{}","value":"{}"}}}},"#,
                r#""signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}}}"#
            ),
            self.hash.short_name(),
            hex::encode(&self.digest),
            STANDARD.encode(&self.signature.signature),
            STANDARD.encode(&self.signature.verifier_pem)
        )
        .into_bytes()
    }
}

impl Dsse001 {
    /// Reads a leaf.
    pub fn parse(leaf: &[u8]) -> Result<Self, BodyError> {
        let wire: Wire<'_, DsseSpec<'_>> = read(leaf, "dsse", "0.0.1")?;
        Ok(Self {
            envelope_hash: wire.spec.envelope_hash.read("envelopeHash")?,
            payload_hash: wire.spec.payload_hash.read("payloadHash")?,
            signatures: signatures(wire.spec.signatures, |signature| {
                v1_signature(&signature.signature, &signature.verifier)
            })?,
        })
    }
}

impl Intoto002 {
    /// Reads a leaf.
    pub fn parse(leaf: &[u8]) -> Result<Self, BodyError> {
        let content = read::<IntotoSpec<'_>>(leaf, "intoto", "0.0.2")?.spec.content;
        let payload = content
            .envelope
            .payload
            .map(|payload| decode_twice("payload", &payload))
            .transpose()?;
        Ok(Self {
            payload_type: content.envelope.payload_type.0.into_owned(),
            payload,
            envelope_hash: content.hash.read("hash")?,
            payload_hash: content.payload_hash.map(|hash| hash.read("payloadHash")).transpose()?,
            signatures: signatures(content.envelope.signatures, |signature| {
                Ok(V1Signature {
                    signature: decode_twice("sig", &signature.sig)?,
                    verifier_pem: pem(&signature.public_key)?,
                })
            })?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire<'a, Spec> {
    #[serde(borrow)]
    api_version: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekordSpec<'a> {
    #[serde(borrow)]
    data: WireData<'a>,
    #[serde(borrow)]
    signature: WireSignature<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireData<'a> {
    #[serde(borrow)]
    hash: WireHash<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireSignature<'a> {
    #[serde(borrow)]
    content: Text<'a>,
    #[serde(borrow)]
    public_key: WireContent<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireContent<'a> {
    #[serde(borrow)]
    content: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHash<'a> {
    #[serde(borrow)]
    algorithm: Text<'a>,
    #[serde(borrow)]
    value: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DsseSpec<'a> {
    #[serde(borrow)]
    envelope_hash: WireHash<'a>,
    #[serde(borrow)]
    payload_hash: WireHash<'a>,
    #[serde(borrow)]
    signatures: Limited<WireDsseSignature<'a>, MAX_SIGNATURES>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireDsseSignature<'a> {
    #[serde(borrow)]
    signature: Text<'a>,
    #[serde(borrow)]
    verifier: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntotoSpec<'a> {
    #[serde(borrow)]
    content: IntotoContent<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IntotoContent<'a> {
    #[serde(borrow)]
    envelope: IntotoEnvelope<'a>,
    #[serde(borrow)]
    hash: WireHash<'a>,
    #[serde(borrow, default)]
    payload_hash: Option<WireHash<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IntotoEnvelope<'a> {
    #[serde(borrow, default)]
    payload: Option<Text<'a>>,
    #[serde(borrow)]
    payload_type: Text<'a>,
    #[serde(borrow)]
    signatures: Limited<IntotoSignature<'a>, MAX_SIGNATURES>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IntotoSignature<'a> {
    #[serde(borrow, default, rename = "keyid")]
    _keyid: Option<Text<'a>>,
    #[serde(borrow)]
    public_key: Text<'a>,
    #[serde(borrow)]
    sig: Text<'a>,
}

fn read<'a, Spec: Deserialize<'a>>(
    leaf: &'a [u8],
    kind: &str,
    version: &str,
) -> Result<Wire<'a, Spec>, BodyError> {
    let wire: Wire<'a, Spec> = serde_json::from_slice(leaf).map_err(JsonError::from)?;
    if wire.kind.0 == kind && wire.api_version.0 == version {
        Ok(wire)
    } else {
        Err(BodyError::KindMismatch)
    }
}

impl WireHash<'_> {
    fn read(&self, member: &'static str) -> Result<(HashAlgorithm, Vec<u8>), BodyError> {
        let hash = HashAlgorithm::ALL
            .into_iter()
            .find(|hash| hash.short_name() == self.algorithm.0)
            .ok_or(BodyError::Encoding(member))?;
        match hex::decode(self.value.0.as_bytes()) {
            Ok(digest) if digest.len() == hash.size() => Ok((hash, digest)),
            _ => Err(BodyError::Encoding(member)),
        }
    }
}

fn signatures<T, const N: usize>(
    list: Limited<T, N>,
    read: impl Fn(T) -> Result<V1Signature, BodyError>,
) -> Result<Vec<V1Signature>, BodyError> {
    if list.overflow || list.is_empty() {
        return Err(BodyError::Encoding("signatures"));
    }
    list.items.into_iter().map(read).collect()
}

fn v1_signature(signature: &Text<'_>, verifier: &Text<'_>) -> Result<V1Signature, BodyError> {
    Ok(V1Signature { signature: bytes("signature", signature)?, verifier_pem: pem(verifier)? })
}

fn bytes(member: &'static str, text: &Text<'_>) -> Result<Vec<u8>, BodyError> {
    // The leaf's own limit was held before it was parsed.
    text.decode(usize::MAX / 8).map_err(|_| BodyError::Encoding(member))
}

fn pem(text: &Text<'_>) -> Result<String, BodyError> {
    String::from_utf8(bytes("publicKey", text)?).map_err(|_| BodyError::Encoding("publicKey"))
}

/// The kind `intoto` holds what is base64 already as bytes, and so as base64 of base64. Some
/// clients encoded once; the verifier compares the bytes with the bundle's, so reading both
/// spellings trusts neither.
fn decode_twice(member: &'static str, text: &Text<'_>) -> Result<Vec<u8>, BodyError> {
    let once = bytes(member, text)?;
    Ok(STANDARD.decode(&once).unwrap_or(once))
}
