//! The bundle's shape on the wire, and the way to and from ours.

use serde::{Deserialize, Serialize};

use super::{
    Bundle, BundleError, Content, MAX_BUNDLE_BYTES, MAX_ENTRIES, MAX_TIMESTAMPS, MediaType,
    MessageSignature, Signer,
};
use crate::JsonError;
use crate::dsse::{Envelope, EnvelopeSignature};
use crate::encoding::{Limited, Object, Text, object};
use crate::entry::{WireEntry, named, required};
use lite_keys::HashAlgorithm;

/// Longest chain: Fulcio's has two or three.
const MAX_CHAIN: usize = 16;
/// Longest certificate, and longest timestamp.
const MAX_DER_BYTES: usize = 256 << 10;
/// Longest signature; the largest of the post-quantum ones is 50 KiB.
const MAX_SIGNATURE_BYTES: usize = 64 << 10;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireBundle<'a> {
    #[serde(borrow, default)]
    media_type: Text<'a>,
    #[serde(borrow, default, deserialize_with = "object")]
    verification_material: Option<WireMaterial<'a>>,
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    message_signature: Option<WireMessageSignature<'a>>,
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    dsse_envelope: Option<WireEnvelope<'a>>,
}

// Go's proto-JSON writes members in the order of the protocol buffer's text, and so do we.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireMaterial<'a> {
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    public_key: Option<WireHint<'a>>,
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    x509_certificate_chain: Option<WireChain<'a>>,
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    certificate: Option<WireDer<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Limited::is_empty")]
    tlog_entries: Limited<WireEntry<'a>, MAX_ENTRIES>,
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<WireTimestamps<'a>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireHint<'a> {
    #[serde(borrow, default)]
    hint: Text<'a>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireChain<'a> {
    #[serde(borrow, default)]
    certificates: Limited<WireDer<'a>, MAX_CHAIN>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireDer<'a> {
    #[serde(borrow, default)]
    raw_bytes: Text<'a>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireTimestamps<'a> {
    #[serde(borrow, default, skip_serializing_if = "Limited::is_empty")]
    rfc3161_timestamps: Limited<WireTimestamp<'a>, MAX_TIMESTAMPS>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireTimestamp<'a> {
    #[serde(borrow, default)]
    signed_timestamp: Text<'a>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireMessageSignature<'a> {
    #[serde(borrow, default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    message_digest: Option<WireDigest<'a>>,
    #[serde(borrow, default)]
    signature: Text<'a>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireDigest<'a> {
    #[serde(borrow, default)]
    algorithm: Text<'a>,
    #[serde(borrow, default)]
    digest: Text<'a>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireEnvelope<'a> {
    #[serde(borrow, default)]
    payload: Text<'a>,
    #[serde(borrow, default)]
    payload_type: Text<'a>,
    // Two are enough to see that it is not one.
    #[serde(borrow, default)]
    signatures: Limited<WireSignature<'a>, 2>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireSignature<'a> {
    #[serde(borrow, default)]
    sig: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "is_empty")]
    keyid: Text<'a>,
}

fn is_empty(text: &Text<'_>) -> bool {
    text.0.is_empty()
}

pub(super) fn parse(json: &[u8]) -> Result<Bundle, BundleError> {
    if json.len() > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge);
    }
    let Object::<WireBundle<'_>>(wire) = serde_json::from_slice(json).map_err(JsonError::from)?;
    let media_type = MediaType::ALL
        .into_iter()
        .find(|media_type| media_type.as_str() == wire.media_type.0)
        .ok_or(BundleError::UnknownVersion)?;
    let material =
        wire.verification_material.ok_or(BundleError::Missing("verificationMaterial"))?;
    let signer = signer(
        media_type,
        material.public_key,
        material.x509_certificate_chain,
        material.certificate,
    )?;
    let timestamps = material
        .timestamp_verification_data
        .map(|data| data.rfc3161_timestamps)
        .unwrap_or_default();
    if timestamps.overflow {
        return Err(BundleError::TooMany("rfc3161Timestamps"));
    }
    if material.tlog_entries.overflow {
        return Err(BundleError::TooMany("tlogEntries"));
    }
    let content = match (wire.message_signature, wire.dsse_envelope) {
        (Some(message), None) => Content::Message(message.read()?),
        (None, Some(envelope)) => Content::Dsse(envelope.read()?),
        (Some(_), Some(_)) => return Err(BundleError::Ambiguous("content")),
        (None, None) => return Err(BundleError::Missing("messageSignature or dsseEnvelope")),
    };
    Ok(Bundle {
        media_type,
        signer,
        entries: material
            .tlog_entries
            .items
            .into_iter()
            .map(WireEntry::read)
            .collect::<Result<_, _>>()?,
        timestamps: timestamps
            .items
            .iter()
            .map(|timestamp| {
                required("signedTimestamp", &timestamp.signed_timestamp, MAX_DER_BYTES)
            })
            .collect::<Result<_, _>>()?,
        content,
    })
}

fn signer(
    media_type: MediaType,
    key: Option<WireHint<'_>>,
    chain: Option<WireChain<'_>>,
    certificate: Option<WireDer<'_>>,
) -> Result<Signer, BundleError> {
    match (key, chain, certificate) {
        (Some(key), None, None) => named("hint", key.hint).map(|hint| Signer::PublicKey { hint }),
        (None, Some(chain), None) => {
            if media_type.is_v0_3() {
                return Err(BundleError::NotInThisVersion("x509CertificateChain"));
            }
            if chain.certificates.overflow {
                return Err(BundleError::TooMany("x509CertificateChain"));
            }
            if chain.certificates.is_empty() {
                return Err(BundleError::EmptyChain);
            }
            let certificates = chain.certificates.items.iter();
            certificates
                .map(|certificate| required("rawBytes", &certificate.raw_bytes, MAX_DER_BYTES))
                .collect::<Result<_, _>>()
                .map(Signer::CertificateChain)
        }
        (None, None, Some(certificate)) => {
            if !media_type.is_v0_3() {
                return Err(BundleError::NotInThisVersion("certificate"));
            }
            required("rawBytes", &certificate.raw_bytes, MAX_DER_BYTES).map(Signer::Certificate)
        }
        (None, None, None) => {
            Err(BundleError::Missing("certificate, x509CertificateChain or publicKey"))
        }
        _ => Err(BundleError::Ambiguous("verificationMaterial")),
    }
}

impl WireMessageSignature<'_> {
    fn read(self) -> Result<MessageSignature, BundleError> {
        let digest = self.message_digest.map(|digest| {
            let hash =
                HashAlgorithm::from_name(&digest.algorithm.0).ok_or(BundleError::UnknownDigest)?;
            let digest = required("messageDigest", &digest.digest, MAX_SIGNATURE_BYTES)?;
            if digest.len() == hash.size() {
                Ok((hash, digest))
            } else {
                Err(BundleError::UnknownDigest)
            }
        });
        Ok(MessageSignature {
            digest: digest.transpose()?,
            signature: required("signature", &self.signature, MAX_SIGNATURE_BYTES)?,
        })
    }
}

impl WireEnvelope<'_> {
    fn read(self) -> Result<Envelope, BundleError> {
        let Ok([signature]) = <[_; 1]>::try_from(self.signatures.items) else {
            return Err(BundleError::SignatureCount);
        };
        Ok(Envelope {
            payload: required("payload", &self.payload, MAX_BUNDLE_BYTES)?,
            payload_type: named("payloadType", self.payload_type)?,
            signature: EnvelopeSignature {
                sig: required("sig", &signature.sig, MAX_SIGNATURE_BYTES)?,
                keyid: named("keyid", signature.keyid)?,
            },
        })
    }
}

/// An envelope that stands alone.
pub(crate) fn parse_envelope(json: &[u8]) -> Result<Envelope, BundleError> {
    if json.len() > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge);
    }
    let Object::<WireEnvelope<'_>>(wire) = serde_json::from_slice(json).map_err(JsonError::from)?;
    wire.read()
}

