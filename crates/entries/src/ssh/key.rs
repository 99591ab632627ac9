//! Public keys: RFC 4253, Section 6.6; RFC 5656, Section 3.1; RFC 8709, Section 4.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{KeyKind, PublicKey};
use lite_pki::pem;

use super::SshError;
use super::wire::{Reader, der_integers};

/// The longest text of a key, in bytes, as upstream.
const MAX_LINE: usize = 65_536;

/// A public key of OpenSSH's.
#[derive(Debug)]
pub(crate) struct SshKey {
    name: &'static str,
    blob: Vec<u8>,
    key: PublicKey,
}

/// Types of keys that verify here.
const NAMES: [&str; 5] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

impl SshKey {
    /// Reads a line `type base64 [comment]`, the first that is neither empty nor a remark.
    pub(crate) fn parse_line(text: &[u8]) -> Result<Self, SshError> {
        if text.len() > MAX_LINE {
            return Err(SshError::KeyLine);
        }
        let text = std::str::from_utf8(text).map_err(|_| SshError::KeyLine)?;
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        let mut words = line.ok_or(SshError::KeyLine)?.split_ascii_whitespace();
        let (Some(name), Some(blob)) = (words.next(), words.next()) else {
            return Err(SshError::KeyLine);
        };
        let key = Self::parse(&STANDARD.decode(blob).map_err(|_| SshError::KeyLine)?)?;
        if key.name == name { Ok(key) } else { Err(SshError::KeyLine) }
    }

    /// Reads a key's bytes.
    fn parse(blob: &[u8]) -> Result<Self, SshError> {
        let mut reader = Reader(blob);
        let name = reader.string()?;
        let name = NAMES.into_iter().find(|known| known.as_bytes() == name);
        let name = name.ok_or(SshError::Algorithm)?;
        let key = match name.strip_prefix("ecdsa-sha2-") {
            Some(curve) => ecdsa(&mut reader, curve)?,
            None if name == "ssh-rsa" => rsa(&mut reader)?,
            None => {
                let raw = reader.string()?.try_into().map_err(|_| SshError::Encoding)?;
                PublicKey::from_raw_ed25519(raw)
            }
        };
        reader.end()?;
        Ok(Self { name, blob: blob.to_vec(), key: key.map_err(SshError::KeyValue)? })
    }

    /// The bytes, as a signature names its key.
    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The key itself.
    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The line without its comment, with a line feed at the end.
    pub(crate) fn canonical(&self) -> String {
        format!("{} {}\n", self.name, STANDARD.encode(&self.blob))
    }
}

type Parsed = Result<Result<PublicKey, lite_keys::KeyError>, SshError>;

fn ecdsa(reader: &mut Reader<'_>, curve: &str) -> Parsed {
    if reader.string()? != curve.as_bytes() {
        return Err(SshError::Encoding);
    }
    let (kind, prefix) = match curve {
        "nistp256" => (KeyKind::EcdsaP256, &P256_SPKI[..]),
        "nistp384" => (KeyKind::EcdsaP384, &P384_SPKI[..]),
        _ => (KeyKind::EcdsaP521, &P521_SPKI[..]),
    };
    let key = PublicKey::from_spki_der(&[prefix, reader.string()?].concat());
    debug_assert!(key.as_ref().is_ok_and(|key| key.kind() == kind) || key.is_err());
    Ok(key)
}

fn rsa(reader: &mut Reader<'_>) -> Parsed {
    let exponent = reader.positive()?;
    let modulus = reader.positive()?;
    let pkcs1 = der_integers(modulus, exponent);
    Ok(PublicKey::from_pem(&pem::encode("RSA PUBLIC KEY", &pkcs1)))
}

// RFC 5480, Section 2: what stands before an uncompressed point in a `SubjectPublicKeyInfo`. The
// lengths are of whole points, so a point of another length is refused as malformed.
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P384_SPKI: [u8; 23] = [
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
];
const P521_SPKI: [u8; 25] = [
    0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05,
    0x2b, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00,
];
