//! `hashedrekord` 0.0.2, the only kind that Rekor v2 holds.
//!
//! ```text
//! {"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{
//!   "data":{"algorithm":"SHA2_256","digest":"<base64>"},
//!   "signature":{"content":"<base64>","verifier":{"keyDetails":"…","x509Certificate":{"rawBytes":"<base64>"}}}}}}
//! ```
//!
//! One line, no spaces, members sorted: RFC 8785 over proto-JSON. Everything in it is ASCII that
//! JSON does not escape, so a template is as canonical as a canonicaliser.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{HashAlgorithm, KeyDetails};
use serde::Deserialize;

use super::BodyError;
use crate::JsonError;
use crate::encoding::Text;

/// Longest leaf of a tiled log: entry bundles hold the length in 16 bits (C2SP tlog-tiles).
pub const MAX_LEAF_BYTES: usize = 65_535;

/// A signature over a digest, and who can verify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedRekord002 {
    /// The digest that is signed: the artifact's, or for an envelope that of its PAE.
    pub digest: Vec<u8>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// Kind of key and hash; names the digest's algorithm, too.
    pub key_details: KeyDetails,
    /// The certificate or key, as it was submitted.
    pub verifier: EntryVerifier,
}

/// Who can verify an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryVerifier {
    /// A certificate, DER.
    Certificate(Vec<u8>),
    /// A key, SPKI in DER.
    PublicKey(Vec<u8>),
}

impl EntryVerifier {
    /// The DER bytes of either.
    #[must_use]
    pub fn raw_bytes(&self) -> &[u8] {
        match self {
            Self::Certificate(der) | Self::PublicKey(der) => der,
        }
    }
}

impl HashedRekord002 {
    /// `kind` of the entry.
    pub const KIND: &str = "hashedrekord";
    /// `version` of the entry.
    pub const VERSION: &str = "0.0.2";

    /// The digest's algorithm.
    #[must_use]
    pub const fn hash(&self) -> HashAlgorithm {
        self.key_details.hash()
    }

