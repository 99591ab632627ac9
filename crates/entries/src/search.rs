//! The words of a search: digests, keys and identities.

use std::fmt;

use lite_keys::HashAlgorithm;

use crate::ssh::SshKey;
use crate::verifier::Verifier;

/// The longest identity that is a search key, in bytes, as upstream's query has it.
const MAX_IDENTITY: usize = 512;

/// What entries are found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SearchKey {
    /// A digest: of the artifact, of a payload, of an envelope, of an in-toto subject.
    Digest {
        /// Its algorithm.
        algorithm: HashAlgorithm,
        /// Lower-case hex, twice as long as [`HashAlgorithm::size`].
        hex: String,
    },
    /// Who signed, in lower case: an alternative name of a certificate.
    Identity(String),
    /// SHA-256 of the signer's key, certificate or chain in canonical form: PEM, or for OpenSSH's
    /// keys the line without its comment.
    Key([u8; 32]),
    /// A SHA-1 digest, 40 characters of lower-case hex: a commit among the materials of a provenance.
    Sha1(String),
}

impl SearchKey {
    /// The key of a digest.
    #[must_use]
    pub fn digest(algorithm: HashAlgorithm, digest: &[u8]) -> Self {
        Self::Digest { algorithm, hex: hex::encode(digest) }
    }

    /// The key of an alternative name.
    #[must_use]
    pub fn identity(name: &str) -> Self {
        Self::Identity(name.to_lowercase())
    }

    /// The key of a hash as a query writes it: `sha256:` and hex, or hex alone, whose length then
    /// names the algorithm. `None`: no such hash.
    #[must_use]
    pub fn of_hash(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        match text.split_once(':') {
            Some((algorithm, hex)) => Self::named_digest(algorithm, hex),
            None => ["sha1", "sha256", "sha384", "sha512"]
                .into_iter()
                .find_map(|algorithm| Self::named_digest(algorithm, &text)),
        }
    }

    /// The key of a digest of this algorithm in hex; `None` for other algorithms and lengths.
    pub(crate) fn named_digest(algorithm: &str, hex: &str) -> Option<Self> {
        if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let hex = hex.to_ascii_lowercase();
        if algorithm.eq_ignore_ascii_case("sha1") {
            return (hex.len() == 40).then_some(Self::Sha1(hex));
        }
        HashAlgorithm::ALL
            .into_iter()
            .find(|hash| hash.short_name().eq_ignore_ascii_case(algorithm))
            .filter(|hash| hex.len() == 2 * hash.size())
            .map(|algorithm| Self::Digest { algorithm, hex })
    }

    /// The key of a signer's canonical form.
    pub(crate) fn of_canonical_key(canonical: &[u8]) -> Self {
        let digest = HashAlgorithm::Sha256.digest(canonical);
        Self::Key(digest.try_into().unwrap_or_default())
    }

    /// Whether an index should hold it: no name is longer than a query can ask for.
    pub(crate) fn can_be_asked_for(&self) -> bool {
        !matches!(self, Self::Identity(name) if name.is_empty() || name.len() > MAX_IDENTITY)
    }

    /// The key as few bytes: one that says what it is, then the digest or the name. Keys of a kind
    /// stand together, and no key is the beginning of another but among names.
    ///
    /// A [`SearchKey::Digest`] whose `hex` is not hex gives bytes that [`SearchKey::parse`] refuses.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let raw = |hex: &str| hex::decode(hex).unwrap_or_default();
        let (tag, content) = match self {
            Self::Digest { algorithm, hex } => (digest_tag(*algorithm), raw(hex)),
            Self::Identity(name) => (IDENTITY, name.as_bytes().to_vec()),
            Self::Key(digest) => (KEY, digest.to_vec()),
            Self::Sha1(hex) => (SHA1, raw(hex)),
        };
        let mut bytes = Vec::with_capacity(1 + content.len());
        bytes.push(tag);
        bytes.extend(content);
        bytes
    }

    /// Reads what [`SearchKey::to_bytes`] wrote.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (tag, content) = bytes.split_first()?;
        match *tag {
            IDENTITY => String::from_utf8(content.to_vec()).ok().map(Self::Identity),
            KEY => content.try_into().ok().map(Self::Key),
            SHA1 => (content.len() == 20).then(|| Self::Sha1(hex::encode(content))),
            tag => HashAlgorithm::ALL
                .into_iter()
                .find(|hash| digest_tag(*hash) == tag && hash.size() == content.len())
                .map(|hash| Self::digest(hash, content)),
        }
    }
}

