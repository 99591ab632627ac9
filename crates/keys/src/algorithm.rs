//! The words: hash algorithms, kinds of keys, and Sigstore's pairs of the two.

use std::fmt;

use aws_lc_rs::digest as aws_digest;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A hash algorithm of the SHA-2 family, as `dev.sigstore.common.v1.HashAlgorithm` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl HashAlgorithm {
    /// All of them, shortest first.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in proto-JSON: `SHA2_256`, `SHA2_384` or `SHA2_512`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA2_256",
            Self::Sha384 => "SHA2_384",
            Self::Sha512 => "SHA2_512",
        }
    }

    /// The number of the protobuf enumeration.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Sha256 => 1,
            Self::Sha384 => 2,
            Self::Sha512 => 3,
        }
    }

    /// The algorithm of that proto-JSON name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.name() == name)
    }

    /// The name of DSSE, in-toto and OCI digests: `sha256`, `sha384` or `sha512`.
    #[must_use]
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Length of a digest in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `data`, [`HashAlgorithm::size`] bytes long.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha384 => Sha384::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    /// A finished digest as the library that signs and verifies takes it; `None` for another
    /// length than [`HashAlgorithm::size`].
    pub(crate) fn import(self, digest: &[u8]) -> Option<aws_digest::Digest> {
        let algorithm = match self {
            Self::Sha256 => &aws_digest::SHA256,
            Self::Sha384 => &aws_digest::SHA384,
            Self::Sha512 => &aws_digest::SHA512,
        };
        aws_digest::Digest::import_less_safe(digest, algorithm).ok()
    }
}

/// What kind of key it is, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// RSA with a modulus of so many bits.
    Rsa(u32),
}

impl KeyKind {
    /// The hash a key of this kind signs with when nothing else is said (Fulcio's defaults).
    #[must_use]
    pub const fn default_hash(self) -> HashAlgorithm {
        match self {
            Self::EcdsaP256 | Self::Rsa(_) => HashAlgorithm::Sha256,
            Self::EcdsaP384 => HashAlgorithm::Sha384,
            Self::EcdsaP521 | Self::Ed25519 => HashAlgorithm::Sha512,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
        }
    }
}

/// A kind of key with the hash it is used with: `dev.sigstore.common.v1.PublicKeyDetails`, those
/// members that Sigstore's services still accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the protobuf names")]
pub enum KeyDetails {
    EcdsaP256Sha256,
    EcdsaP384Sha384,
    EcdsaP521Sha512,
    Ed25519,
    Ed25519Ph,
    RsaPkcs1v15_2048Sha256,
    RsaPkcs1v15_3072Sha256,
    RsaPkcs1v15_4096Sha256,
}

impl KeyDetails {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha384,
        Self::EcdsaP521Sha512,
        Self::Ed25519,
        Self::Ed25519Ph,
        Self::RsaPkcs1v15_2048Sha256,
        Self::RsaPkcs1v15_3072Sha256,
        Self::RsaPkcs1v15_4096Sha256,
    ];

    /// The name in proto-JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "PKIX_ECDSA_P256_SHA_256",
            Self::EcdsaP384Sha384 => "PKIX_ECDSA_P384_SHA_384",
            Self::EcdsaP521Sha512 => "PKIX_ECDSA_P521_SHA_512",
            Self::Ed25519 => "PKIX_ED25519",
            Self::Ed25519Ph => "PKIX_ED25519_PH",
            Self::RsaPkcs1v15_2048Sha256 => "PKIX_RSA_PKCS1V15_2048_SHA256",
            Self::RsaPkcs1v15_3072Sha256 => "PKIX_RSA_PKCS1V15_3072_SHA256",
            Self::RsaPkcs1v15_4096Sha256 => "PKIX_RSA_PKCS1V15_4096_SHA256",
        }
    }

    /// The number of the protobuf enumeration.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::EcdsaP256Sha256 => 5,
            Self::EcdsaP384Sha384 => 12,
            Self::EcdsaP521Sha512 => 13,
            Self::Ed25519 => 7,
            Self::Ed25519Ph => 8,
            Self::RsaPkcs1v15_2048Sha256 => 9,
            Self::RsaPkcs1v15_3072Sha256 => 10,
            Self::RsaPkcs1v15_4096Sha256 => 11,
        }
    }

    /// The member of that proto-JSON name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|details| details.name() == name)
    }

    /// The member of that number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|details| i64::from(details.number()) == number)
    }

    /// The hash these details name. For Ed25519 it is the hash inside the algorithm.
    #[must_use]
    pub const fn hash(self) -> HashAlgorithm {
        match self {
            Self::EcdsaP256Sha256
            | Self::RsaPkcs1v15_2048Sha256
            | Self::RsaPkcs1v15_3072Sha256
            | Self::RsaPkcs1v15_4096Sha256 => HashAlgorithm::Sha256,
            Self::EcdsaP384Sha384 => HashAlgorithm::Sha384,
            Self::EcdsaP521Sha512 | Self::Ed25519 | Self::Ed25519Ph => HashAlgorithm::Sha512,
        }
    }

    /// The kind of key these details are for.
    #[must_use]
    pub const fn kind(self) -> KeyKind {
        match self {
            Self::EcdsaP256Sha256 => KeyKind::EcdsaP256,
            Self::EcdsaP384Sha384 => KeyKind::EcdsaP384,
            Self::EcdsaP521Sha512 => KeyKind::EcdsaP521,
            Self::Ed25519 | Self::Ed25519Ph => KeyKind::Ed25519,
            Self::RsaPkcs1v15_2048Sha256 => KeyKind::Rsa(2048),
            Self::RsaPkcs1v15_3072Sha256 => KeyKind::Rsa(3072),
            Self::RsaPkcs1v15_4096Sha256 => KeyKind::Rsa(4096),
        }
    }
}

impl fmt::Display for KeyDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        for details in KeyDetails::ALL {
            assert_eq!(KeyDetails::from_name(details.name()), Some(details));
            assert_eq!(KeyDetails::from_number(details.number().into()), Some(details));
            assert_eq!(details.kind().default_hash(), details.hash());
        }
        assert_eq!(KeyDetails::from_name("PKIX_RSA_PSS_2048_SHA256"), None);
        assert_eq!(KeyDetails::from_number(0), None);
    }

    #[test]
    fn digests_have_their_size() {
        for hash in HashAlgorithm::ALL {
            assert_eq!(hash.digest(b"").len(), hash.size());
            assert_eq!(HashAlgorithm::from_name(hash.name()), Some(hash));
        }
    }
}
