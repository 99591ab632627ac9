//! The pieces that cosign wrote before there were bundles, each in a file of its own.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::{Envelope, EnvelopeSignature};
use lite_pki::Certificate;
use serde::Deserialize;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;

/// `cosign sign-blob --bundle` of cosign 1 and 2.
#[derive(Debug, Deserialize)]
pub(super) struct OldBundle {
    /// A signature, or a whole envelope; base64.
    #[serde(rename = "base64Signature")]
    signature: String,
    /// The certificate in PEM, in base64 once more; or a public key.
    #[serde(default)]
    cert: String,
    /// The log's promise.
    #[serde(rename = "rekorBundle")]
    pub(super) logged: Option<Logged>,
}

/// A log's promise of v1, without a proof.
#[derive(Debug, Deserialize)]
pub(super) struct Logged {
    #[serde(rename = "Payload")]
    payload: LoggedPayload,
}

#[derive(Debug, Deserialize)]
struct LoggedPayload {
    #[serde(rename = "logIndex")]
    index: u64,
}

impl Logged {
    /// Where the log has the entry.
    pub(super) const fn index(&self) -> u64 {
        self.payload.index
    }
}

/// What was signed, as far as it is known without the artifact.
#[derive(Debug)]
pub(super) enum Signature {
    /// Over the artifact.
    Plain(Vec<u8>),
    /// Over the statement in it.
    Envelope(Envelope),
}

impl OldBundle {
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let bytes = files::read(path, files::MAX_DOCUMENT_BYTES, Exit::Usage)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            not(path, "a bundle of cosign's old format")
                .because(&error)
                .hint("siglite verify-blob reads bundles of the new format as they are")
        })
    }

    /// The signature; an envelope is told by being JSON.
    pub(super) fn signature(&self, path: &Path) -> Outcome<Signature> {
        let bytes = STANDARD
            .decode(self.signature.trim())
            .map_err(|error| not(path, "a bundle with a signature").because(&error))?;
        Ok(envelope(&bytes).map_or(Signature::Plain(bytes), Signature::Envelope))
    }

    /// The certificate, where an identity signed.
    pub(super) fn certificate(&self, path: &Path) -> Outcome<Option<Certificate>> {
        let pem = STANDARD.decode(self.cert.trim()).unwrap_or_default();
        let pem = String::from_utf8_lossy(&pem);
        if !pem.contains("BEGIN CERTIFICATE") {
            return Ok(None);
        }
        leaf(&pem, path).map(Some)
    }
}

/// A signature in base64, as `cosign sign-blob --output-signature` writes it.
pub(super) fn signature(path: &Path) -> Outcome<Signature> {
    let text = files::read_text(path, files::MAX_DOCUMENT_BYTES, Exit::Usage)?;
    STANDARD
        .decode(text.trim())
        .map(Signature::Plain)
        .map_err(|error| not(path, "a signature in base64").because(&error))
}

/// A DSSE envelope, as `cosign attest-blob --output-attestation` writes it.
pub(super) fn attestation(path: &Path) -> Outcome<Signature> {
    let bytes = files::read(path, files::MAX_DOCUMENT_BYTES, Exit::Usage)?;
    envelope(&bytes)
        .map(Signature::Envelope)
        .ok_or_else(|| not(path, "a DSSE envelope with one signature"))
}

/// A certificate in PEM, or in base64 of that, as cosign writes it.
pub(super) fn certificate(path: &Path) -> Outcome<Certificate> {
    leaf(&files::read_pem(path, files::MAX_DOCUMENT_BYTES, Exit::Usage)?, path)
}

/// `{"SignedRFC3161Timestamp": …}`, as cosign writes it, or the response itself.
pub(super) fn timestamp(path: &Path) -> Outcome<Vec<u8>> {
    #[derive(Deserialize)]
    struct Wrapped {
        #[serde(rename = "SignedRFC3161Timestamp")]
        signed: String,
    }
    let bytes = files::read(path, files::MAX_DOCUMENT_BYTES, Exit::Usage)?;
    match serde_json::from_slice::<Wrapped>(&bytes) {
        Ok(wrapped) => STANDARD
            .decode(wrapped.signed.trim())
            .map_err(|error| not(path, "a timestamp").because(&error)),
        Err(_) => Ok(bytes),
    }
}

fn leaf(pem: &str, path: &Path) -> Outcome<Certificate> {
    Certificate::chain_from_pem(pem)
        .map_err(|error| not(path, "a certificate").because(&error))?
        .into_iter()
        .next()
        .ok_or_else(|| not(path, "a certificate"))
}

fn envelope(json: &[u8]) -> Option<Envelope> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        payload: String,
        payload_type: String,
        signatures: Vec<WireSignature>,
    }
    #[derive(Deserialize)]
    struct WireSignature {
        sig: String,
        #[serde(default)]
        keyid: String,
    }
    let wire: Wire = serde_json::from_slice(json).ok()?;
    let [signature] = wire.signatures.as_slice() else {
        return None;
    };
    Some(Envelope {
        payload: STANDARD.decode(&wire.payload).ok()?,
        payload_type: wire.payload_type,
        signature: EnvelopeSignature {
            sig: STANDARD.decode(&signature.sig).ok()?,
            keyid: signature.keyid.clone(),
        },
    })
}

fn not(path: &Path, what: &str) -> Failure {
    Failure::usage(format!("{} is not {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Reader;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        files::write(file.path(), text.as_bytes(), Reader::Everyone).unwrap();
        file
    }

    #[test]
    fn a_signature_is_told_from_an_envelope() {
        let envelope = r#"{"payload":"e30=","payloadType":"t","signatures":[{"sig":"AAAA"}]}"#;
        let old = |inner: &[u8]| {
            let signature = STANDARD.encode(inner);
            file(&format!(r#"{{"base64Signature":"{signature}","rekorBundle":null}}"#))
        };
        let read = |file: &tempfile::NamedTempFile| {
            OldBundle::read(file.path()).unwrap().signature(file.path()).unwrap()
        };
        assert!(matches!(read(&old(envelope.as_bytes())), Signature::Envelope(_)));
        assert!(matches!(read(&old(b"\x30\x00")), Signature::Plain(_)));
        assert!(attestation(file(envelope).path()).is_ok());
        let two = envelope.replace("]}", ",{\"sig\":\"AAAA\"}]}");
        assert!(attestation(file(&two).path()).is_err());
    }

    #[test]
    fn what_is_no_such_piece_is_refused_by_name() {
        let nonsense = file("*");
        let path = nonsense.path();
        let words = |failure: Failure| failure.sentence;
        assert!(words(OldBundle::read(path).unwrap_err()).contains("old format"));
        assert!(words(signature(path).unwrap_err()).contains("a signature in base64"));
        assert!(words(certificate(path).unwrap_err()).contains("a certificate"));
        assert!(words(attestation(path).unwrap_err()).contains("a DSSE envelope"));
    }

    #[test]
    fn a_timestamp_comes_wrapped_or_as_it_is() {
        let wrapped = file(r#"{"SignedRFC3161Timestamp":"MAA="}"#);
        assert_eq!(timestamp(wrapped.path()).unwrap(), [0x30, 0]);
        assert_eq!(timestamp(file("0\0").path()).unwrap(), [0x30, 0]);
    }
}
