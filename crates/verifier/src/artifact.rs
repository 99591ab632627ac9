//! What was signed, as its bytes or as its digests.

use std::fmt;
use std::sync::OnceLock;

use lite_keys::HashAlgorithm;

/// What was signed: its bytes, or digests of it that the caller vouches for.
#[derive(Default)]
pub struct Artifact<'a> {
    /// What it is called, for the words of a refusal.
    name: Option<String>,
    bytes: Option<&'a [u8]>,
    /// By algorithm. Several steps ask for the same one, and an artifact may be large.
    digests: [OnceLock<Vec<u8>>; HashAlgorithm::ALL.len()],
}

impl<'a> Artifact<'a> {
    /// The artifact itself.
    #[must_use]
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        Self { bytes: Some(bytes), ..Self::default() }
    }

    /// Digests of the artifact. Large files are read once, into all the digests that keys may ask
    /// for; a digest of another length than its algorithm's is passed over, and so is a second one
    /// of the same algorithm.
    #[must_use]
    pub fn of_digests(digests: impl IntoIterator<Item = (HashAlgorithm, Vec<u8>)>) -> Self {
        let artifact = Self::default();
        for (hash, digest) in digests {
            if digest.len() == hash.size() {
                artifact.cell(hash).get_or_init(|| digest);
            }
        }
        artifact
    }

    /// The artifact whose SHA-256 digest is this.
    #[must_use]
    pub fn of_sha256(digest: [u8; 32]) -> Self {
        Self::of_digests([(HashAlgorithm::Sha256, digest.to_vec())])
    }

    /// Reads `sha256:` and 64 hex digits, or the same with `sha384` and `sha512`.
    #[must_use]
    pub fn parse_digest(text: &str) -> Option<Self> {
        let (name, digest) = text.split_once(':')?;
        let hash = HashAlgorithm::ALL.into_iter().find(|hash| hash.short_name() == name)?;
        let digest = hex::decode(digest).ok().filter(|digest| digest.len() == hash.size())?;
        Some(Self::of_digests([(hash, digest)]))
    }

    /// The same under a name. No verdict depends on it: a refusal tells by it which subject of an
    /// attestation was probably meant.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// What it is called.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The bytes, where they are at hand.
    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        self.bytes
    }

    /// The digest with this algorithm, where it is known or can be computed.
    pub(crate) fn digest(&self, hash: HashAlgorithm) -> Option<&[u8]> {
        let cell = self.cell(hash);
        let digest = match self.bytes {
            Some(bytes) => Some(cell.get_or_init(|| hash.digest(bytes))),
            None => cell.get(),
        };
        digest.map(Vec::as_slice)
    }

    fn cell(&self, hash: HashAlgorithm) -> &OnceLock<Vec<u8>> {
        let [sha256, sha384, sha512] = &self.digests;
        match hash {
            HashAlgorithm::Sha256 => sha256,
            HashAlgorithm::Sha384 => sha384,
            HashAlgorithm::Sha512 => sha512,
        }
    }

    /// The digest a person would compare: SHA-256 where there is one.
    pub(crate) fn shown(&self) -> String {
        let digest =
            HashAlgorithm::ALL.into_iter().find_map(|hash| Some((hash, self.digest(hash)?)));
        digest.map_or_else(String::new, |(hash, digest)| {
            format!("{}:{}", hash.short_name(), hex::encode(digest))
        })
    }
}

impl fmt::Debug for Artifact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Artifact({})", self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_digest_of_its_length_only() {
        let digest = "a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";
        let artifact = Artifact::parse_digest(&format!("sha256:{digest}")).unwrap();
        assert_eq!(hex::encode(artifact.digest(HashAlgorithm::Sha256).unwrap()), digest);
        assert_eq!(artifact.digest(HashAlgorithm::Sha512), None);
        for text in ["", "sha256:", "sha256:00", "md5:00", digest] {
            assert!(Artifact::parse_digest(text).is_none(), "{text}");
        }
        assert!(Artifact::parse_digest(&format!("sha512:{digest}")).is_none());
    }
}
