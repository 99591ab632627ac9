//! Certificate signing requests (PKCS#10, RFC 2986): proof that the caller holds a key.
//!
//! Only the key and the self-signature count. Subject, attributes and requested extensions are
//! ignored, as Fulcio ignores them: the ID token alone says who the certificate is for.

use lite_keys::{HashAlgorithm, KeyError, PublicKey, VerifyError};

use crate::algorithm::SignatureAlgorithm;
use crate::asn1;
use crate::pem::{self, PemError};

/// The largest request that is read: an RSA-4096 key with room for what is ignored.
pub const MAX_REQUEST: usize = 32 * 1024;

/// A request whose self-signature was verified.
#[derive(Clone, Debug)]
pub struct CertificateRequest {
    public_key: PublicKey,
    hash: HashAlgorithm,
}

/// Why a request proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Over [`MAX_REQUEST`] bytes.
    #[error("the certificate signing request is larger than {MAX_REQUEST} bytes")]
    TooLarge,
    /// Not PEM with one of the two labels.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Not a `CertificationRequest` in DER.
    #[error("the certificate signing request is malformed")]
    Malformed,
    /// Not one of ECDSA or RSA PKCS#1 v1.5 with SHA-2, or Ed25519.
    #[error("the signature algorithm of the certificate signing request is not supported")]
    Algorithm,
    /// The key is of a kind or size that is not accepted.
    #[error("the public key of the certificate signing request is refused: {0}")]
    Key(#[from] KeyError),
    /// The self-signature does not verify.
    #[error("the signature of the certificate signing request does not verify: {0}")]
    Signature(#[from] VerifyError),
}

impl CertificateRequest {
    /// Reads PEM (`CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`) and verifies the self-signature.
    pub fn from_pem(text: &str) -> Result<Self, RequestError> {
        if text.len() > MAX_REQUEST * 2 {
            return Err(RequestError::TooLarge);
        }
        let labels = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
        let blocks = pem::decode_all(text, &labels, 1)?;
        Self::from_der(blocks.first().ok_or(PemError::Missing)?)
    }

    /// Reads DER and verifies the self-signature.
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        if der.len() > MAX_REQUEST {
            return Err(RequestError::TooLarge);
        }
        let parts = asn1::elements(der).map_err(|_| RequestError::Malformed)?;
        let [info, algorithm, signature] = parts.as_slice() else {
            return Err(RequestError::Malformed);
        };
        let public_key = PublicKey::from_spki_der(spki(info).ok_or(RequestError::Malformed)?)?;
        let algorithm = SignatureAlgorithm::from_der(algorithm).ok_or(RequestError::Algorithm)?;
        let hash = match algorithm.hash() {
            Some(hash) => hash,
            None if algorithm.hashes_inside() => HashAlgorithm::Sha512,
            // `rsaEncryption` alone names no hash, so it is not a signature algorithm here.
            None => return Err(RequestError::Algorithm),
        };
        if !algorithm.fits(public_key.kind()) {
            return Err(RequestError::Algorithm);
        }
        let signature = asn1::content(asn1::BIT_STRING, signature)
            .and_then(|bits| bits.strip_prefix(&[0]))
            .ok_or(RequestError::Malformed)?;
        public_key.verify(hash, info, signature)?;
        Ok(Self { public_key, hash })
    }

    /// The key whose private half signed the request.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The hash of the self-signature, which a CA's list of algorithms must allow with the key.
    /// For Ed25519 it is SHA-512, the hash inside the algorithm.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }
}

/// `CertificationRequestInfo`: version 0, subject, key, attributes (some writers leave these out).
fn spki(info: &[u8]) -> Option<&[u8]> {
    const VERSION_0: [u8; 3] = [asn1::INTEGER, 1, 0];
    let fields = asn1::elements(info).ok().filter(|_| info.first() == Some(&asn1::SEQUENCE))?;
    match fields.as_slice() {
        [version, _subject, spki] if *version == VERSION_0 => Some(spki),
        [version, _subject, spki, attributes]
            if *version == VERSION_0 && attributes.first() == Some(&0xA0) =>
        {
            Some(spki)
        }
        _ => None,
    }
}
