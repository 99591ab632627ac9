//! Who can verify: a public key, a certificate or a chain, in PEM.

use lite_keys::{HashAlgorithm, KeyError, PublicKey, VerifyError};
use lite_pki::{AltName, Certificate, Purpose, verify_chain};

use crate::{Refusal, SearchKey, pem};

/// Most names of a certificate that are search keys; Fulcio's have one.
const MAX_NAMES: usize = 64;

/// A key, or certificates of which the first has the key.
#[derive(Clone, Debug)]
pub(crate) struct Verifier {
    canonical: String,
    key: Result<PublicKey, KeyError>,
    certificates: Vec<Certificate>,
}

impl Verifier {
    /// Reads `PUBLIC KEY`, or one to ten `CERTIFICATE`s.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        let blocks = pem::blocks(text)?;
        if let [block] = blocks.as_slice()
            && block.label == "PUBLIC KEY"
        {
            let key = PublicKey::from_spki_der(&block.content)?;
            return Ok(Self { canonical: key.to_pem(), key: Ok(key), certificates: Vec::new() });
        }
        let mut certificates = Vec::with_capacity(blocks.len());
        for block in &blocks {
            if block.label != "CERTIFICATE" {
                return Err(Refusal::PemLabel(block.label.chars().take(40).collect()));
            }
            certificates.push(Certificate::from_der(&block.content)?);
        }
        let leaf = certificates.first().ok_or(Refusal::Pem)?;
        Ok(Self {
            canonical: Certificate::chain_to_pem(&certificates),
            key: leaf.public_key(),
            certificates,
        })
    }

    /// The PEM that a leaf holds: as Go writes it, 64 columns, a line feed at the end.
    pub(crate) fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The key that signs.
    pub(crate) fn key(&self) -> Result<&PublicKey, Refusal> {
        self.key.as_ref().map_err(|error| Refusal::Key(*error))
    }

    /// Checks that a chain hangs together, when its leaf began to be valid: certificates that have
    /// expired are welcome. The last is the anchor, trusted by nobody yet.
    ///
    /// Stricter than upstream, which takes any extended key usage: the chain is for code signing.
    pub(crate) fn check_chain(&self) -> Result<(), Refusal> {
        if let [leaf, intermediates @ .., root] = self.certificates.as_slice() {
            let anchors = std::slice::from_ref(root);
            verify_chain(leaf, intermediates, anchors, leaf.not_before(), Purpose::CodeSigning)?;
        }
        Ok(())
    }

    /// Verifies a signature over a message with SHA-256, whatever the curve: upstream never looks
    /// at a better hash but in `hashedrekord`. Ed25519 is pure here.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        let key = self.key()?;
        let verified = key.verify(HashAlgorithm::Sha256, message, signature);
        verified.map_err(|_: VerifyError| Refusal::DataSignature(key.kind()))
    }

    /// What an entry of this verifier's is found by: its key, and the names in the certificate.
    pub(crate) fn search_keys(&self) -> impl Iterator<Item = SearchKey> {
        let names = self.certificates.first().map(Certificate::alt_names).unwrap_or_default();
        let names = names.iter().filter(|name| !matches!(name, AltName::Other(_)));
        let names = names.take(MAX_NAMES).map(|name| SearchKey::identity(&name.to_string()));
        std::iter::once(SearchKey::of_canonical_key(self.canonical.as_bytes())).chain(names)
    }
}
