//! cosign's encrypted private keys: a key that a password opens.
//!
//! ```text
//! -----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----     (before cosign 2: ENCRYPTED COSIGN PRIVATE KEY)
//! base64 of {"kdf":    {"name": "scrypt", "params": {"N": 65536, "r": 8, "p": 1}, "salt": base64},
//!            "cipher": {"name": "nacl/secretbox", "nonce": base64 of 24 bytes},
//!            "ciphertext": base64 of tag and PKCS#8}
//! ```
//!
//! The format is `go-securesystemslib:encrypted/encrypted.go`'s.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{SigningKey, pem};

/// Why an encrypted private key does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedKeyError {
    /// The cipher is none that we know: cosign's is `nacl/secretbox`.
    #[error("the private key is encrypted with a cipher that is not supported")]
    Cipher,
    /// It opened, and what is inside is no private key of a kind that Sigstore uses.
    #[error("what the password opened is not a private key that is supported")]
    Content,
    /// The text around the ciphertext is damaged.
    #[error("the encrypted private key is damaged")]
    Encoding,
    /// The function that makes a key of a password is none that we know: cosign's is `scrypt`.
    #[error("the password is turned into a key in a way that is not supported")]
    Kdf,
    /// The cost of that function is not one of those that are accepted: it decides how much memory
    /// and time the password costs, and whoever wrote the file chose it.
    #[error("the parameters of the password's function are not supported")]
    Parameters,
    /// Another password, or a ciphertext that was changed: the two cannot be told apart.
    #[error("the password does not open the private key")]
    Password,
}

/// A private key that a password opens, of cosign's making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    costs: Costs,
    salt: Vec<u8>,
    nonce: [u8; NONCE_BYTES],
    ciphertext: Vec<u8>,
}

/// What cosign has written since version 2.
const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
/// What cosign wrote before.
const OLD_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";

const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";
const NONCE_BYTES: usize = 24;
const SALT_BYTES: usize = 32;
const KEY_BYTES: usize = 32;

impl SealedKey {
    /// Whether a PEM block of this label holds such a key.
    pub(crate) fn has_label(label: &str) -> bool {
        matches!(label, LABEL | OLD_LABEL)
    }

    /// Reads the content of a PEM block that [`SealedKey::has_label`] knows.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, SealedKeyError> {
        let wire: Wire = serde_json::from_slice(json).map_err(|_| SealedKeyError::Encoding)?;
        if wire.kdf.name != KDF {
            return Err(SealedKeyError::Kdf);
        }
        if wire.cipher.name != CIPHER {
            return Err(SealedKeyError::Cipher);
        }
        if !Costs::ACCEPTED.contains(&wire.kdf.params) {
            return Err(SealedKeyError::Parameters);
        }
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| SealedKeyError::Encoding);
        let nonce = decode(&wire.cipher.nonce)?;
        Ok(Self {
            costs: wire.kdf.params,
            salt: decode(&wire.kdf.salt)?,
            nonce: nonce.try_into().map_err(|_| SealedKeyError::Encoding)?,
            ciphertext: decode(&wire.ciphertext)?,
        })
    }

    /// Closes a key with a password, which may be empty, as cosign does.
    ///
    /// `random` fills what must never be the same twice, salt and nonce; use
    /// [`fill_random`](crate::fill_random) outside of tests. Takes 64 MiB of memory and about a
    /// fifth of a second: that is what makes guessing dear.
    ///
    /// # Panics
    /// When memory runs out.
    #[must_use]
    pub fn seal(key: &SigningKey, password: &[u8], random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut salt = vec![0; SALT_BYTES];
        random(&mut salt);
        let mut nonce = [0; NONCE_BYTES];
        random(&mut nonce);
        let cipher = cipher(password, &salt, Costs::WRITTEN)
            .expect("the parameters are constants that the function accepts");
        let ciphertext = cipher
            .encrypt(&nonce.into(), key.to_pkcs8_der().as_slice())
            .expect("a private key is shorter than the cipher's limit");
        Self { costs: Costs::WRITTEN, salt, nonce, ciphertext }
    }

    /// Opens the key. Costs what [`SealedKey::seal`] costs, at most twice that.
    pub fn open(&self, password: &[u8]) -> Result<SigningKey, SealedKeyError> {
        let plaintext = cipher(password, &self.salt, self.costs)?
            .decrypt(&self.nonce.into(), self.ciphertext.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| SealedKeyError::Password)?;
        SigningKey::from_pkcs8_der(&plaintext).map_err(|_| SealedKeyError::Content)
    }

    /// The key as cosign writes it to `cosign.key`, with a newline at the end.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let wire = Wire {
            kdf: Kdf {
                name: KDF.to_owned(),
                params: self.costs,
                salt: STANDARD.encode(&self.salt),
            },
            cipher: Cipher { name: CIPHER.to_owned(), nonce: STANDARD.encode(self.nonce) },
            ciphertext: STANDARD.encode(&self.ciphertext),
        };
        // Serialising strings and numbers into memory cannot fail.
        pem::encode(LABEL, &serde_json::to_vec(&wire).unwrap_or_default())
    }
}

