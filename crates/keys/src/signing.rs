//! Our own keys: made, kept in PKCS#8, used.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self as aws, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::{HashAlgorithm, KeyKind, PublicKey, SealedKeyError, pem, prehash};

/// Why a text is not a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// The kind of key is none of ours.
    #[error("the private key's algorithm is not supported")]
    Algorithm,
    /// The key is encrypted, and this is not the place to decrypt it.
    #[error("the private key is encrypted")]
    Encrypted,
    /// Not one PEM block of a type that holds a private key.
    #[error("there is no private key in PEM")]
    Pem,
    /// The key is encrypted in a form that cannot be read.
    #[error(transparent)]
    Sealed(#[from] SealedKeyError),
}

/// Why a signature was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key signs with another hash, or the digest has the wrong length.
    #[error("the key does not sign with that hash")]
    Hash,
    /// The cryptographic library gave up.
    #[error("the key cannot sign")]
    Library,
}

/// A private key with its public half.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519 { pair: Ed25519KeyPair, prehashing: Box<ed25519_dalek::SigningKey> },
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// Makes a new key. RSA sizes other than 2048, 3072 and 4096 become the next larger of them.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: no service can start without it.
    #[must_use]
    pub fn generate(kind: KeyKind) -> Self {
        let made = match kind {
            KeyKind::Ed25519 => Ed25519KeyPair::generate().ok().and_then(Self::from_ed25519),
            KeyKind::Rsa(bits) => {
                let size = match bits {
                    0..=2048 => aws_lc_rs::rsa::KeySize::Rsa2048,
                    2049..=3072 => aws_lc_rs::rsa::KeySize::Rsa3072,
                    _ => aws_lc_rs::rsa::KeySize::Rsa4096,
                };
                aws_lc_rs::rsa::KeyPair::generate(size).ok().and_then(Self::from_rsa)
            }
            KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => ecdsa_algorithm(kind)
                .and_then(|algorithm| EcdsaKeyPair::generate(algorithm).ok())
                .and_then(Self::from_ecdsa),
        };
        made.expect("the operating system gives randomness, and a key just made is valid")
    }

    /// Reads an unencrypted PKCS#8 key in PEM, as [`SigningKey::to_pkcs8_pem`] writes it.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let (label, der) =
            pem_rfc7468::decode_vec(pem.trim().as_bytes()).map_err(|_| SigningKeyError::Pem)?;
        let der = Zeroizing::new(der);
        match label {
            "PRIVATE KEY" => Self::from_pkcs8_der(&der),
            label if label.starts_with("ENCRYPTED") => Err(SigningKeyError::Encrypted),
            _ => Err(SigningKeyError::Pem),
        }
    }

    /// Reads an unencrypted PKCS#8 key in DER.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, SigningKeyError> {
        ECDSA_KINDS
            .into_iter()
            .find_map(|(_, algorithm)| EcdsaKeyPair::from_pkcs8(algorithm, der).ok())
            .and_then(Self::from_ecdsa)
            .or_else(|| {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().and_then(Self::from_ed25519)
            })
            .or_else(|| RsaKeyPair::from_pkcs8(der).ok().and_then(Self::from_rsa))
            .ok_or(SigningKeyError::Algorithm)
    }

    /// The key as unencrypted PKCS#8 in PEM, in memory that is wiped when it is dropped.
    ///
    /// # Panics
    /// When memory runs out while encoding.
    #[must_use]
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(pem::encode("PRIVATE KEY", &self.to_pkcs8_der()))
    }

    /// The key as unencrypted PKCS#8 in DER, in memory that is wiped when it is dropped.
    ///
    /// # Panics
    /// When memory runs out while encoding.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let der = match &self.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map(|der| Zeroizing::new(der.as_ref().to_vec())),
            Pair::Ed25519 { pair, .. } => {
                pair.to_pkcs8v1().map(|der| Zeroizing::new(der.as_ref().to_vec()))
            }
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair)
                .map(|der| Zeroizing::new(der.as_ref().to_vec())),
        };
        der.expect("a key that was generated or read can be written again")
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// What kind of key this is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.public.kind()
    }

    /// Signs `message`: ECDSA in ASN.1 DER and RSA PKCS#1 v1.5 over `hash`, Ed25519 pure, where
    /// `hash` has no say. An ECDSA key signs only with the hash of its curve.
    pub fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.pair {
            Pair::Ed25519 { pair, .. } => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Ecdsa(_) | Pair::Rsa(_) => self.sign_digest(hash, &hash.digest(message)),
        }
    }

    /// Signs a digest made with `hash`; an Ed25519 key makes an Ed25519ph signature, for which
    /// `hash` must be SHA-512.
    pub fn sign_digest(&self, hash: HashAlgorithm, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        if digest.len() != hash.size() {
            return Err(SignError::Hash);
        }
        match &self.pair {
            Pair::Ed25519 { prehashing, .. } => {
                let digest = digest.try_into().map_err(|_| SignError::Hash)?;
                prehash::sign(prehashing, digest).map(Vec::from).ok_or(SignError::Library)
            }
            Pair::Ecdsa(pair) => {
                if hash != self.kind().default_hash() {
                    return Err(SignError::Hash);
                }
                let digest = hash.import(digest).ok_or(SignError::Hash)?;
                pair.sign_digest(&digest)
                    .map(|signature| signature.as_ref().to_vec())
                    .map_err(|_| SignError::Library)
            }
            Pair::Rsa(pair) => {
                let padding: &'static dyn aws::RsaEncoding = match hash {
                    HashAlgorithm::Sha256 => &aws::RSA_PKCS1_SHA256,
                    HashAlgorithm::Sha384 => &aws::RSA_PKCS1_SHA384,
                    HashAlgorithm::Sha512 => &aws::RSA_PKCS1_SHA512,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(
                    padding,
                    &hash.import(digest).ok_or(SignError::Hash)?,
                    &mut signature,
                )
                .map_err(|_| SignError::Library)?;
                Ok(signature)
            }
        }
    }

    /// Signs `message` with the hash that goes with this kind of key.
    pub fn sign_default(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign(self.kind().default_hash(), message)
    }

    pub(crate) fn from_ecdsa(pair: EcdsaKeyPair) -> Option<Self> {
        let der =
            AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key()).ok()?;
        let public = PublicKey::from_spki_der(der.as_ref()).ok()?;
        Some(Self { pair: Pair::Ecdsa(pair), public })
    }

    pub(crate) fn from_rsa(pair: RsaKeyPair) -> Option<Self> {
        let der =
            AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key()).ok()?;
        let public = PublicKey::from_spki_der(der.as_ref()).ok()?;
        Some(Self { pair: Pair::Rsa(pair), public })
    }

    fn from_ed25519(pair: Ed25519KeyPair) -> Option<Self> {
        let raw: [u8; 32] = pair.public_key().as_ref().try_into().ok()?;
        let public = PublicKey::from_raw_ed25519(&raw).ok()?;
        let seed = pair.seed().ok()?;
        let bytes = aws_lc_rs::encoding::AsBigEndian::<
            aws_lc_rs::encoding::Curve25519SeedBin<'_>,
        >::as_be_bytes(&seed)
        .ok()?;
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(bytes.as_ref().try_into().ok()?);
        let prehashing = Box::new(ed25519_dalek::SigningKey::from_bytes(&seed));
        Some(Self { pair: Pair::Ed25519 { pair, prehashing }, public })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {:?})", self.public)
    }
}