// What the first byte of a key says.
const IDENTITY: u8 = b'i';
const KEY: u8 = b'k';
const SHA1: u8 = b'1';

const fn digest_tag(algorithm: HashAlgorithm) -> u8 {
    match algorithm {
        HashAlgorithm::Sha256 => b'2',
        HashAlgorithm::Sha384 => b'3',
        HashAlgorithm::Sha512 => b'5',
    }
}

/// For people and logs: `sha256:<hex>`, `key:<hex>`, `identity:<name>`.
impl fmt::Display for SearchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest { algorithm, hex } => write!(f, "{}:{hex}", algorithm.short_name()),
            Self::Identity(name) => write!(f, "identity:{name}"),
            Self::Key(digest) => write!(f, "key:{}", hex::encode(digest)),
            Self::Sha1(hex) => write!(f, "sha1:{hex}"),
        }
    }
}

/// The search key of a public key, a certificate or a chain in PEM (`format` `x509`): SHA-256 of its
/// canonical PEM. `None`: it is none.
#[must_use]
pub fn key_of_pem(pem: &[u8]) -> Option<SearchKey> {
    let verifier = Verifier::parse(pem).ok()?;
    Some(SearchKey::of_canonical_key(verifier.canonical().as_bytes()))
}

/// The search key of a public key as OpenSSH writes it (`format` `ssh`), one line with or without
/// a comment. `None`: it is none.
#[must_use]
pub fn key_of_ssh(line: &[u8]) -> Option<SearchKey> {
    let key = SshKey::parse_line(line).ok()?;
    Some(SearchKey::of_canonical_key(key.canonical().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_lead_back() {
        for key in [
            SearchKey::digest(HashAlgorithm::Sha256, &[0xab; 32]),
            SearchKey::digest(HashAlgorithm::Sha384, &[0xab; 48]),
            SearchKey::digest(HashAlgorithm::Sha512, &[0xab; 64]),
            SearchKey::identity("Jane@Example.com"),
            SearchKey::identity("https://example.com/\u{c4}"),
            SearchKey::Key([7; 32]),
            SearchKey::Sha1("ab".repeat(20)),
        ] {
            assert_eq!(SearchKey::parse(&key.to_bytes()), Some(key));
        }
        for bytes in [&b""[..], b"k", b"2abc", b"x", b"1", b"i\xff"] {
            assert_eq!(SearchKey::parse(bytes), None);
        }
        let not_hex = SearchKey::Digest { algorithm: HashAlgorithm::Sha256, hex: "x".to_owned() };
        assert_eq!(SearchKey::parse(&not_hex.to_bytes()), None);
    }

    #[test]
    fn a_hash_is_read_with_and_without_its_algorithm() {
        let digest = SearchKey::digest(HashAlgorithm::Sha256, &[0xab; 32]);
        for text in [
            "AB".repeat(32),
            format!("sha256:{}", "ab".repeat(32)),
            format!("SHA256:{}", "Ab".repeat(32)),
        ] {
            assert_eq!(SearchKey::of_hash(&text), Some(digest.clone()), "{text}");
        }
        assert_eq!(SearchKey::of_hash(&"ab".repeat(20)), Some(SearchKey::Sha1("ab".repeat(20))));
        for text in ["", "sha256:", "sha256:ab", "sha1:zz", "md5:ab"] {
            assert_eq!(SearchKey::of_hash(text), None, "{text}");
        }
    }
}
