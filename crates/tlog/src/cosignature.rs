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
        Some(Self { name: name.to_owned(), key_id, key })
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
        let (time, signature) =
            line.signature().split_first_chunk().ok_or(CosignatureError::Encoding)?;
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
    let digest =
        Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(raw).finalize();
    KeyId([digest[0], digest[1], digest[2], digest[3]])
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    const TEXT: &str = "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    fn witness() -> (SigningKey, CosignatureVerifier) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = PublicKey::from_raw_ed25519(key.verifying_key().as_bytes()).unwrap();
        (key, CosignatureVerifier::new("witness.example", public).unwrap())
    }

    fn cosigned(time: u64, signed_time: u64) -> SignedNote {
        let (key, verifier) = witness();
        let signature = key.sign(format!("cosignature/v1\ntime {signed_time}\n{TEXT}").as_bytes());
        let blob = [time.to_be_bytes().as_slice(), &signature.to_bytes()].concat();
        let line = NoteSignature::new(verifier.name(), verifier.key_id(), blob).unwrap();
        SignedNote::new(TEXT, line).unwrap()
    }

    #[test]
    fn a_cosignature_gives_its_time() {
        let (_, verifier) = witness();
        assert_eq!(verifier.verify(&cosigned(1_679_315_147, 1_679_315_147)), Ok(1_679_315_147));
    }

    #[test]
    fn a_cosignature_of_another_time_or_shape_is_refused() {
        let (_, verifier) = witness();
        let refuse = |note: &SignedNote| verifier.verify(note).unwrap_err();
        assert_eq!(refuse(&cosigned(1, 2)), CosignatureError::Signature);
        assert_eq!(refuse(&cosigned(1 << 63, 1 << 63)), CosignatureError::Time);
        for length in [1, 8, 71, 73] {
            let blob = vec![0; length];
            let line = NoteSignature::new(verifier.name(), verifier.key_id(), blob).unwrap();
            let note = SignedNote::new(TEXT, line).unwrap();
            assert_eq!(refuse(&note), CosignatureError::Encoding);
        }
        let line = NoteSignature::new("another.example", verifier.key_id(), vec![0; 72]).unwrap();
        let note = SignedNote::new(TEXT, line).unwrap();
        assert_eq!(refuse(&note), CosignatureError::UnknownKey);
    }

    #[test]
    fn a_verifier_key_of_either_type_is_the_same_witness() {
        let (key, verifier) = witness();
        let raw = key.verifying_key().to_bytes();
        for kind in [TYPE_ED25519, TYPE_COSIGNATURE] {
            let id = super::key_id(verifier.name(), kind, &raw);
            let blob = STANDARD.encode([&[kind], raw.as_slice()].concat());
            let vkey = format!("{}+{id}+{blob}", verifier.name());
            let parsed = CosignatureVerifier::from_vkey(&vkey).unwrap();
            assert_eq!(parsed.key_id(), verifier.key_id());
        }
        let vkey = "witness.example+00000000+".to_owned()
            + &STANDARD.encode([[4; 1].as_slice(), &raw].concat());
        assert_eq!(CosignatureVerifier::from_vkey(&vkey).unwrap_err(), VkeyError::KeyId);
    }
}
