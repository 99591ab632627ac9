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
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[track_caller]
    fn check_ed25519(name: &str, raw: &[u8; 32], expected: &str) {
        assert_eq!(STANDARD.encode(LogId::of_ed25519(name, raw).0), expected);
        let key = PublicKey::from_raw_ed25519(raw).unwrap();
        assert_eq!(LogId::of_key(name, &key), LogId::of_ed25519(name, raw));
    }

    #[test]
    fn ed25519_log_ids_are_those_of_rekor() {
        // rekor-tiles:tests/testdata/pki, under two names.
        let raw = hex::decode("444bc9c8d6468d7e81dc3008b83dc14e0f6b230574d0663c5e0e4553e2050d44");
        let raw = raw.unwrap().try_into().unwrap();
        check_ed25519("rekor-local", &raw, "2AtEIMfG6Y41yK0tcwRTBS2tjhOrjKGIpDkHFgp65g0=");
        check_ed25519("127.0.0.1", &raw, "JxxqA6EqqUkV5Pf3KpV9QKL06gXb2WCoJjN1jDMZ6sE=");
        let key_id = LogId::of_ed25519("rekor-local", &raw).key_id();
        assert_eq!(key_id.to_string(), "d80b4420");
        // The same key has another log ID in the other family.
        let key = PublicKey::from_raw_ed25519(&raw).unwrap();
        assert_eq!(hex::encode(&SpkiLogId::of_key(&key).0[..4]), "b4094009");
    }

    #[test]
    fn an_ecdsa_log_id_does_not_depend_on_the_name() {
        // sigstore-conformance, the staging trusted root (Apache-2.0): the Rekor v1 log.
        let spki = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDODRU688UYGuy54mNUlaEBiQdTE9nYLr0lg6RXowI/QV/RE1azBn4Eg5/2uTOMbhB1/gfcHzijzFi9Tk+g1Prg==";
        let key = PublicKey::from_spki_der(&STANDARD.decode(spki).unwrap()).unwrap();
        let expected = "0y8wo8MtY5wrdiIFohx7sHeI5oKDpK5vQhGHI6G+pJY=";
        assert_eq!(STANDARD.encode(LogId::of_key("one", &key).0), expected);
        assert_eq!(LogId::of_key("two", &key), LogId::of_spki(key.spki_der()));
        assert_eq!(STANDARD.encode(SpkiLogId::of_key(&key).0), expected);
    }

    #[test]
    fn an_rsa_log_id_is_the_long_hash() {
        let key = lite_keys::SigningKey::generate(KeyKind::Rsa(2048));
        let spki = key.public().spki_der();
        let input = [b"log\n\xffPKIX-RSA-PKCS#1v1.5".as_slice(), spki].concat();
        let expected: [u8; 32] = Sha256::digest(input).into();
        assert_eq!(LogId::of_key("log", key.public()).0, expected);
    }
}
