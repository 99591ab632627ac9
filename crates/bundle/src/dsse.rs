//! DSSE envelopes: a payload with its type, and the bytes that are actually signed.

use crate::bundle::{BundleError, wire};

/// What Sigstore signs inside an envelope: an in-toto statement.
pub const IN_TOTO_PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A signed payload with its type. Sigstore allows exactly one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// Its media type.
    pub payload_type: String,
    /// The one signature.
    pub signature: EnvelopeSignature,
}

/// A signature over [`pae`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// The signature's bytes.
    pub sig: Vec<u8>,
    /// A hint that nothing authenticates; mostly empty.
    pub keyid: String,
}

impl Envelope {
    /// An envelope around an in-toto statement.
    #[must_use]
    pub fn in_toto(statement: Vec<u8>, sig: Vec<u8>) -> Self {
        Self {
            payload: statement,
            payload_type: IN_TOTO_PAYLOAD_TYPE.to_owned(),
            signature: EnvelopeSignature { sig, keyid: String::new() },
        }
    }

    /// Reads an envelope that stands alone, as cosign's older attestations are.
    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        wire::parse_envelope(json)
    }

    /// The envelope as JSON on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        wire::envelope_json(self)
    }

    /// The bytes that the envelope's signature is over.
    #[must_use]
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }
}

/// The pre-authentication encoding.
///
/// DSSE, "Signature Definition":
/// `PAE(type, body) = "DSSEv1" + SP + LEN(type) + SP + type + SP + LEN(body) + SP + body`.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DSSE, "Test Vectors" of the protocol document.
    #[test]
    fn encodes_the_vector_of_the_specification() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    /// The same document signs that, with `r` and `s` side by side; here they are in DER, as Sigstore
    /// has them.
    #[test]
    fn verifies_the_vector_of_the_specification() {
        use lite_keys::{HashAlgorithm, PublicKey};
        const X: &str = "67cd390f77aa359cb08c2235f652270493a9ed832b0abcc01f70954c0390d238";
        const Y: &str = "0c782bd54e269125a44f4433aff1432ce94e12bca73aa67ac80cea12608ddf74";
        const P256_SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
        let envelope = Envelope::parse(
            br#"{"payload":"aGVsbG8gd29ybGQ=","payloadType":"http://example.com/HelloWorld","signatures":[{"sig":"A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}"#,
        )
        .unwrap();
        let spki = hex::decode(format!("{P256_SPKI}04{X}{Y}")).unwrap();
        let key = PublicKey::from_spki_der(&spki).unwrap();
        let (r, s) = envelope.signature.sig.split_at(32);
        let signature = [&[0x30, 68, 2, 32], r, &[2, 32], s].concat();
        let verifies = |bytes: &[u8]| key.verify(HashAlgorithm::Sha256, bytes, &signature).is_ok();
        assert!(verifies(&envelope.pae()));
        assert!(!verifies(&envelope.payload));
    }

    #[test]
    fn an_envelope_alone_survives_the_round_trip() {
        let envelope = Envelope::in_toto(b"{}".to_vec(), b"sig".to_vec());
        assert_eq!(Envelope::parse(envelope.to_json().as_bytes()), Ok(envelope));
        assert_eq!(
            Envelope::parse(br#"{"payload":"e30=","payloadType":"t","signatures":[]}"#),
            Err(BundleError::SignatureCount)
        );
    }

    #[test]
    fn counts_bytes_and_not_characters() {
        assert_eq!(pae("\u{e9}", "\u{20ac}".as_bytes()), "DSSEv1 2 \u{e9} 3 \u{20ac}".as_bytes());
    }
}
