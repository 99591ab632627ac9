//! Signature algorithms as certificates, requests and timestamps name them.

use lite_keys::{HashAlgorithm, KeyKind};

use crate::asn1;
use crate::oid::ObjectIdentifier;

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// The family a signature algorithm demands of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Ecdsa,
    Rsa,
    Ed25519,
}

/// A signature algorithm that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SignatureAlgorithm {
    family: Family,
    /// `None`: the algorithm leaves the hash to another field, or has one inside.
    hash: Option<HashAlgorithm>,
}

impl SignatureAlgorithm {
    /// Reads an `AlgorithmIdentifier`; `None`: not one that Sigstore's services know.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let (id, parameters) = identifier(der)?;
        let (family, hash) = match id {
            ECDSA_WITH_SHA256 => (Family::Ecdsa, Some(HashAlgorithm::Sha256)),
            ECDSA_WITH_SHA384 => (Family::Ecdsa, Some(HashAlgorithm::Sha384)),
            ECDSA_WITH_SHA512 => (Family::Ecdsa, Some(HashAlgorithm::Sha512)),
            RSA_ENCRYPTION => (Family::Rsa, None),
            RSA_WITH_SHA256 => (Family::Rsa, Some(HashAlgorithm::Sha256)),
            RSA_WITH_SHA384 => (Family::Rsa, Some(HashAlgorithm::Sha384)),
            RSA_WITH_SHA512 => (Family::Rsa, Some(HashAlgorithm::Sha512)),
            ED25519 => (Family::Ed25519, None),
            _ => return None,
        };
        // RFC 5758, Section 3.2 and RFC 8410, Section 3: parameters absent. RFC 4055, Section 5: NULL.
        let allowed =
            parameters.is_none() || (family == Family::Rsa && parameters == Some(&asn1::NULL));
        allowed.then_some(Self { family, hash })
    }

    /// Whether a key of this kind can make such signatures.
    pub(crate) fn fits(self, kind: KeyKind) -> bool {
        match kind {
            KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => {
                self.family == Family::Ecdsa
            }
            KeyKind::Ed25519 => self.family == Family::Ed25519,
            KeyKind::Rsa(_) => self.family == Family::Rsa,
        }
    }

    /// The hash the algorithm itself names.
    pub(crate) fn hash(self) -> Option<HashAlgorithm> {
        self.hash
    }

    /// Whether the hash is inside the algorithm, as in Ed25519.
    pub(crate) fn hashes_inside(self) -> bool {
        self.family == Family::Ed25519
    }
}

/// The `AlgorithmIdentifier` under which a key of this kind signs with its default hash.
pub(crate) fn signature_identifier(kind: KeyKind) -> Vec<u8> {
    match kind {
        KeyKind::EcdsaP256 => asn1::sequence(&[&asn1::oid(&ECDSA_WITH_SHA256)]),
        KeyKind::EcdsaP384 => asn1::sequence(&[&asn1::oid(&ECDSA_WITH_SHA384)]),
        KeyKind::EcdsaP521 => asn1::sequence(&[&asn1::oid(&ECDSA_WITH_SHA512)]),
        KeyKind::Ed25519 => asn1::sequence(&[&asn1::oid(&ED25519)]),
        KeyKind::Rsa(_) => asn1::sequence(&[&asn1::oid(&RSA_WITH_SHA256), &asn1::NULL]),
    }
}

/// The object identifier of a hash algorithm.
pub(crate) fn hash_oid(hash: HashAlgorithm) -> ObjectIdentifier {
    match hash {
        HashAlgorithm::Sha256 => SHA256,
        HashAlgorithm::Sha384 => SHA384,
        HashAlgorithm::Sha512 => SHA512,
    }
}

/// The hash of an `AlgorithmIdentifier`, with absent or NULL parameters (RFC 5754, Section 2).
pub(crate) fn hash_from_der(der: &[u8]) -> Option<HashAlgorithm> {
    let (id, parameters) = identifier(der)?;
    let hash = HashAlgorithm::ALL.into_iter().find(|hash| hash_oid(*hash) == id)?;
    (parameters.is_none() || parameters == Some(&asn1::NULL)).then_some(hash)
}

fn identifier(der: &[u8]) -> Option<(ObjectIdentifier, Option<&[u8]>)> {
    if der.first() != Some(&asn1::SEQUENCE) {
        return None;
    }
    let parts = asn1::elements(der).ok()?;
    let (id, parameters) = match parts.as_slice() {
        [id] => (id, None),
        [id, parameters] => (id, Some(*parameters)),
        _ => return None,
    };
    let id = ObjectIdentifier::from_bytes(asn1::content(asn1::OBJECT_IDENTIFIER, id)?).ok()?;
    Some((id, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_write_fits_the_key_that_writes_it() {
        for kind in [
            KeyKind::EcdsaP256,
            KeyKind::EcdsaP384,
            KeyKind::EcdsaP521,
            KeyKind::Ed25519,
            KeyKind::Rsa(2048),
        ] {
            let algorithm = SignatureAlgorithm::from_der(&signature_identifier(kind)).unwrap();
            assert!(algorithm.fits(kind), "{kind}");
            assert!(algorithm.hashes_inside() || algorithm.hash() == Some(kind.default_hash()));
        }
    }

    #[test]
    fn parameters_are_absent_or_null() {
        let ecdsa_null = asn1::sequence(&[&asn1::oid(&ECDSA_WITH_SHA256), &asn1::NULL]);
        assert_eq!(SignatureAlgorithm::from_der(&ecdsa_null), None);
        let sha_null = asn1::sequence(&[&asn1::oid(&SHA256), &asn1::NULL]);
        assert_eq!(hash_from_der(&sha_null), Some(HashAlgorithm::Sha256));
        let sha_int = asn1::sequence(&[&asn1::oid(&SHA256), &[2, 1, 0]]);
        assert_eq!(hash_from_der(&sha_int), None);
    }
}
