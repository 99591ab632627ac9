//! Foreign bytes become a public key, or a refusal.

use std::fmt;
use std::sync::{Arc, OnceLock};

use ::spki::SubjectPublicKeyInfoRef;
use aws_lc_rs::signature::{self as aws, ParsedPublicKey, VerificationAlgorithm};
use der::Decode as _;
use ed25519_dalek::VerifyingKey;

use crate::{HashAlgorithm, KeyDetails, KeyKind, pem, prehash, spki};

/// Why bytes are not a public key that Sigstore's services accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The algorithm or the curve is none of ours.
    #[error("the key's algorithm is not supported")]
    Algorithm,
    /// Not a strict DER `SubjectPublicKeyInfo` (RFC 5280, Section 4.1.2.7).
    #[error("the key is not a DER SubjectPublicKeyInfo")]
    Encoding,
    /// Not one PEM block of type `PUBLIC KEY` or `RSA PUBLIC KEY`.
    #[error("the key is not in PEM")]
    Pem,
    /// The point is not on its curve, or the point or exponent is weak.
    #[error("the key's value is invalid")]
    Value,
    /// An RSA modulus below 2048 or above 8192 bits.
    #[error("the RSA modulus is not of 2048 to 8192 bits")]
    RsaSize,
}

/// Why a signature does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The digest's length is not that of the hash, or the key cannot use that hash.
    #[error("the digest does not fit the key")]
    Digest,
    /// The signature is not of this key over these bytes.
    #[error("the signature does not verify")]
    Signature,
}

/// The prefix of every Ed25519 SPKI (RFC 8410, Section 4); 32 bytes of key follow.
const ED25519_SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A public key that was checked when it was parsed.
#[derive(Clone)]
pub struct PublicKey {
    spki: Arc<[u8]>,
    kind: KeyKind,
    parsed: Parsed,
}

#[derive(Clone)]
enum Parsed {
    Aws(Arc<AwsKey>),
    Ed25519(Box<VerifyingKey>),
}

/// A key as the library has read it, once for each hash: a point is checked each time it is read.
struct AwsKey {
    kind: KeyKind,
    /// With the verification algorithm of the kind's default hash.
    with_default: ParsedPublicKey,
    /// With that of another hash, of which a log or an authority uses one.
    with_other: OnceLock<(HashAlgorithm, ParsedPublicKey)>,
}

impl AwsKey {
    fn verify(&self, hash: HashAlgorithm, digest: &[u8], signature: &[u8]) -> Option<bool> {
        let algorithm = aws_algorithm(self.kind, hash)?;
        let digest = hash.import(digest)?;
        let verifies = |key: &ParsedPublicKey| key.verify_digest_sig(&digest, signature).is_ok();
        if hash == self.kind.default_hash() {
            return Some(verifies(&self.with_default));
        }
        if self.with_other.get().is_none() {
            // What was read with one hash can be read with another.
            let key = ParsedPublicKey::new(algorithm, self.with_default.as_ref()).ok()?;
            // Whoever was first is as good.
            let _ = self.with_other.set((hash, key));
        }
        match self.with_other.get() {
            Some((known, key)) if *known == hash => Some(verifies(key)),
            _ => {
                let key = aws::UnparsedPublicKey::new(algorithm, self.with_default.as_ref());
                Some(key.verify_digest(&digest, signature).is_ok())
            }
        }
    }
}

