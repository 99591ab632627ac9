//! Digests: the names of content that never move.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha512};

/// The algorithms that the image specification registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DigestAlgorithm {
    /// SHA-256, which everyone must understand.
    Sha256,
    /// SHA-512, which everyone may understand.
    Sha512,
}

impl DigestAlgorithm {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// The name in front of the colon.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits stand behind the colon.
    #[must_use]
    pub const fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// Why a text is not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// An algorithm other than SHA-256 and SHA-512.
    #[error("the digest's algorithm is neither sha256 nor sha512")]
    Algorithm,
    /// Not lower-case hexadecimal of the algorithm's length.
    #[error("the digest is not lower-case hexadecimal of the right length")]
    Encoding,
    /// No colon between algorithm and value.
    #[error("a digest is written ALGORITHM:HEX")]
    Shape,
}

/// `ALGORITHM:HEX`, in the one spelling there is.
///
/// OCI image specification, descriptor.md, "Digests": the encoded part of the registered
/// algorithms matches `[a-f0-9]{64}` and `[a-f0-9]{128}`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    text: String,
    algorithm: DigestAlgorithm,
}

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(algorithm: DigestAlgorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The SHA-256 digest of `bytes`.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::of(DigestAlgorithm::Sha256, bytes)
    }

    /// Which algorithm made it.
    #[must_use]
    pub const fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The part behind the colon.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm.as_str().len() + 1..]
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is the digest of `bytes`.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *self == Self::of(self.algorithm, bytes)
    }

    fn from_parts(algorithm: DigestAlgorithm, hex: &str) -> Self {
        Self { text: format!("{}:{hex}", algorithm.as_str()), algorithm }
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, hex) = text.split_once(':').ok_or(DigestError::Shape)?;
        let algorithm = DigestAlgorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or(DigestError::Algorithm)?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != algorithm.hex_len() || !hex.bytes().all(is_hex) {
            return Err(DigestError::Encoding);
        }
        Ok(Self::from_parts(algorithm, hex))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes a digest of content that comes in pieces.
#[derive(Clone, Debug)]
pub struct Hasher(State);

#[derive(Clone, Debug)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// Of nothing yet.
    #[must_use]
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        Self(match algorithm {
            DigestAlgorithm::Sha256 => State::Sha256(Sha256::new()),
            DigestAlgorithm::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// The next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> Digest {
        let (algorithm, hex) = match self.0 {
            State::Sha256(state) => (DigestAlgorithm::Sha256, hex::encode(state.finalize())),
            State::Sha512(state) => (DigestAlgorithm::Sha512, hex::encode(state.finalize())),
        };
        Digest::from_parts(algorithm, &hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf abc | sha256sum`, `printf abc | sha512sum`.
    #[test]
    fn a_digest_is_what_other_tools_compute() {
        assert_eq!(
            Digest::sha256(b"abc").as_str(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let long = Digest::of(DigestAlgorithm::Sha512, b"abc");
        assert!(long.as_str().starts_with("sha512:ddaf35a193617abacc417349ae204131"));
        assert_eq!(long.hex().len(), 128);
        assert!(long.matches(b"abc") && !long.matches(b"abd"));
    }

    #[test]
    fn pieces_make_the_same_digest() {
        let mut hasher = Hasher::new(DigestAlgorithm::Sha256);
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), Digest::sha256(b"abc"));
    }

    #[test]
    fn a_digest_has_one_spelling() {
        let good = Digest::sha256(b"");
        assert_eq!(good.to_string().parse::<Digest>().unwrap(), good);
        let hex = good.hex();
        for (text, error) in [
            (hex.to_owned(), DigestError::Shape),
            (format!("md5:{hex}"), DigestError::Algorithm),
            (format!("SHA256:{hex}"), DigestError::Algorithm),
            (format!("sha256:{}", hex.to_uppercase()), DigestError::Encoding),
            (format!("sha256:{}", &hex[1..]), DigestError::Encoding),
            (format!("sha512:{hex}"), DigestError::Encoding),
            (format!("sha256:../{}", &hex[3..]), DigestError::Encoding),
            (format!("sha256: {}", &hex[1..]), DigestError::Encoding),
        ] {
            assert_eq!(text.parse::<Digest>(), Err(error), "{text}");
        }
    }
}
