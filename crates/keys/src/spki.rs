//! What an SPKI says of its key, before the key itself is looked at.

use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, BitStringRef, UintRef};
use der::{Decode, Encode, Reader, SliceReader};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

use crate::{KeyError, KeyKind};

const ID_EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ID_P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ID_P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ID_P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ID_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The kind of key that the algorithm names, with `bits` as the key's own bytes.
pub(crate) fn kind_of(
    spki: &SubjectPublicKeyInfoRef<'_>,
    bits: &[u8],
) -> Result<KeyKind, KeyError> {
    let parameters: Option<AnyRef<'_>> = spki.algorithm.parameters;
    match spki.algorithm.oid {
        ID_EC => {
            let curve = parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
            let (kind, coordinate) = match curve.ok_or(KeyError::Algorithm)? {
                ID_P256 => (KeyKind::EcdsaP256, 32),
                ID_P384 => (KeyKind::EcdsaP384, 48),
                ID_P521 => (KeyKind::EcdsaP521, 66),
                _ => return Err(KeyError::Algorithm),
            };
            // RFC 5480, Section 2.2: uncompressed. Go reads no other form, and the library below
            // reads several, so a key would have names that other verifiers cannot read.
            let uncompressed = bits.first() == Some(&4) && bits.len() == 1 + 2 * coordinate;
            if uncompressed { Ok(kind) } else { Err(KeyError::Value) }
        }
        // RFC 8410, Section 3: the parameters MUST be absent.
        ID_ED25519 if parameters.is_none() => Ok(KeyKind::Ed25519),
        // RFC 3279, Section 2.3.1: the parameters MUST be NULL.
        ID_RSA if parameters == Some(AnyRef::NULL) => rsa_bits(bits).map(KeyKind::Rsa),
        ID_ED25519 | ID_RSA => Err(KeyError::Encoding),
        _ => Err(KeyError::Algorithm),
    }
}

/// The size of the modulus of a PKCS#1 `RSAPublicKey`, in bits.
fn rsa_bits(der: &[u8]) -> Result<u32, KeyError> {
    let read = || -> der::Result<(u32, bool)> {
        let mut reader = SliceReader::new(der)?;
        let found = reader.sequence(|key| {
            let modulus = UintRef::decode(key)?;
            let exponent = UintRef::decode(key)?;
            let bytes = modulus.as_bytes();
            let first = bytes.first().map_or(8, |byte| byte.leading_zeros());
            let bits = u32::try_from(bytes.len()).unwrap_or(u32::MAX).saturating_mul(8);
            // An even exponent, or 1, signs nothing.
            let sound = exponent.as_bytes().last().is_some_and(|byte| byte & 1 == 1)
                && exponent.as_bytes() != [1];
            Ok::<_, der::Error>((bits.saturating_sub(first), sound))
        })?;
        reader.finish()?;
        Ok(found)
    };
    match read().map_err(|_| KeyError::Encoding)? {
        (bits, _) if !(2048..=8192).contains(&bits) => Err(KeyError::RsaSize),
        (_, false) => Err(KeyError::Value),
        (bits, true) => Ok(bits),
    }
}

/// An SPKI around a PKCS#1 `RSAPublicKey`.
pub(crate) fn rsa_spki(pkcs1: &[u8]) -> Option<Vec<u8>> {
    SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifierRef { oid: ID_RSA, parameters: Some(AnyRef::NULL) },
        subject_public_key: BitStringRef::from_bytes(pkcs1).ok()?,
    }
    .to_der()
    .ok()
}
