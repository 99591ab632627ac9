//! Keys as TUF metadata names them.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use lite_keys::{HashAlgorithm, KeyKind, PublicKey, SigningKey};

use crate::signed::{SignError, canonical};

/// A key's name: the SHA-256 of its canonical form, as 64 hexadecimal digits.
///
/// TUF lets a repository choose any name. tough insists on this one, and nobody minds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A public key in TUF's words: `keytype`, `scheme`, `keyval`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    keytype: String,
    scheme: String,
    keyval: KeyVal,
}

/// `keyval` of a [`Key`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyVal {
    /// The public key, PEM of a `SubjectPublicKeyInfo`.
    pub public: String,
}

/// Why a key cannot sign metadata of ours, or be read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is not ECDSA P-256, the one kind that every TUF client knows.
    #[error("the key is not ECDSA P-256")]
    Kind,
    /// `keyval.public` is not PEM of a public key.
    #[error("the key value is not a PEM public key")]
    Pem,
    /// `keytype` or `scheme` is not the one that this crate writes.
    #[error("the key type or scheme is not ECDSA P-256 with SHA-256")]
    Scheme,
}

/// `keytype` as root-signing and current clients write it; older ones repeated the scheme here.
const KEY_TYPE: &str = "ecdsa";
const SCHEME: &str = "ecdsa-sha2-nistp256";

impl Key {
    /// The TUF form of `key`.
    pub fn of(key: &PublicKey) -> Result<Self, KeyError> {
        if key.kind() != KeyKind::EcdsaP256 {
            return Err(KeyError::Kind);
        }
        Ok(Self {
            keytype: KEY_TYPE.to_owned(),
            scheme: SCHEME.to_owned(),
            keyval: KeyVal { public: key.to_pem() },
        })
    }

    /// The key's name.
    pub fn id(&self) -> Result<KeyId, SignError> {
        Ok(KeyId(hex::encode(Sha256::digest(canonical(self)?))))
    }

    /// The public key inside.
    pub fn public(&self) -> Result<PublicKey, KeyError> {
        if self.keytype != KEY_TYPE || self.scheme != SCHEME {
            return Err(KeyError::Scheme);
        }
        let key = PublicKey::from_pem(&self.keyval.public).map_err(|_| KeyError::Pem)?;
        if key.kind() == KeyKind::EcdsaP256 { Ok(key) } else { Err(KeyError::Kind) }
    }
}

/// A private key that signs for a role, with its TUF form and name computed once.
pub struct RoleKey {
    signing: SigningKey,
    key: Key,
    id: KeyId,
}

impl RoleKey {
    /// Takes `signing` for a role.
    pub fn new(signing: SigningKey) -> Result<Self, KeyError> {
        let key = Key::of(signing.public())?;
        // A PEM text is ASCII, so it has a canonical form.
        let id = key.id().map_err(|_| KeyError::Pem)?;
        Ok(Self { signing, key, id })
    }

    /// The key's public form.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The key's name.
    #[must_use]
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// Signs `message` with ECDSA over its SHA-256, as `ecdsa-sha2-nistp256` says.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (self.signing.sign(HashAlgorithm::Sha256, message)).map_err(|_| SignError::Key)
    }
}

impl fmt::Debug for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RoleKey").field(&self.id).finish()
    }
}
