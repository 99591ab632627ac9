//! Private keys as people have them in files: every form of PEM that OpenSSL and cosign write for
//! keys that Sigstore uses, open or encrypted.

use aws_lc_rs::signature::{EcdsaKeyPair, RsaKeyPair};
use der::Decode as _;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::{EncryptionScheme, pbes2};
use zeroize::Zeroizing;

use crate::signing::ECDSA_KINDS;
use crate::{SealedKey, SealedKeyError, SigningKey, SigningKeyError, pem};

/// A private key as it lies in a file.
#[derive(Debug)]
pub enum PrivateKeyFile {
    /// Not encrypted: whoever reads the file has the key.
    Open(Box<SigningKey>),
    /// cosign's: `ENCRYPTED SIGSTORE PRIVATE KEY`, or the older `ENCRYPTED COSIGN PRIVATE KEY`.
    Sealed(SealedKey),
    /// PKCS#8's own (RFC 5958, Section 3): `ENCRYPTED PRIVATE KEY`.
    Pkcs8(EncryptedPkcs8),
}

/// An `EncryptedPrivateKeyInfo`, DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedPkcs8(Vec<u8>);

impl PrivateKeyFile {
    /// Reads one PEM block: PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`), SEC1
    /// (`EC PRIVATE KEY`, with or without OpenSSL's `EC PARAMETERS` in front), and the encrypted
    /// forms.
    ///
    /// `DSA PRIVATE KEY`, `OPENSSH PRIVATE KEY` and PEM's own encryption (RFC 1421) are refused.
    pub fn parse(pem: &str) -> Result<Self, SigningKeyError> {
        let (label, der) = pem::decode(without_parameters(pem)).ok_or(SigningKeyError::Pem)?;
        let der = Zeroizing::new(der);
        match label {
            "PRIVATE KEY" => SigningKey::from_pkcs8_der(&der),
            "EC PRIVATE KEY" => from_sec1(&der),
            "RSA PRIVATE KEY" => {
                RsaKeyPair::from_der(&der).ok().and_then(SigningKey::from_rsa).ok_or(REFUSED)
            }
            "ENCRYPTED PRIVATE KEY" => {
                return Ok(Self::Pkcs8(EncryptedPkcs8(der.to_vec())));
            }
            label if SealedKey::has_label(label) => {
                return Ok(Self::Sealed(SealedKey::parse(&der)?));
            }
            _ => Err(SigningKeyError::Pem),
        }
        .map(|key| Self::Open(Box::new(key)))
    }
}

const REFUSED: SigningKeyError = SigningKeyError::Algorithm;

/// `openssl ecparam -genkey` writes a block with the curve's name before the key, which says it
/// again.
fn without_parameters(pem: &str) -> &str {
    const END: &str = "-----END EC PARAMETERS-----";
    match pem.trim_start().strip_prefix("-----BEGIN EC PARAMETERS-----") {
        Some(rest) => rest.split_once(END).map_or(pem, |(_, key)| key),
        None => pem,
    }
}

/// RFC 5915, Section 3; the curve is in the key's own parameters.
fn from_sec1(der: &[u8]) -> Result<SigningKey, SigningKeyError> {
    ECDSA_KINDS
        .into_iter()
        .find_map(|(_, algorithm)| EcdsaKeyPair::from_private_key_der(algorithm, der).ok())
        .and_then(SigningKey::from_ecdsa)
        .ok_or(REFUSED)
}

impl EncryptedPkcs8 {
    /// Most rounds of PBKDF2: OWASP asks for 600,000.
    const MAX_ROUNDS: u32 = 20_000_000;
    /// Most memory of scrypt, in bytes.
    const MAX_MEMORY: u64 = 256 << 20;

