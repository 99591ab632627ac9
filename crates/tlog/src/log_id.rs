//! Log IDs: by which name clients find a log's key.
//!
//! | log | log ID |
//! |---|---|
//! | Rekor v2, Ed25519 | `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ raw key)` |
//! | Rekor v2, ECDSA | `SHA-256(SPKI)`: no name, no type byte |
//! | Rekor v2, RSA | `SHA-256(name ‖ 0x0A ‖ 0xFF ‖ "PKIX-RSA-PKCS#1v1.5" ‖ SPKI)` |
//! | Rekor v1, CT | `SHA-256(SPKI)` for every key |
//!
//! rekor-tiles:pkg/note/note.go; RFC 6962, Section 3.2. A newtype for each family, because the
//! two differ for the same Ed25519 key.

use std::fmt;

use lite_keys::{KeyKind, PublicKey};
use sha2::{Digest, Sha256};

use crate::note::KeyId;
use crate::note_key::TYPE_ED25519;

/// The log ID of Rekor v2: what the key ID of its checkpoints is cut from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId(pub [u8; 32]);

/// The log ID of Rekor v1 and of CT logs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpkiLogId(pub [u8; 32]);

impl LogId {
    /// The log ID of a key under a name.
    #[must_use]
    pub fn of_key(name: &str, key: &PublicKey) -> Self {
        match (key.raw_ed25519(), key.kind()) {
            (Some(raw), _) => Self::of_ed25519(name, &raw),
            (None, KeyKind::Rsa(_)) => {
                let parts: [&[u8]; 5] = [
                    name.as_bytes(),
                    b"\n",
                    &[0xff], // no assigned signature type; its name follows
                    b"PKIX-RSA-PKCS#1v1.5",
                    key.spki_der(),
                ];
                Self(sha256(&parts))
            }
            (None, _) => Self::of_spki(key.spki_der()),
        }
    }

    /// The log ID of an Ed25519 key, given by its 32 bytes.
    #[must_use]
    pub fn of_ed25519(name: &str, raw: &[u8; 32]) -> Self {
        Self(sha256(&[name.as_bytes(), b"\n", &[TYPE_ED25519], raw]))
    }

    /// The log ID of an ECDSA key, given by its DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn of_spki(der: &[u8]) -> Self {
        Self(sha256(&[der]))
    }

    /// The key ID of the log's signatures on notes.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        let [a, b, c, d, ..] = self.0;
        KeyId([a, b, c, d])
    }
}

impl SpkiLogId {
    /// The log ID of any key.
    #[must_use]
    pub fn of_key(key: &PublicKey) -> Self {
        Self::of_spki(key.spki_der())
    }

    /// The log ID of a key given by its DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn of_spki(der: &[u8]) -> Self {
        Self(sha256(&[der]))
    }
}

/// Lower-case hex.
impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Lower-case hex.
impl fmt::Display for SpkiLogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogId({self})")
    }
}

impl fmt::Debug for SpkiLogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpkiLogId({self})")
    }
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}
