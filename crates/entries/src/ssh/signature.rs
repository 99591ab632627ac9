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

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use lite_keys::SigningKey;

    use super::*;

    /// The parts of a signature, each of which a test may change.
    struct Parts {
        version: u32,
        namespace: &'static [u8],
        reserved: &'static [u8],
        hash: &'static [u8],
        algorithm: &'static [u8],
        behind: &'static [u8],
    }

    const GOOD: Parts = Parts {
        version: 1,
        namespace: b"file",
        reserved: b"",
        hash: b"sha512",
        algorithm: b"ssh-ed25519",
        behind: b"",
    };

    fn signed(parts: &Parts) -> (String, SshKey) {
        let signer = SigningKey::generate(KeyKind::Ed25519);
        let key =
            [string(b"ssh-ed25519"), string(&signer.public().raw_ed25519().unwrap())].concat();
        let digest = HashAlgorithm::Sha512.digest(b"message");
        let named = [string(parts.namespace), string(parts.reserved), string(parts.hash)].concat();
        let message = [MAGIC, &named, &string(&digest)].concat();
        let signature = signer.sign(HashAlgorithm::Sha512, &message).unwrap();
        let inner = [string(parts.algorithm), string(&signature)].concat();
        let blob = [
            MAGIC,
            &parts.version.to_be_bytes(),
            &string(&key),
            &named,
            &string(&inner),
            parts.behind,
        ]
        .concat();
        let line = format!("ssh-ed25519 {}", STANDARD.encode(&key));
        (lite_pki::pem::encode(LABEL, &blob), SshKey::parse_line(line.as_bytes()).unwrap())
    }

    fn verdict(parts: &Parts) -> Result<(), SshError> {
        let (armored, key) = signed(parts);
        SshSignature::parse(armored.as_bytes())?.verify(&key, b"message")
    }

    #[test]
    fn refuses_by_reason() {
        assert_eq!(verdict(&GOOD), Ok(()));
        assert_eq!(verdict(&Parts { version: 2, ..GOOD }), Err(SshError::Version));
        assert_eq!(verdict(&Parts { namespace: b"git", ..GOOD }), Err(SshError::Namespace));
        assert_eq!(verdict(&Parts { reserved: b"x", ..GOOD }), Err(SshError::Version));
        assert_eq!(verdict(&Parts { hash: b"sha256", ..GOOD }), Err(SshError::HashAlgorithm));
        assert_eq!(verdict(&Parts { algorithm: b"ssh-rsa", ..GOOD }), Err(SshError::Algorithm));
        assert_eq!(verdict(&Parts { behind: b"x", ..GOOD }), Err(SshError::Encoding));
    }

    #[test]
    fn is_of_one_key_and_one_message() {
        let (armored, key) = signed(&GOOD);
        let signature = SshSignature::parse(armored.as_bytes()).unwrap();
        assert_eq!(signature.canonical(), armored);
        assert_eq!(signature.verify(&key, b"massage"), Err(SshError::Signature));
        assert_eq!(signature.verify(&signed(&GOOD).1, b"message"), Err(SshError::OtherKey));
    }

    #[test]
    fn is_one_block_in_armor() {
        let (armored, _) = signed(&GOOD);
        for text in ["x".to_owned(), armored.replace("SSH", "PGP"), armored.repeat(2)] {
            assert_eq!(SshSignature::parse(text.as_bytes()).err(), Some(SshError::Armor));
        }
    }
}