    /// Opens the key. PBES2 (RFC 8018, Section 6.2) with AES, and PBKDF2 or scrypt.
    pub fn open(&self, password: &[u8]) -> Result<SigningKey, SealedKeyError> {
        let info =
            EncryptedPrivateKeyInfoRef::from_der(&self.0).map_err(|_| SealedKeyError::Encoding)?;
        let EncryptionScheme::Pbes2(scheme) = &info.encryption_algorithm else {
            return Err(SealedKeyError::Cipher);
        };
        let affordable = match &scheme.kdf {
            pbes2::Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= Self::MAX_ROUNDS,
            pbes2::Kdf::Scrypt(scrypt) => {
                let blocks = u64::from(scrypt.block_size) * u64::from(scrypt.parallelization);
                scrypt
                    .cost_parameter
                    .checked_mul(128 * blocks)
                    .is_some_and(|m| m <= Self::MAX_MEMORY)
            }
            _ => return Err(SealedKeyError::Kdf),
        };
        if !affordable {
            return Err(SealedKeyError::Parameters);
        }
        let document = info.decrypt(password).map_err(|_| SealedKeyError::Password)?;
        SigningKey::from_pkcs8_der(document.as_bytes()).map_err(|_| SealedKeyError::Content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyKind, PublicKey};

    const PBKDF2: &str = include_str!("../tests/vectors/pbkdf2-p384.key");
    const SCRYPT: &str = include_str!("../tests/vectors/scrypt-ed25519.key");
    const P384_PUB: &str = include_str!("../tests/vectors/sec1-p384.pub");
    const ED25519_PUB: &str = include_str!("../tests/vectors/ed25519.pub");

    #[track_caller]
    fn opens(pem: &str, public: &str, kind: KeyKind) {
        let Ok(PrivateKeyFile::Open(key)) = PrivateKeyFile::parse(pem) else {
            panic!("{kind} does not open")
        };
        assert_eq!(key.public(), &PublicKey::from_pem(public).unwrap());
        assert_eq!(key.kind(), kind);
    }

    #[test]
    fn every_open_form_of_openssls_is_read() {
        opens(
            include_str!("../tests/vectors/sec1-p256.key"),
            include_str!("../tests/vectors/sec1-p256.pub"),
            KeyKind::EcdsaP256,
        );
        opens(include_str!("../tests/vectors/sec1-p384.key"), P384_PUB, KeyKind::EcdsaP384);
        opens(
            include_str!("../tests/vectors/pkcs1-rsa2048.key"),
            include_str!("../tests/vectors/pkcs1-rsa2048.pub"),
            KeyKind::Rsa(2048),
        );
        opens(include_str!("../tests/vectors/ed25519.key"), ED25519_PUB, KeyKind::Ed25519);
    }

    fn encrypted(pem: &str) -> EncryptedPkcs8 {
        match PrivateKeyFile::parse(pem) {
            Ok(PrivateKeyFile::Pkcs8(key)) => key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn encrypted_pkcs8_opens_with_its_password_only() {
        for (pem, public) in [(PBKDF2, P384_PUB), (SCRYPT, ED25519_PUB)] {
            let key = encrypted(pem);
            let opened = key.open(b"pw").unwrap();
            assert_eq!(opened.public(), &PublicKey::from_pem(public).unwrap());
            assert_eq!(key.open(b"").unwrap_err(), SealedKeyError::Password);
        }
    }

    #[test]
    fn a_password_that_costs_too_much_is_not_tried() {
        #[track_caller]
        fn check(der: Vec<u8>) {
            let refused = EncryptedPkcs8(der).open(b"pw").unwrap_err();
            assert_eq!(refused, SealedKeyError::Parameters);
        }
        // scrypt with p = 1 made 127: more than two GiB.
        let mut scrypt = encrypted(SCRYPT).0;
        assert_eq!(scrypt[43..53], [2, 2, 0x40, 0, 2, 1, 8, 2, 1, 1]);
        scrypt[52] = 127;
        check(scrypt);
        // PBKDF2 with 2048 made 2^31 - 1; five lengths around it grow by two.
        let mut pbkdf2 = encrypted(PBKDF2).0;
        assert_eq!(pbkdf2[44..48], [2, 2, 8, 0]);
        pbkdf2.splice(44..48, [2, 4, 0x7f, 0xff, 0xff, 0xff]);
        for length in [3, 5, 18, 20, 33] {
            pbkdf2[length] += 2;
        }
        check(pbkdf2);
        assert_eq!(EncryptedPkcs8(vec![0x30, 0]).open(b"").unwrap_err(), SealedKeyError::Encoding);
    }

    #[test]
    fn what_holds_no_private_key_of_ours_is_refused() {
        #[track_caller]
        fn check(pem: &str, error: SigningKeyError) {
            assert_eq!(PrivateKeyFile::parse(pem).unwrap_err(), error, "{pem}");
        }
        check("hello", SigningKeyError::Pem);
        check(ED25519_PUB, SigningKeyError::Pem);
        check(&pem::encode("OPENSSH PRIVATE KEY", b"0"), SigningKeyError::Pem);
        check(&pem::encode("EC PRIVATE KEY", b"0"), SigningKeyError::Algorithm);
        check(&pem::encode("RSA PRIVATE KEY", b"0"), SigningKeyError::Algorithm);
        let damaged = SigningKeyError::Sealed(SealedKeyError::Encoding);
        check(&pem::encode("ENCRYPTED SIGSTORE PRIVATE KEY", b"0"), damaged);
    }
}
