//! cosign's older formats, in which a signature is a layer with annotations: as bundles for the
//! verifier, and back.
//!
//! sigstore/cosign `specs/SIGNATURE_SPEC.md`, `specs/ATTESTATION_SPEC.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::cosign::{parse_promise, parse_timestamp, promise_json, timestamp_json};
use lite_bundle::{Bundle, Content, Envelope, MediaType, MessageSignature, Signer};
use lite_oci::{Annotations, signatures};
use lite_pki::Certificate;

/// Why a layer cannot be read as a signature.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LegacyError {
    /// An annotation is there and cannot be read.
    #[error("its annotation {0} cannot be read")]
    Annotation(&'static str),
    /// The layer is no DSSE envelope.
    #[error("it is not a DSSE envelope with one signature")]
    Envelope,
    /// There is no signature on it.
    #[error("it has no annotation {}", signatures::SIGNATURE)]
    Unsigned,
}

/// A signature over `payload`, as a bundle.
pub(crate) fn signature(annotations: &Annotations) -> Result<Bundle, LegacyError> {
    let signature = annotations.get(signatures::SIGNATURE).ok_or(LegacyError::Unsigned)?;
    let signature =
        STANDARD.decode(signature).map_err(|_| LegacyError::Annotation(signatures::SIGNATURE))?;
    bundle(annotations, Content::Message(MessageSignature { digest: None, signature }))
}

/// An attestation, as a bundle.
pub(crate) fn attestation(
    envelope: &[u8],
    annotations: &Annotations,
) -> Result<Bundle, LegacyError> {
    let envelope = Envelope::parse(envelope).map_err(|_| LegacyError::Envelope)?;
    bundle(annotations, Content::Dsse(envelope))
}

/// The pieces around the content. A log's promise without a proof is what v0.1 was made for, so a
/// bundle with one is of that version.
fn bundle(annotations: &Annotations, content: Content) -> Result<Bundle, LegacyError> {
    let piece = |name: &'static str| {
        annotations.get(name).filter(|text| !text.trim().is_empty() && text.as_str() != "null")
    };
    let damaged = LegacyError::Annotation;
    let entry = piece(signatures::BUNDLE)
        .map(|json| parse_promise(json.as_bytes()).map_err(|_| damaged(signatures::BUNDLE)))
        .transpose()?;
    let timestamp = piece(signatures::TIMESTAMP)
        .map(|json| parse_timestamp(json.as_bytes()).map_err(|_| damaged(signatures::TIMESTAMP)))
        .transpose()?;
    let signer = match piece(signatures::CERTIFICATE) {
        Some(pem) => {
            let leaf = Certificate::from_pem(pem).map_err(|_| damaged(signatures::CERTIFICATE))?;
            let chain = piece(signatures::CHAIN)
                .map(|pem| Certificate::chain_from_pem(pem).map_err(|_| damaged(signatures::CHAIN)))
                .transpose()?;
            // cosign adds the root, which a verifier must have from elsewhere.
            let issuers = chain.unwrap_or_default().into_iter().filter(|c| !c.is_self_issued());
            let ders = std::iter::once(leaf).chain(issuers).map(|one| one.der().to_vec());
            Signer::CertificateChain(ders.collect())
        }
        None => Signer::PublicKey { hint: String::new() },
    };
    Ok(Bundle {
        media_type: MediaType::V0_1,
        signer,
        entries: entry.into_iter().collect(),
        timestamps: timestamp.into_iter().collect(),
        content,
    })
}

/// The annotations that carry what a bundle holds, but for its content. `issuers` are the
/// certificates above the signer's. Entries of v2 logs have no place here.
pub(crate) fn annotations(bundle: &Bundle, issuers: &[Certificate]) -> Annotations {
    let mut annotations = Annotations::new();
    let mut add = |name: &str, value: Option<String>| {
        annotations.extend(value.map(|value| (name.to_owned(), value)));
    };
    let signature = match &bundle.content {
        Content::Message(message) => STANDARD.encode(&message.signature),
        // The envelope carries its own.
        Content::Dsse(_) => String::new(),
    };
    add(signatures::SIGNATURE, Some(signature));
    let leaf = bundle.signer.leaf().and_then(|der| Certificate::from_der(der).ok());
    add(signatures::CERTIFICATE, leaf.map(|leaf| leaf.to_pem()));
    add(signatures::CHAIN, (!issuers.is_empty()).then(|| Certificate::chain_to_pem(issuers)));
    add(signatures::BUNDLE, bundle.entries.iter().find_map(promise_json));
    add(signatures::TIMESTAMP, bundle.timestamps.first().map(|der| timestamp_json(der)));
    annotations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated<const N: usize>(pairs: [(&str, &str); N]) -> Annotations {
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn a_signature_by_a_key_alone_is_a_bundle() {
        let read = signature(&annotated([(signatures::SIGNATURE, "c2ln")])).unwrap();
        assert_eq!(read.signer, Signer::PublicKey { hint: String::new() });
        assert_eq!(read.content.signature(), b"sig");
        assert_eq!(annotations(&read, &[]), annotated([(signatures::SIGNATURE, "c2ln")]));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let refuse = |annotations: Annotations, words: &str| {
            let error = signature(&annotations).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        refuse(Annotations::new(), signatures::SIGNATURE);
        refuse(annotated([(signatures::SIGNATURE, "?")]), signatures::SIGNATURE);
        for damaged in [signatures::BUNDLE, signatures::TIMESTAMP, signatures::CERTIFICATE] {
            refuse(annotated([(signatures::SIGNATURE, "c2ln"), (damaged, "{}")]), damaged);
        }
        assert!(matches!(attestation(b"{}", &Annotations::new()), Err(LegacyError::Envelope)));
    }

    #[test]
    fn what_go_writes_for_nothing_is_nothing() {
        let empty = annotated([
            (signatures::SIGNATURE, "c2ln"),
            (signatures::BUNDLE, "null"),
            (signatures::CERTIFICATE, ""),
            (signatures::TIMESTAMP, ""),
        ]);
        let read = signature(&empty).unwrap();
        assert!(read.entries.is_empty() && read.timestamps.is_empty());
    }
}