/// The envelope alone.
pub(crate) fn envelope_json(envelope: &Envelope) -> String {
    // Strings and lists always serialise.
    serde_json::to_string(&write_envelope(envelope)).unwrap_or_default()
}

pub(super) fn write(bundle: &Bundle) -> String {
    let mut material = WireMaterial {
        tlog_entries: bundle.entries.iter().map(WireEntry::from).collect::<Vec<_>>().into(),
        timestamp_verification_data: (!bundle.timestamps.is_empty()).then(|| WireTimestamps {
            rfc3161_timestamps: bundle
                .timestamps
                .iter()
                .map(|timestamp| WireTimestamp { signed_timestamp: Text::of_bytes(timestamp) })
                .collect::<Vec<_>>()
                .into(),
        }),
        ..WireMaterial::default()
    };
    let der = |certificate: &Vec<u8>| WireDer { raw_bytes: Text::of_bytes(certificate) };
    match &bundle.signer {
        Signer::Certificate(leaf) => material.certificate = Some(der(leaf)),
        Signer::CertificateChain(chain) => {
            let certificates = chain.iter().map(der).collect::<Vec<_>>().into();
            material.x509_certificate_chain = Some(WireChain { certificates });
        }
        Signer::PublicKey { hint } => {
            material.public_key = Some(WireHint { hint: Text(hint.as_str().into()) });
        }
    }
    let (message_signature, dsse_envelope) = match &bundle.content {
        Content::Message(message) => (Some(write_message(message)), None),
        Content::Dsse(envelope) => (None, Some(write_envelope(envelope))),
    };
    let wire = WireBundle {
        media_type: Text(bundle.media_type.as_str().into()),
        verification_material: Some(material),
        message_signature,
        dsse_envelope,
    };
    // Strings and lists always serialise.
    serde_json::to_string(&wire).unwrap_or_default()
}

fn write_message(message: &MessageSignature) -> WireMessageSignature<'_> {
    WireMessageSignature {
        message_digest: message.digest.as_ref().map(|(hash, digest)| WireDigest {
            algorithm: Text(hash.name().into()),
            digest: Text::of_bytes(digest),
        }),
        signature: Text::of_bytes(&message.signature),
    }
}

fn write_envelope(envelope: &Envelope) -> WireEnvelope<'_> {
    WireEnvelope {
        payload: Text::of_bytes(&envelope.payload),
        payload_type: Text(envelope.payload_type.as_str().into()),
        signatures: vec![WireSignature {
            sig: Text::of_bytes(&envelope.signature.sig),
            keyid: Text(envelope.signature.keyid.as_str().into()),
        }]
        .into(),
    }
}
