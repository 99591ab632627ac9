//! (4) Proof of possession: the caller holds the private half of a key that is strong enough.

use lite_keys::{KeyError, KeyKind, PublicKey};
use lite_pki::csr::{CertificateRequest, RequestError};

use super::ProvenKey;
use crate::algorithms::{ClientAlgorithm, ClientAlgorithms};
use crate::principal::Principal;

/// What the caller brings.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// A key, and a signature over the principal's name.
    PublicKey {
        /// PEM (`PUBLIC KEY` or `RSA PUBLIC KEY`), or the DER of a `SubjectPublicKeyInfo`.
        key: Vec<u8>,
        /// The signature.
        proof: Vec<u8>,
    },
    /// A certificate signing request in PEM, signed by its own key.
    SigningRequest(Vec<u8>),
}

/// Why the evidence proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PossessionError {
    /// The key with this hash is not on the list.
    #[error("signing algorithm not permitted: {0}")]
    AlgorithmNotPermitted(ClientAlgorithm),
    /// The key is of a size or value that is not safe.
    #[error("public key is insecure")]
    KeyInsecure,
    /// There is no key, or not one that can be read.
    #[error("public key cannot be parsed")]
    KeyUnparseable,
    /// The certificate signing request cannot be read.
    #[error("certificate signing request cannot be parsed")]
    RequestUnparseable,
    /// The signature is not of this key, or over something else.
    #[error("signature cannot be verified")]
    Signature,
}

/// The tail of an RSA `SubjectPublicKeyInfo` whose exponent is 65537. Smaller ones have failed in practice;
/// larger ones nobody has.
const EXPONENT_65537: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];

impl Principal {
    /// Proves that the caller holds the key, in upstream's order: read, policy, signature, list.
    pub fn prove(
        self,
        evidence: &Evidence,
        allowed: &ClientAlgorithms,
    ) -> Result<ProvenKey, PossessionError> {
        let (key, hash) = match evidence {
            Evidence::PublicKey { key, proof } => {
                let key = read_key(key)?;
                let hash = key.kind().default_hash();
                let proven = key.verify(hash, self.name().as_bytes(), proof);
                proven.map_err(|_| PossessionError::Signature)?;
                (key, hash)
            }
            // Subject and extensions of the request are not looked at: who this is, the token says.
            Evidence::SigningRequest(pem) => read_request(pem)?,
        };
        let algorithm = ClientAlgorithm { key: key.kind(), hash };
        if !allowed.allow(algorithm) {
            return Err(PossessionError::AlgorithmNotPermitted(algorithm));
        }
        Ok(ProvenKey { principal: self, key })
    }
}

fn read_key(bytes: &[u8]) -> Result<PublicKey, PossessionError> {
    let is_pem = bytes.windows(11).any(|window| window == b"-----BEGIN ");
    let key = if is_pem {
        PublicKey::from_pem(&String::from_utf8_lossy(bytes))
    } else {
        PublicKey::from_spki_der(bytes)
    };
    strong(key.map_err(refused_key)?)
}

fn read_request(pem: &[u8]) -> Result<(PublicKey, lite_keys::HashAlgorithm), PossessionError> {
    let request = CertificateRequest::from_pem(&String::from_utf8_lossy(pem));
    let request = request.map_err(|why| match why {
        RequestError::Key(KeyError::RsaSize | KeyError::Value) => PossessionError::KeyInsecure,
        RequestError::Signature(_) | RequestError::Algorithm => PossessionError::Signature,
        _ => PossessionError::RequestUnparseable,
    })?;
    Ok((strong(request.public_key().clone())?, request.hash()))
}

const fn refused_key(why: KeyError) -> PossessionError {
    match why {
        KeyError::RsaSize => PossessionError::KeyInsecure,
        _ => PossessionError::KeyUnparseable,
    }
}

/// sigstore:pkg/cryptoutils, `ValidatePubKey`: of RSA, three sizes and one exponent.
fn strong(key: PublicKey) -> Result<PublicKey, PossessionError> {
    let holds = match key.kind() {
        KeyKind::Rsa(bits) => {
            matches!(bits, 2048 | 3072 | 4096) && key.spki_der().ends_with(&EXPONENT_65537)
        }
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 | KeyKind::Ed25519 => true,
    };
    if holds { Ok(key) } else { Err(PossessionError::KeyInsecure) }
}