/// The cipher under the key that the password makes.
fn cipher(password: &[u8], salt: &[u8], costs: Costs) -> Result<XSalsa20Poly1305, SealedKeyError> {
    let parameters = costs.parameters().ok_or(SealedKeyError::Parameters)?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    scrypt::scrypt(password, salt, &parameters, key.as_mut_slice())
        .map_err(|_| SealedKeyError::Parameters)?;
    XSalsa20Poly1305::new_from_slice(key.as_slice()).map_err(|_| SealedKeyError::Parameters)
}

/// What a guess at the password costs: `N`, `r` and `p` of RFC 7914, Section 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Costs {
    #[serde(rename = "N")]
    n: u32,
    r: u32,
    p: u32,
}

impl Costs {
    /// Those that go-securesystemslib opens: of old, of today, and OWASP's.
    const ACCEPTED: [Self; 3] = [Self::of(1 << 15), Self::of(1 << 16), Self::of(1 << 17)];
    /// That with which cosign writes.
    const WRITTEN: Self = Self::of(1 << 16);

    const fn of(n: u32) -> Self {
        Self { n, r: 8, p: 1 }
    }

    fn parameters(self) -> Option<scrypt::Params> {
        let log_n = u8::try_from(self.n.checked_ilog2()?).ok()?;
        scrypt::Params::new(log_n, self.r, self.p).ok()
    }
}

#[derive(Deserialize, Serialize)]
struct Wire {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize, Serialize)]
struct Kdf {
    name: String,
    params: Costs,
    salt: String,
}

#[derive(Deserialize, Serialize)]
struct Cipher {
    name: String,
    nonce: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyKind, PrivateKeyFile};

    /// Made with `echo pw | cosign generate-key-pair` (3.1.1), which takes the line's end into the
    /// password.
    const COSIGN: &str = include_str!("../tests/vectors/cosign.key");
    const COSIGN_PUB: &str = include_str!("../tests/vectors/cosign.pub");
    const COSIGN_PASSWORD: &[u8] = b"pw\n";

    fn sealed(pem: &str) -> Result<SealedKey, SealedKeyError> {
        SealedKey::parse(&pem::decode(pem).unwrap().1)
    }

    /// The key of cosign's with one piece of its JSON replaced.
    fn altered(old: &str, new: &str) -> Result<SealedKey, SealedKeyError> {
        let json = String::from_utf8(pem::decode(COSIGN).unwrap().1).unwrap();
        assert!(json.contains(old), "{old}");
        SealedKey::parse(json.replacen(old, new, 1).as_bytes())
    }

    #[test]
    fn a_key_of_cosigns_opens() {
        let key = sealed(COSIGN).unwrap().open(COSIGN_PASSWORD).unwrap();
        assert_eq!(key.public().to_pem(), COSIGN_PUB);
        // Since cosign 2 the label is another one; the content is the same.
        let old = COSIGN.replace(LABEL, OLD_LABEL);
        assert!(matches!(PrivateKeyFile::parse(&old), Ok(PrivateKeyFile::Sealed(_))));
    }

    #[test]
    fn what_is_sealed_opens_again_and_with_its_password_only() {
        let key = SigningKey::generate(KeyKind::EcdsaP256);
        let mut counter = 0;
        let sealed_key = SealedKey::seal(&key, b"", &mut |bytes| {
            counter += 1;
            bytes.fill(counter);
        });
        assert_eq!((sealed_key.salt.as_slice(), sealed_key.nonce), ([1; 32].as_slice(), [2; 24]));
        assert_eq!(sealed(&sealed_key.to_pem()), Ok(sealed_key.clone()));
        assert_eq!(sealed_key.open(b"").unwrap().public(), key.public());
        assert_eq!(sealed_key.open(b" ").unwrap_err(), SealedKeyError::Password);
    }

    #[test]
    fn every_member_that_is_not_cosigns_is_refused_by_its_word() {
        #[track_caller]
        fn check(old: &str, new: &str, error: SealedKeyError) {
            assert_eq!(altered(old, new).unwrap_err(), error, "{new}");
        }
        check("\"scrypt\"", "\"pbkdf2\"", SealedKeyError::Kdf);
        check("nacl/secretbox", "aes-gcm", SealedKeyError::Cipher);
        check("65536", "16384", SealedKeyError::Parameters);
        check("65536", "1048576", SealedKeyError::Parameters);
        check("65536", "-1", SealedKeyError::Encoding);
        check("\"r\":8", "\"r\":16", SealedKeyError::Parameters);
        check("\"p\":1", "\"p\":2", SealedKeyError::Parameters);
        check("\"nonce\":\"", "\"nonce\":\"AAAA", SealedKeyError::Encoding);
        check("\"salt\":\"", "\"salt\":\"*", SealedKeyError::Encoding);
        check("\"ciphertext\"", "\"text\"", SealedKeyError::Encoding);
        assert_eq!(SealedKey::parse(b"").unwrap_err(), SealedKeyError::Encoding);
    }

    #[test]
    fn a_changed_ciphertext_does_not_open() {
        let mut key = sealed(COSIGN).unwrap();
        key.ciphertext[20] ^= 1;
        assert_eq!(key.open(COSIGN_PASSWORD).unwrap_err(), SealedKeyError::Password);
        key.ciphertext.truncate(5);
        assert_eq!(key.open(COSIGN_PASSWORD).unwrap_err(), SealedKeyError::Password);
    }
}
