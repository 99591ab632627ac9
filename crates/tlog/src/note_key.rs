//! Who signs a note: key names, key IDs and verifier keys.
//!
//! The key ID of an Ed25519 key hashes its name in, that of an ECDSA key does not: it is the hash
//! of the SPKI, as Rekor and the witness network have it (c2sp.org/signed-note, "Signature
//! types"; rekor-tiles:pkg/note/note.go).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{HashAlgorithm, KeyKind, PublicKey, SignError, SigningKey};

use crate::log_id::LogId;
use crate::note::{KeyId, NoteError, NoteSignature, is_key_name};

/// c2sp.org/signed-note, "Signature types".
pub(crate) const TYPE_ED25519: u8 = 0x01;
const TYPE_ECDSA: u8 = 0x02;

/// A public key that verifies notes under a name.
#[derive(Clone)]
pub struct NoteVerifier {
    name: String,
    log_id: LogId,
    key: PublicKey,
}

/// A signing key that signs notes under a name.
pub struct NoteSigner {
    verifier: NoteVerifier,
    key: SigningKey,
}

/// Why a text is not a verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VkeyError {
    /// The text is not `name+id+key`.
    #[error("verifier key is not name+id+key")]
    Encoding,
    /// The key ID is not the one of this name and this key.
    #[error("key ID does not belong to the name and the key")]
    KeyId,
    /// The type byte is none that can be verified here.
    #[error("verifier key has an unknown signature type")]
    Type,
    /// The bytes after the type byte are not a key.
    #[error("verifier key holds no valid key")]
    Value,
}

impl NoteVerifier {
    /// The verifier of a key under a name.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, NoteError> {
        if !is_key_name(name) {
            return Err(NoteError::KeyName);
        }
        let log_id = LogId::of_key(name, &key);
        Ok(Self { name: name.to_owned(), log_id, key })
    }

    /// Reads `name+id+key`, an Ed25519 or ECDSA verifier key.
    pub fn from_vkey(vkey: &str) -> Result<Self, VkeyError> {
        let (name, key_id, kind, key) = split_vkey(vkey)?;
        let key = match kind {
            TYPE_ED25519 => {
                let raw = key.as_slice().try_into().map_err(|_| VkeyError::Value)?;
                PublicKey::from_raw_ed25519(raw).map_err(|_| VkeyError::Value)?
            }
            TYPE_ECDSA => PublicKey::from_spki_der(&key).map_err(|_| VkeyError::Value)?,
            _ => return Err(VkeyError::Type),
        };
        if kind == TYPE_ECDSA && !is_ecdsa(key.kind()) {
            return Err(VkeyError::Value);
        }
        let verifier = Self::new(name, key).map_err(|_| VkeyError::Encoding)?;
        if verifier.key_id() != key_id {
            return Err(VkeyError::KeyId);
        }
        Ok(verifier)
    }

    /// Writes `name+id+key`; `None` for RSA, which has no short type byte.
    #[must_use]
    pub fn to_vkey(&self) -> Option<String> {
        let key = match (self.key.raw_ed25519(), self.key.kind()) {
            (Some(raw), _) => [&[TYPE_ED25519], raw.as_slice()].concat(),
            (None, KeyKind::Rsa(_)) => return None,
            (None, _) => [&[TYPE_ECDSA], self.key.spki_der()].concat(),
        };
        Some(format!("{}+{}+{}", self.name, self.key_id(), STANDARD.encode(key)))
    }

    /// The key name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key ID: the first four bytes of the log ID.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.log_id.key_id()
    }

    /// The log ID: what the key ID was cut from.
    #[must_use]
    pub fn log_id(&self) -> LogId {
        self.log_id
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether `signature` is this key's over the text of a note: Ed25519 over the text itself,
    /// the others over its hash.
    #[must_use]
    pub fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        self.key.verify(note_hash(self.key.kind()), text, signature).is_ok()
    }
}

impl fmt::Debug for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteVerifier({}+{})", self.name, self.key_id())
    }
}

impl NoteSigner {
    /// A signer under a name.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, NoteError> {
        let verifier = NoteVerifier::new(name, key.public().clone())?;
        Ok(Self { verifier, key })
    }

    /// Signs a text, which must end in a newline.
    pub fn sign(&self, text: &str) -> Result<NoteSignature, SignError> {
        let signature = self.key.sign(note_hash(self.key.kind()), text.as_bytes())?;
        // The name was checked when the verifier was made.
        NoteSignature::new(&self.verifier.name, self.verifier.key_id(), signature)
            .map_err(|_| SignError::Library)
    }

    /// The public side.
    #[must_use]
    pub fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    /// The key name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.verifier.name
    }

    /// The log ID.
    #[must_use]
    pub fn log_id(&self) -> LogId {
        self.verifier.log_id
    }

    /// The signing key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({}+{})", self.verifier.name, self.verifier.key_id())
    }
}