    /// The leaf. It may be longer than [`MAX_LEAF_BYTES`]: the log must look.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let member = match self.verifier {
            EntryVerifier::Certificate(_) => "x509Certificate",
            EntryVerifier::PublicKey(_) => "publicKey",
        };
        let raw_bytes = self.verifier.raw_bytes();
        let mut leaf =
            String::with_capacity(320 + (self.signature.len() + raw_bytes.len()).div_ceil(3) * 4);
        leaf.push_str(r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":""#);
        leaf.push_str(self.hash().name());
        leaf.push_str(r#"","digest":""#);
        STANDARD.encode_string(&self.digest, &mut leaf);
        leaf.push_str(r#""},"signature":{"content":""#);
        STANDARD.encode_string(&self.signature, &mut leaf);
        leaf.push_str(r#"","verifier":{"keyDetails":""#);
        leaf.push_str(self.key_details.name());
        leaf.push_str("\",\"");
        leaf.push_str(member);
        leaf.push_str(r#"":{"rawBytes":""#);
        STANDARD.encode_string(raw_bytes, &mut leaf);
        leaf.push_str(r#""}}}}}}"#);
        leaf.into_bytes()
    }

    /// Reads a leaf, and holds it to its canonical form.
    pub fn parse(leaf: &[u8]) -> Result<Self, BodyError> {
        let wire: Wire<'_> = serde_json::from_slice(leaf).map_err(JsonError::from)?;
        if wire.kind.0 != Self::KIND || wire.api_version.0 != Self::VERSION {
            return Err(BodyError::KindMismatch);
        }
        let spec = wire.spec.hashed_rekord_v002;
        let bytes = |member, text: &Text<'_>| {
            text.decode(leaf.len()).map_err(|_| BodyError::Encoding(member))
        };
        let verifier = match (
            &spec.signature.verifier.x509_certificate,
            &spec.signature.verifier.public_key,
        ) {
            (Some(certificate), None) => {
                EntryVerifier::Certificate(bytes("x509Certificate", &certificate.raw_bytes)?)
            }
            (None, Some(key)) => EntryVerifier::PublicKey(bytes("publicKey", &key.raw_bytes)?),
            _ => return Err(BodyError::Encoding("verifier")),
        };
        let entry = Self {
            digest: bytes("digest", &spec.data.digest)?,
            signature: bytes("signature", &spec.signature.content)?,
            key_details: KeyDetails::from_name(&spec.signature.verifier.key_details.0)
                .ok_or(BodyError::Encoding("keyDetails"))?,
            verifier,
        };
        if entry.digest.len() != entry.hash().size() {
            return Err(BodyError::Encoding("digest"));
        }
        // Also catches an algorithm that is not the one of `keyDetails`.
        if entry.canonical() == leaf { Ok(entry) } else { Err(BodyError::NotCanonical) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire<'a> {
    #[serde(borrow)]
    api_version: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    spec: WireSpec<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSpec<'a> {
    #[serde(borrow, rename = "hashedRekordV002")]
    hashed_rekord_v002: WireEntry<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEntry<'a> {
    #[serde(borrow)]
    data: WireData<'a>,
    #[serde(borrow)]
    signature: WireSignature<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireData<'a> {
    #[serde(borrow, rename = "algorithm")]
    _algorithm: Text<'a>,
    #[serde(borrow)]
    digest: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature<'a> {
    #[serde(borrow)]
    content: Text<'a>,
    #[serde(borrow)]
    verifier: WireVerifier<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireVerifier<'a> {
    #[serde(borrow)]
    key_details: Text<'a>,
    #[serde(borrow, default)]
    x509_certificate: Option<WireRaw<'a>>,
    #[serde(borrow, default)]
    public_key: Option<WireRaw<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireRaw<'a> {
    #[serde(borrow)]
    raw_bytes: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> HashedRekord002 {
        HashedRekord002 {
            digest: vec![1; 32],
            signature: vec![2; 70],
            key_details: KeyDetails::EcdsaP256Sha256,
            verifier: EntryVerifier::PublicKey(vec![3; 91]),
        }
    }

    #[test]
    fn the_leaf_is_canonical_json() {
        for verifier in
            [EntryVerifier::PublicKey(vec![3; 91]), EntryVerifier::Certificate(vec![0xfb; 800])]
        {
            let entry = HashedRekord002 { verifier, ..entry() };
            let leaf = entry.canonical();
            let value: serde_json::Value = serde_json::from_slice(&leaf).unwrap();
            assert_eq!(
                serde_json_canonicalizer::to_vec(&value).unwrap(),
                leaf,
                "RFC 8785 says the same"
            );
            assert_eq!(HashedRekord002::parse(&leaf), Ok(entry));
        }
    }

    #[track_caller]
    fn refuse(from: &str, to: &str, expected: &BodyError) {
        let leaf = String::from_utf8(entry().canonical()).unwrap();
        assert!(leaf.contains(from), "{from} is in {leaf}");
        assert_eq!(
            HashedRekord002::parse(leaf.replacen(from, to, 1).as_bytes()).as_ref(),
            Err(expected)
        );
    }

    #[test]
    fn refuses_a_leaf_that_is_not_the_canonical_one() {
        refuse("{\"api", "{ \"api", &BodyError::NotCanonical);
        refuse("SHA2_256", "SHA2_512", &BodyError::NotCanonical);
        refuse("SHA2_256", "SHA2\\u005f256", &BodyError::NotCanonical);
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        refuse("\"0.0.2\"", "\"0.0.1\"", &BodyError::KindMismatch);
        refuse(
            "PKIX_ECDSA_P256_SHA_256",
            "PKIX_ECDSA_P384_SHA_384",
            &BodyError::Encoding("digest"),
        );
        refuse("PKIX_ECDSA_P256_SHA_256", "ML_DSA_65", &BodyError::Encoding("keyDetails"));
        refuse("\"AgIC", "\"!gIC", &BodyError::Encoding("signature"));
    }
}