/// The randomness of the operating system, filled into `bytes`.
///
/// # Panics
/// When the operating system has none to give.
pub fn fill_random(bytes: &mut [u8]) {
    aws_lc_rs::rand::SecureRandom::fill(&SystemRandom::new(), bytes)
        .expect("the operating system gives randomness");
}

/// Each curve, with the algorithm that signs on it.
pub(crate) const ECDSA_KINDS: [(KeyKind, &EcdsaSigningAlgorithm); 3] = [
    (KeyKind::EcdsaP256, &aws::ECDSA_P256_SHA256_ASN1_SIGNING),
    (KeyKind::EcdsaP384, &aws::ECDSA_P384_SHA384_ASN1_SIGNING),
    (KeyKind::EcdsaP521, &aws::ECDSA_P521_SHA512_ASN1_SIGNING),
];

fn ecdsa_algorithm(kind: KeyKind) -> Option<&'static EcdsaSigningAlgorithm> {
    ECDSA_KINDS.into_iter().find(|(curve, _)| *curve == kind).map(|(_, algorithm)| algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_pkcs8() {
        for kind in [
            KeyKind::EcdsaP256,
            KeyKind::EcdsaP384,
            KeyKind::EcdsaP521,
            KeyKind::Ed25519,
            KeyKind::Rsa(2048),
        ] {
            let key = SigningKey::generate(kind);
            assert_eq!(key.kind(), kind);
            let again = SigningKey::from_pkcs8_pem(&key.to_pkcs8_pem()).unwrap();
            assert_eq!(again.public(), key.public(), "{kind}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_private_key() {
        let reject = |pem: &str| SigningKey::from_pkcs8_pem(pem).map(|_| ()).unwrap_err();
        assert_eq!(reject("hello"), SigningKeyError::Pem);
        assert_eq!(reject(&pem::encode("PUBLIC KEY", b"0")), SigningKeyError::Pem);
        assert_eq!(reject(&pem::encode("PRIVATE KEY", b"0")), SigningKeyError::Algorithm);
        assert_eq!(reject(&pem::encode("ENCRYPTED PRIVATE KEY", b"0")), SigningKeyError::Encrypted);
    }

    #[test]
    fn signs_only_with_the_hash_of_its_curve() {
        let key = SigningKey::generate(KeyKind::EcdsaP256);
        assert_eq!(key.sign(HashAlgorithm::Sha512, b""), Err(SignError::Hash));
        assert_eq!(key.sign_digest(HashAlgorithm::Sha256, b"short"), Err(SignError::Hash));
    }

    #[test]
    fn says_nothing_of_the_private_half() {
        let key = SigningKey::generate(KeyKind::Ed25519);
        assert!(format!("{key:?}").starts_with("SigningKey(of PublicKey(Ed25519, "));
    }
}