impl PublicKey {
    /// Reads a DER `SubjectPublicKeyInfo`.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::Encoding)?;
        let bits = info.subject_public_key.as_bytes().ok_or(KeyError::Encoding)?;
        let kind = spki::kind_of(&info, bits)?;
        let parsed = if kind == KeyKind::Ed25519 {
            let raw = bits.try_into().map_err(|_| KeyError::Value)?;
            let key = VerifyingKey::from_bytes(raw).map_err(|_| KeyError::Value)?;
            if key.is_weak() {
                return Err(KeyError::Value);
            }
            Parsed::Ed25519(Box::new(key))
        } else {
            let algorithm = aws_algorithm(kind, kind.default_hash()).ok_or(KeyError::Algorithm)?;
            // The bare point or RSAPublicKey, because the library is more lenient about the SPKI
            // around it than the check above.
            let key = ParsedPublicKey::new(algorithm, bits).map_err(|_| KeyError::Value)?;
            Parsed::Aws(Arc::new(AwsKey { kind, with_default: key, with_other: OnceLock::new() }))
        };
        Ok(Self { spki: der.into(), kind, parsed })
    }

    /// Reads one PEM block, `PUBLIC KEY` (SPKI) or `RSA PUBLIC KEY` (PKCS#1).
    ///
    /// Base64 on one line, CRLF and white space around the block are accepted: sigstore-java
    /// sends the first, browsers the second.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, der) = pem::decode(pem).ok_or(KeyError::Pem)?;
        match label {
            "PUBLIC KEY" => Self::from_spki_der(&der),
            "RSA PUBLIC KEY" => {
                Self::from_spki_der(&spki::rsa_spki(&der).ok_or(KeyError::Encoding)?)
            }
            _ => Err(KeyError::Pem),
        }
    }

    /// The Ed25519 key of these 32 bytes.
    pub fn from_raw_ed25519(raw: &[u8; 32]) -> Result<Self, KeyError> {
        let mut der = ED25519_SPKI_PREFIX.to_vec();
        der.extend_from_slice(raw);
        Self::from_spki_der(&der)
    }

    /// The DER `SubjectPublicKeyInfo`, byte for byte as it was read.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The key in PEM, type `PUBLIC KEY`, with a newline at the end.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.spki)
    }

    /// What kind of key this is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The details under which Rekor v2 logs a signature of this key: Ed25519 is Ed25519ph there.
    /// `None` for sizes of RSA that Sigstore has no name for.
    #[must_use]
    pub fn details_for_entries(&self) -> Option<KeyDetails> {
        match self.kind {
            KeyKind::Ed25519 => Some(KeyDetails::Ed25519Ph),
            kind => KeyDetails::ALL.into_iter().find(|details| details.kind() == kind),
        }
    }

    /// The details under which a trusted root names this key as a log's: Ed25519 is pure there.
    #[must_use]
    pub fn details_for_logs(&self) -> Option<KeyDetails> {
        KeyDetails::ALL.into_iter().find(|details| details.kind() == self.kind)
    }

    /// The 32 bytes of an Ed25519 key.
    #[must_use]
    pub fn raw_ed25519(&self) -> Option<[u8; 32]> {
        match &self.parsed {
            Parsed::Ed25519(key) => Some(key.to_bytes()),
            Parsed::Aws(_) => None,
        }
    }

    /// Verifies `signature` over `message`: ECDSA in ASN.1 DER, RSA PKCS#1 v1.5, both over
    /// `hash`; Ed25519 pure, where `hash` has no say.
    pub fn verify(
        &self,
        hash: HashAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        match &self.parsed {
            Parsed::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .and_then(|signature| key.verify_strict(message, &signature))
                .map_err(|_| VerifyError::Signature),
            Parsed::Aws(_) => self.verify_digest(hash, &hash.digest(message), signature),
        }
    }

    /// Verifies `signature` over a digest that was made with `hash`; an Ed25519 key verifies
    /// Ed25519ph, for which `hash` must be SHA-512.
    pub fn verify_digest(
        &self,
        hash: HashAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        match &self.parsed {
            Parsed::Ed25519(key) => {
                let digest = digest.try_into().map_err(|_| VerifyError::Digest)?;
                prehash::verify(key, digest, signature).then_some(()).ok_or(VerifyError::Signature)
            }
            Parsed::Aws(key) => match key.verify(hash, digest, signature) {
                None => Err(VerifyError::Digest),
                Some(true) => Ok(()),
                Some(false) => Err(VerifyError::Signature),
            },
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = hex::encode(&HashAlgorithm::Sha256.digest(&self.spki)[..4]);
        write!(f, "PublicKey({}, {id})", self.kind)
    }
}