/// Splits a verifier key into name, key ID, type byte and key bytes.
pub(crate) fn split_vkey(vkey: &str) -> Result<(&str, KeyId, u8, Vec<u8>), VkeyError> {
    let mut parts = vkey.splitn(3, '+');
    let mut part = || parts.next().ok_or(VkeyError::Encoding);
    let (name, key_id, key) = (part()?, part()?, part()?);
    let lower = key_id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if key_id.len() != 8 || !lower || !is_key_name(name) {
        return Err(VkeyError::Encoding);
    }
    let key_id = u32::from_str_radix(key_id, 16).map_err(|_| VkeyError::Encoding)?;
    let key = STANDARD.decode(key).map_err(|_| VkeyError::Encoding)?;
    let (kind, key) = key.split_first().ok_or(VkeyError::Encoding)?;
    Ok((name, KeyId(key_id.to_be_bytes()), *kind, key.to_vec()))
}

fn is_ecdsa(kind: KeyKind) -> bool {
    matches!(kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521)
}

fn note_hash(kind: KeyKind) -> HashAlgorithm {
    kind.default_hash()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::SignedNote;

    /// rekor-tiles:tests/testdata/pki.
    const VKEY: &str = "rekor-local+d80b4420+AURLycjWRo1+gdwwCLg9wU4PayMFdNBmPF4ORVPiBQ1E";

    #[test]
    fn reads_and_writes_verifier_keys() {
        assert_eq!(NoteVerifier::from_vkey(VKEY).unwrap().to_vkey().as_deref(), Some(VKEY));
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521] {
            let signer = NoteSigner::new("log", SigningKey::generate(kind)).unwrap();
            let vkey = signer.verifier().to_vkey().unwrap();
            let verifier = NoteVerifier::from_vkey(&vkey).unwrap();
            assert_eq!(verifier.key_id(), signer.verifier().key_id());
        }
    }

    #[test]
    fn refuses_every_second_spelling_of_a_verifier_key() {
        for (vkey, reason) in [
            ("", VkeyError::Encoding),
            ("rekor-local", VkeyError::Encoding),
            (&VKEY.replace("d80b4420", "D80B4420"), VkeyError::Encoding),
            (&VKEY.replace("d80b4420", "+80b4420"), VkeyError::Encoding),
            (&VKEY.replace("d80b4420", "d80b442"), VkeyError::Encoding),
            (&VKEY.replace("d80b4420", "d80b4421"), VkeyError::KeyId),
            (&VKEY.replace("rekor-local", "rekor local"), VkeyError::Encoding),
            (&VKEY.replace("rekor-local", "rekor-locaL"), VkeyError::KeyId),
            (&VKEY.replace("+AU", "+BU"), VkeyError::Type),
            (&VKEY[..VKEY.len() - 4], VkeyError::Value),
            (&VKEY[..VKEY.len() - 1], VkeyError::Encoding),
        ] {
            assert_eq!(NoteVerifier::from_vkey(vkey).unwrap_err(), reason, "{vkey}");
        }
    }

    #[test]
    fn a_signer_is_verified_by_its_own_side_only() {
        for kind in [KeyKind::Ed25519, KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa(2048)] {
            let signer = NoteSigner::new("log.example", SigningKey::generate(kind)).unwrap();
            let note = SignedNote::new("text\n", signer.sign("text\n").unwrap()).unwrap();
            assert_eq!(note.verify(signer.verifier()).unwrap().name(), "log.example");
            // Same name, other key: its lines are unknown, and so ignored.
            let other = NoteSigner::new("log.example", SigningKey::generate(kind)).unwrap();
            assert_eq!(note.verify(other.verifier()), Err(NoteError::UnknownKey));
            let forged = SignedNote::new("Text\n", signer.sign("text\n").unwrap()).unwrap();
            assert_eq!(forged.verify(signer.verifier()), Err(NoteError::Signature));
        }
    }

    #[test]
    fn a_name_that_is_none_makes_no_signer() {
        for name in ["", "a b", "a+b", "a\nb"] {
            let key = SigningKey::generate(KeyKind::Ed25519);
            assert_eq!(NoteSigner::new(name, key).unwrap_err(), NoteError::KeyName);
        }
    }
}
