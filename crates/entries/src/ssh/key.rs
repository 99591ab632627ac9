//! Public keys: RFC 4253, Section 6.6; RFC 5656, Section 3.1; RFC 8709, Section 4.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{KeyError, PublicKey};
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

type Parsed = Result<Result<PublicKey, KeyError>, SshError>;

fn ecdsa(reader: &mut Reader<'_>, curve: &str) -> Parsed {
    if reader.string()? != curve.as_bytes() {
        return Err(SshError::Encoding);
    }
    let prefix = match curve {
        "nistp256" => &P256_SPKI[..],
        "nistp384" => &P384_SPKI[..],
        _ => &P521_SPKI[..],
    };
    Ok(PublicKey::from_spki_der(&[prefix, reader.string()?].concat()))
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

#[cfg(test)]
mod tests {
    use lite_keys::{KeyKind, SigningKey};

    use super::super::wire::string;
    use super::*;

    fn blob() -> Vec<u8> {
        let key = SigningKey::generate(KeyKind::Ed25519);
        [string(b"ssh-ed25519"), string(&key.public().raw_ed25519().unwrap())].concat()
    }

    fn line(name: &str, blob: &[u8]) -> String {
        format!("{name} {}", STANDARD.encode(blob))
    }

    #[test]
    fn a_key_has_one_canonical_line() {
        let line = line("ssh-ed25519", &blob());
        for text in [
            line.clone(),
            format!("{line} jane@example.com\n"),
            format!("# jane\n\n  {line}\tjane and joe\r\n"),
        ] {
            let key = SshKey::parse_line(text.as_bytes()).unwrap();
            assert_eq!(key.canonical(), format!("{line}\n"));
        }
    }

    #[track_caller]
    fn refuse(text: &str, why: SshError) {
        assert_eq!(SshKey::parse_line(text.as_bytes()).err(), Some(why), "{text}");
    }

    #[test]
    fn refuses_every_second_spelling() {
        let good = blob();
        refuse("", SshError::KeyLine);
        refuse("# remark", SshError::KeyLine);
        refuse("ssh-ed25519", SshError::KeyLine);
        refuse("ssh-ed25519 !", SshError::KeyLine);
        refuse(&line("ssh-rsa", &good), SshError::KeyLine);
        refuse(&line("restrict ssh-ed25519", &good), SshError::KeyLine);
        refuse(&line("ssh-ed25519", &good[..good.len() - 1]), SshError::Encoding);
        refuse(&line("ssh-ed25519", &[good.clone(), vec![0]].concat()), SshError::Encoding);
        refuse(&line("ssh-dss", &string(b"ssh-dss")), SshError::Algorithm);
        let neutral = [string(b"ssh-ed25519"), string(&[&[1][..], &[0; 31]].concat())].concat();
        refuse(&line("ssh-ed25519", &neutral), SshError::KeyValue(KeyError::Value));
        refuse(&" ".repeat(MAX_LINE + 1), SshError::KeyLine);
    }

    #[test]
    fn refuses_curves_and_moduli_that_do_not_fit() {
        let point = SigningKey::generate(KeyKind::EcdsaP256).public().spki_der()[26..].to_vec();
        let ecdsa = |name: &str, curve: &str, point: &[u8]| {
            let parts = [string(name.as_bytes()), string(curve.as_bytes()), string(point)];
            line(name, &parts.concat())
        };
        let good = ecdsa("ecdsa-sha2-nistp256", "nistp256", &point);
        assert!(SshKey::parse_line(good.as_bytes()).is_ok());
        refuse(&ecdsa("ecdsa-sha2-nistp256", "nistp384", &point), SshError::Encoding);
        let short = ecdsa("ecdsa-sha2-nistp384", "nistp384", &point);
        refuse(&short, SshError::KeyValue(KeyError::Encoding));
        let rsa = |exponent: &[u8], modulus: &[u8]| {
            let parts = [string(b"ssh-rsa"), string(exponent), string(modulus)];
            line("ssh-rsa", &parts.concat())
        };
        let modulus = |bytes: usize| [&[0][..], &vec![0xc1; bytes]].concat();
        assert!(SshKey::parse_line(rsa(&[1, 0, 1], &modulus(256)).as_bytes()).is_ok());
        refuse(&rsa(&[1, 0, 1], &modulus(128)), SshError::KeyValue(KeyError::RsaSize));
        refuse(&rsa(&[0, 1, 0, 1], &modulus(256)), SshError::Encoding);
        refuse(&rsa(&[], &modulus(256)), SshError::Encoding);
        refuse(&rsa(&[1, 0, 1], &modulus(256)[1..]), SshError::Encoding);
    }
}
