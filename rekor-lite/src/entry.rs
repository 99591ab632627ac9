//! What makes an entry acceptable: from the bytes of a request to a leaf, or a refusal.
//!
//! The checks and their order are upstream's (rekor-tiles:pkg/types/hashedrekord), with one
//! more: `keyDetails` must be the details of this very key. Verifiers rebuild the leaf from the
//! key they hold, so under any other label the entry could never be verified.

use der::{Decode as _, Encode as _};
use lite_bundle::body::{EntryVerifier, HashedRekord002};
use lite_bundle::{Object, dsse};
use lite_keys::{KeyDetails, KeyError, PublicKey};
use lite_tlog::MAX_LEAF_BYTES;

use crate::request::{
    self, CreateEntryRequest, Details, DsseRequest, HashedRekordRequest, RawBytes, Verifier,
};

/// Upstream's limit, for signatures and for verifiers of one envelope.
const MAX_VERIFIERS: usize = 10;

/// What this log takes.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Whether `dsseRequestV002` becomes a hashedrekord, or is refused.
    pub(crate) translate_dsse: bool,
    /// The kinds of key and hash.
    pub(crate) algorithms: Vec<KeyDetails>,
}

/// Why a request is not an entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Refusal {
    #[error("the algorithm is not allowed by this log")]
    Algorithm,
    #[error("the certificate is not one DER certificate")]
    Certificate,
    #[error("the digest is missing")]
    DigestMissing,
    #[error("the digest has another length than its algorithm's")]
    DigestLength,
    #[error("the envelope has no payload")]
    EnvelopePayload,
    #[error("the envelope must have exactly one signature")]
    EnvelopeSignatures,
    #[error("the envelope must have one to ten verifiers")]
    EnvelopeVerifiers,
    #[error("{0}")]
    Key(#[source] KeyError),
    #[error("keyDetails is missing or unknown")]
    KeyDetailsUnknown,
    #[error("keyDetails must be {} for this key", .0.name())]
    KeyDetailsMismatch(KeyDetails),
    #[error("the entry is longer than 65535 bytes")]
    LeafTooLong,
    #[error("{0}")]
    Malformed(#[source] serde_json::Error),
    #[error("invalid type, must be hashedrekord")]
    NotHashedRekord,
    #[error("the signature is missing")]
    SignatureMissing,
    #[error("the signature does not verify")]
    SignatureMismatch,
    #[error("the verifier is missing")]
    VerifierMissing,
    #[error("the verifier has neither a key nor a certificate")]
    VerifierEmpty,
    #[error("oneof verifier is already set")]
    VerifierTwice,
}

/// Reads a request, verifies its signature, and returns the leaf.
pub(crate) fn leaf_of(body: &[u8], rules: &Rules) -> Result<Vec<u8>, Refusal> {
    leaf_of_request(request::parse(body).map_err(Refusal::Malformed)?, rules)
}

/// The same for a request that is read already.
pub(crate) fn leaf_of_request(
    request: CreateEntryRequest,
    rules: &Rules,
) -> Result<Vec<u8>, Refusal> {
    let entry = match request {
        CreateEntryRequest { hashed_rekord_request_v002: Some(Object(request)), .. } => {
            hashed_rekord(request, rules)?
        }
        CreateEntryRequest { dsse_request_v002: Some(Object(request)), .. }
            if rules.translate_dsse =>
        {
            envelope(request, rules)?
        }
        _ => return Err(Refusal::NotHashedRekord),
    };
    let leaf = entry.canonical();
    // c2sp.org/tlog-tiles: an entry bundle has 16 bits for the length.
    if leaf.len() > MAX_LEAF_BYTES {
        return Err(Refusal::LeafTooLong);
    }
    Ok(leaf)
}

fn hashed_rekord(request: HashedRekordRequest, rules: &Rules) -> Result<HashedRekord002, Refusal> {
    let Object(signature) = request.signature.ok_or(Refusal::SignatureMissing)?;
    let content = bytes(signature.content).ok_or(Refusal::SignatureMissing)?;
    let Object(verifier) = signature.verifier.ok_or(Refusal::VerifierMissing)?;
    let digest = bytes(request.digest).ok_or(Refusal::DigestMissing)?;
    let known = KnownVerifier::new(verifier, rules)?;
    known.verify(digest, content)
}

/// A signature over an envelope's pre-authentication encoding is a signature over its digest:
/// rekor-tiles:CLIENTS.md, "DSSE".
fn envelope(request: DsseRequest, rules: &Rules) -> Result<HashedRekord002, Refusal> {
    let Object(envelope) = request.envelope.ok_or(Refusal::EnvelopePayload)?;
    let payload = bytes(envelope.payload).ok_or(Refusal::EnvelopePayload)?;
    let signatures = envelope.signatures.unwrap_or_default();
    let [Object(signature)] =
        <[_; 1]>::try_from(signatures).map_err(|_| Refusal::EnvelopeSignatures)?;
    let content = bytes(signature.sig).ok_or(Refusal::SignatureMissing)?;
    let verifiers = request.verifiers.unwrap_or_default();
    if verifiers.is_empty() || verifiers.len() > MAX_VERIFIERS {
        return Err(Refusal::EnvelopeVerifiers);
    }
    let encoded = dsse::pae(&envelope.payload_type.unwrap_or_default(), &payload);
    // The key ID of the signature is only a hint: any of the verifiers may be the one.
    let mut refusal = Refusal::EnvelopeVerifiers;
    for Object(verifier) in verifiers {
        let known = KnownVerifier::new(verifier, rules)?;
        let digest = known.details.hash().digest(&encoded);
        match known.verify(digest, content.clone()) {
            Ok(entry) => return Ok(entry),
            Err(reason) => refusal = reason,
        }
    }
    Err(refusal)
}

/// A verifier whose key was read, and may be used with this log.
struct KnownVerifier {
    details: KeyDetails,
    key: PublicKey,
    verifier: EntryVerifier,
}

impl KnownVerifier {
    fn new(request: Verifier, rules: &Rules) -> Result<Self, Refusal> {
        let verifier = match (request.public_key, request.x509_certificate) {
            (Some(key), None) => EntryVerifier::PublicKey(raw_bytes(key)?),
            (None, Some(certificate)) => EntryVerifier::Certificate(raw_bytes(certificate)?),
            (None, None) => return Err(Refusal::VerifierEmpty),
            (Some(_), Some(_)) => return Err(Refusal::VerifierTwice),
        };
        // Nothing that cannot become a leaf is looked into.
        if verifier.raw_bytes().len() > MAX_LEAF_BYTES {
            return Err(Refusal::LeafTooLong);
        }
        let key = match &verifier {
            EntryVerifier::PublicKey(der) => PublicKey::from_spki_der(der),
            EntryVerifier::Certificate(der) => PublicKey::from_spki_der(&spki_of(der)?),
        }
        .map_err(Refusal::Key)?;
        let Some(Details(Some(details))) = request.key_details else {
            return Err(Refusal::KeyDetailsUnknown);
        };
        let canonical = key.details_for_entries().ok_or(Refusal::Algorithm)?;
        if !rules.algorithms.contains(&canonical) {
            return Err(Refusal::Algorithm);
        }
        if details != canonical {
            return Err(Refusal::KeyDetailsMismatch(canonical));
        }
        Ok(Self { details, key, verifier })
    }

    fn verify(self, digest: Vec<u8>, signature: Vec<u8>) -> Result<HashedRekord002, Refusal> {
        let hash = self.details.hash();
        if digest.len() != hash.size() {
            return Err(Refusal::DigestLength);
        }
        self.key
            .verify_digest(hash, &digest, &signature)
            .map_err(|_| Refusal::SignatureMismatch)?;
        Ok(HashedRekord002 {
            digest,
            signature,
            key_details: self.details,
            verifier: self.verifier,
        })
    }
}

/// The key of a certificate. Its chain, its validity and its names are the verifier's business,
/// not the log's: the log records that a signature existed.
fn spki_of(certificate: &[u8]) -> Result<Vec<u8>, Refusal> {
    x509_cert::Certificate::from_der(certificate)
        .and_then(|certificate| certificate.tbs_certificate().subject_public_key_info().to_der())
        .map_err(|_| Refusal::Certificate)
}

fn raw_bytes(message: Object<RawBytes>) -> Result<Vec<u8>, Refusal> {
    bytes(message.0.raw_bytes).ok_or(Refusal::VerifierEmpty)
}

/// The bytes, unless there are none: in proto3, empty is absent.
fn bytes(field: Option<lite_http::rpc::Base64Bytes>) -> Option<Vec<u8>> {
    field.map(|bytes| bytes.0).filter(|bytes| !bytes.is_empty())
}