fn aws_algorithm(kind: KeyKind, hash: HashAlgorithm) -> Option<&'static dyn VerificationAlgorithm> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    Some(match (kind, hash) {
        (KeyKind::EcdsaP256, Sha256) => &aws::ECDSA_P256_SHA256_ASN1,
        (KeyKind::EcdsaP256, Sha384) => &aws::ECDSA_P256_SHA384_ASN1,
        (KeyKind::EcdsaP256, Sha512) => &aws::ECDSA_P256_SHA512_ASN1,
        (KeyKind::EcdsaP384, Sha256) => &aws::ECDSA_P384_SHA256_ASN1,
        (KeyKind::EcdsaP384, Sha384) => &aws::ECDSA_P384_SHA384_ASN1,
        (KeyKind::EcdsaP384, Sha512) => &aws::ECDSA_P384_SHA512_ASN1,
        (KeyKind::EcdsaP521, Sha256) => &aws::ECDSA_P521_SHA256_ASN1,
        (KeyKind::EcdsaP521, Sha384) => &aws::ECDSA_P521_SHA384_ASN1,
        (KeyKind::EcdsaP521, Sha512) => &aws::ECDSA_P521_SHA512_ASN1,
        (KeyKind::Rsa(_), Sha256) => &aws::RSA_PKCS1_2048_8192_SHA256,
        (KeyKind::Rsa(_), Sha384) => &aws::RSA_PKCS1_2048_8192_SHA384,
        (KeyKind::Rsa(_), Sha512) => &aws::RSA_PKCS1_2048_8192_SHA512,
        (KeyKind::Ed25519, _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    fn point(kind: KeyKind) -> Vec<u8> {
        SigningKey::generate(kind).public().spki_der().to_vec()
    }

    #[track_caller]
    fn reject(der: &[u8], why: KeyError) {
        assert_eq!(PublicKey::from_spki_der(der), Err(why));
    }

    #[test]
    fn refuses_what_is_no_key_of_ours() {
        let good = point(KeyKind::EcdsaP256);
        reject(b"", KeyError::Encoding);
        reject(&good[..good.len() - 1], KeyError::Encoding);
        reject(&[good.clone(), vec![0]].concat(), KeyError::Encoding);
        let mut off_curve = good.clone();
        *off_curve.last_mut().unwrap() ^= 1;
        reject(&off_curve, KeyError::Value);
        let mut other_curve = good;
        other_curve[22] = 0x08; // 1.2.840.10045.3.1.8 is not a curve we know.
        reject(&other_curve, KeyError::Algorithm);
    }

    /// RFC 5480, Section 2.2 leaves compressed points to who wants them; Go, and so every other
    /// verifier of Sigstore's, does not read them. A key must not have two names in a log.
    #[test]
    fn refuses_every_second_encoding_of_a_point() {
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521] {
            let good = point(kind);
            let info = SubjectPublicKeyInfoRef::from_der(&good).unwrap();
            let bits = info.subject_public_key.raw_bytes();
            let (parity, half) = (bits[bits.len() - 1] & 1, bits.len() / 2);
            let compressed = [&[2 | parity], &bits[1..=half]].concat();
            let hybrid = [&[6 | parity], &bits[1..]].concat();
            for other in [compressed, hybrid, good.clone()] {
                let other = SubjectPublicKeyInfoRef {
                    algorithm: info.algorithm,
                    subject_public_key: der::asn1::BitStringRef::from_bytes(&other).unwrap(),
                };
                reject(&der::Encode::to_der(&other).unwrap(), KeyError::Value);
            }
        }
    }

    #[test]
    fn refuses_an_ed25519_key_of_small_order() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(PublicKey::from_raw_ed25519(&neutral), Err(KeyError::Value));
    }

    #[test]
    fn refuses_rsa_of_1024_bits() {
        let pkcs1 =
            [&[0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00][..], &[0xc1; 128], &[2, 3, 1, 0, 1]]
                .concat();
        reject(&spki::rsa_spki(&pkcs1).unwrap(), KeyError::RsaSize);
    }

    #[test]
    fn reads_pem_on_one_line_with_crlf_and_in_both_types() {
        let key = SigningKey::generate(KeyKind::EcdsaP384).public().clone();
        let pem = key.to_pem();
        assert_eq!(PublicKey::from_pem(&pem), Ok(key.clone()));
        assert_eq!(PublicKey::from_pem(&pem.replace('\n', "\r\n")), Ok(key.clone()));
        let lines: Vec<&str> = pem.lines().collect();
        let body = lines[1..lines.len() - 1].concat();
        let one = format!("{}\n{body}\n{}", lines[0], lines[lines.len() - 1]);
        assert_eq!(PublicKey::from_pem(&one), Ok(key));
        assert_eq!(PublicKey::from_pem(&pem.replace("PUBLIC", "PRIVATE")), Err(KeyError::Pem));
        assert_eq!(PublicKey::from_pem("hello"), Err(KeyError::Pem));
    }

    #[test]
    fn verifies_with_every_hash_of_the_registry() {
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521, KeyKind::Rsa(2048)]
        {
            let key = SigningKey::generate(kind);
            let hash = kind.default_hash();
            let signature = key.sign(hash, b"message").unwrap();
            let public = key.public();
            assert_eq!(public.verify(hash, b"message", &signature), Ok(()), "{kind}");
            let digest = hash.digest(b"message");
            assert_eq!(public.verify_digest(hash, &digest, &signature), Ok(()), "{kind}");
            assert_eq!(public.verify(hash, b"massage", &signature), Err(VerifyError::Signature));
            let short = public.verify_digest(hash, &digest[1..], &signature);
            assert_eq!(short, Err(VerifyError::Digest));
        }
    }

    #[test]
    fn tells_pure_ed25519_from_prehashed() {
        let key = SigningKey::generate(KeyKind::Ed25519);
        let digest = HashAlgorithm::Sha512.digest(b"message");
        let pure = key.sign(HashAlgorithm::Sha512, b"message").unwrap();
        let ph = key.sign_digest(HashAlgorithm::Sha512, &digest).unwrap();
        let public = key.public();
        assert_eq!(public.verify(HashAlgorithm::Sha256, b"message", &pure), Ok(()));
        assert_eq!(public.verify_digest(HashAlgorithm::Sha512, &digest, &ph), Ok(()));
        let crossed = public.verify_digest(HashAlgorithm::Sha512, &digest, &pure);
        assert_eq!(crossed, Err(VerifyError::Signature));
    }
}
