//! `SSHSIG`, OpenSSH's PROTOCOL.sshsig.
//!
//! ```text
//! blob    "SSHSIG" uint32 1, string publickey, string namespace, string reserved, string hash, string signature
//! signed  "SSHSIG" string namespace, string reserved, string hash, string H(message)
//! ```

use lite_keys::{HashAlgorithm, KeyKind};

use super::wire::{Reader, der_integers, string};
use super::{SshError, SshKey};
use crate::pem;

const MAGIC: &[u8] = b"SSHSIG";
const LABEL: &str = "SSH SIGNATURE";
/// What the signature is for: `ssh-keygen -Y sign -n file`.
const NAMESPACE: &[u8] = b"file";
const HASH: &[u8] = b"sha512";

/// A signature of which the outer parts were checked.
#[derive(Debug)]
pub(crate) struct SshSignature {
    blob: Vec<u8>,
    key: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
}

impl SshSignature {
    /// Reads an armored signature.
    pub(crate) fn parse(armored: &[u8]) -> Result<Self, SshError> {
        let mut blocks = pem::blocks(armored).map_err(|_| SshError::Armor)?;
        let blob = match (blocks.pop(), blocks.is_empty()) {
            (Some(block), true) if block.label == LABEL => block.content,
            _ => return Err(SshError::Armor),
        };
        let mut reader = Reader(&blob);
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(SshError::Encoding);
        }
        if reader.uint32()? != 1 {
            return Err(SshError::Version);
        }
        let key = reader.string()?.to_vec();
        if reader.string()? != NAMESPACE {
            return Err(SshError::Namespace);
        }
        if !reader.string()?.is_empty() {
            return Err(SshError::Version);
        }
        if reader.string()? != HASH {
            return Err(SshError::HashAlgorithm);
        }
        let mut inner = Reader(reader.string()?);
        reader.end()?;
        let (algorithm, signature) = (inner.string()?.to_vec(), inner.string()?.to_vec());
        inner.end()?;
        Ok(Self { blob, key, algorithm, signature })
    }

    /// Verifies that `key` signed `message`, and is the key that the signature holds.
    pub(crate) fn verify(&self, key: &SshKey, message: &[u8]) -> Result<(), SshError> {
        if self.key != key.blob() {
            return Err(SshError::OtherKey);
        }
        let digest = HashAlgorithm::Sha512.digest(message);
        let signed =
            [MAGIC, &string(NAMESPACE), &string(b""), &string(HASH), &string(&digest)].concat();
        let (hash, signature) = self.algorithm(key.key().kind())?;
        key.key().verify(hash, &signed, &signature).map_err(|_| SshError::Signature)
    }

    /// The hash over what is signed, and the signature as other formats write it. RFC 8332,
    /// Section 3: no `ssh-rsa`, which is SHA-1.
    fn algorithm(&self, kind: KeyKind) -> Result<(HashAlgorithm, Vec<u8>), SshError> {
        let (hash, expected) = match (kind, self.algorithm.as_slice()) {
            (KeyKind::Rsa(_), b"rsa-sha2-256") => (HashAlgorithm::Sha256, &b"rsa-sha2-256"[..]),
            (KeyKind::Rsa(_), _) => (HashAlgorithm::Sha512, &b"rsa-sha2-512"[..]),
            (KeyKind::Ed25519, _) => (HashAlgorithm::Sha512, &b"ssh-ed25519"[..]),
            (KeyKind::EcdsaP256, _) => (HashAlgorithm::Sha256, &b"ecdsa-sha2-nistp256"[..]),
            (KeyKind::EcdsaP384, _) => (HashAlgorithm::Sha384, &b"ecdsa-sha2-nistp384"[..]),
            (KeyKind::EcdsaP521, _) => (HashAlgorithm::Sha512, &b"ecdsa-sha2-nistp521"[..]),
        };
        if self.algorithm != expected {
            return Err(SshError::Algorithm);
        }
        if matches!(kind, KeyKind::Rsa(_) | KeyKind::Ed25519) {
            return Ok((hash, self.signature.clone()));
        }
        // RFC 5656, Section 3.1.2.
        let mut reader = Reader(&self.signature);
        let der = der_integers(reader.positive()?, reader.positive()?);
        reader.end()?;
        Ok((hash, der))
    }

    /// The armor as a leaf has it: 64 columns, a line feed at the end. `ssh-keygen` writes 70.
    pub(crate) fn canonical(&self) -> String {
        lite_pki::pem::encode(LABEL, &self.blob)
    }
}
