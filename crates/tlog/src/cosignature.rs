//! Cosignatures: a witness says that it saw a log only grow.
//!
//! ```text
//! signature line:  key ID ‖ u64 time (big-endian) ‖ Ed25519 signature, 64 bytes
//! signed bytes:    "cosignature/v1\n" ‖ "time <decimal>\n" ‖ text of the checkpoint
//! ```
//!
//! c2sp.org/tlog-cosignature, "Format" and "Ed25519 signed message".

use lite_keys::{HashAlgorithm, PublicKey};
use sha2::{Digest, Sha256};

use crate::note::{KeyId, NoteSignature, SignedNote, is_key_name};
use crate::note_key::{TYPE_ED25519, VkeyError, split_vkey};

/// c2sp.org/signed-note: timestamped Ed25519 cosignatures.
const TYPE_COSIGNATURE: u8 = 0x04;

const SIGNATURE_BYTES: usize = 64;

/// A witness's key under its name.
#[derive(Clone, Debug)]
pub struct CosignatureVerifier {
    name: String,
    key_id: KeyId,
    key: PublicKey,
}

/// Why there is no cosignature of the expected witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignatureError {
    /// The line is not a time and 64 bytes.
    #[error("cosignature is malformed")]
    Encoding,
    /// The witness's signature does not verify.
    #[error("cosignature does not verify")]
    Signature,
    /// The time is above `2^63 - 1`.
    #[error("time of the cosignature is out of range")]
    Time,
    /// The witness did not sign.
    #[error("checkpoint is not cosigned by the expected witness")]
    UnknownKey,
}

impl CosignatureVerifier {
    /// A witness by its name and Ed25519 key; `None` when the name is none, or the key is another.
    #[must_use]
    pub fn new(name: &str, key: PublicKey) -> Option<Self> {
        let raw = key.raw_ed25519()?;
        if !is_key_name(name) {
            return None;
        }
        let key_id = key_id(name, TYPE_COSIGNATURE, &raw);
        Some(Self {
            name: name.to_owned(),
            key_id,
            key,
        })
    }

    /// Reads a witness's verifier key. One of type 0x01 is taken for the same key, cosigning, as
    /// witness policies list them.
    pub fn from_vkey(vkey: &str) -> Result<Self, VkeyError> {
        let (name, listed, kind, key) = split_vkey(vkey)?;
        if kind != TYPE_COSIGNATURE && kind != TYPE_ED25519 {
            return Err(VkeyError::Type);
        }
        let raw: &[u8; 32] = key.as_slice().try_into().map_err(|_| VkeyError::Value)?;
        if listed != key_id(name, kind, raw) {
            return Err(VkeyError::KeyId);
        }
        let key = PublicKey::from_raw_ed25519(raw).map_err(|_| VkeyError::Value)?;
        Self::new(name, key).ok_or(VkeyError::Encoding)
    }

    /// The witness's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key ID of the witness's signature lines.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Verifies that the witness cosigned, and returns when: seconds since the Unix epoch.
    pub fn verify(&self, note: &SignedNote) -> Result<u64, CosignatureError> {
        let of_witness =
            |line: &&NoteSignature| line.name() == self.name && line.key_id() == self.key_id;
        let line = note.signatures().iter().find(of_witness);
        self.verify_line(note.text(), line.ok_or(CosignatureError::UnknownKey)?)
    }

    fn verify_line(&self, text: &str, line: &NoteSignature) -> Result<u64, CosignatureError> {
        let (time, signature) = line
            .signature()
            .split_first_chunk()
            .ok_or(CosignatureError::Encoding)?;
        if signature.len() != SIGNATURE_BYTES {
            return Err(CosignatureError::Encoding);
        }
        let time = u64::from_be_bytes(*time);
        // c2sp.org/tlog-cosignature: "It MUST NOT exceed 2^63 - 1".
        if time > i64::MAX.unsigned_abs() {
            return Err(CosignatureError::Time);
        }
        let message = format!("cosignature/v1\ntime {time}\n{text}");
        self.key
            .verify(HashAlgorithm::Sha512, message.as_bytes(), signature)
            .map_err(|_| CosignatureError::Signature)?;
        Ok(time)
    }
}

/// c2sp.org/signed-note: `SHA-256(key name || 0x0A || signature type || public key)[:4]`.
fn key_id(name: &str, kind: u8, raw: &[u8; 32]) -> KeyId {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind])
        .chain_update(raw)
        .finalize();
    KeyId([digest[0], digest[1], digest[2], digest[3]])
}
