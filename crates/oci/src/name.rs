//! Names of repositories and tags, and what stands behind `/manifests/`.

use std::fmt;
use std::str::FromStr;

use crate::digest::{Digest, DigestError};

/// Longest name that is read; the specification recommends registries to stay below 255 with host.
const MAX_NAME: usize = 255;
/// Longest tag.
const MAX_TAG: usize = 128;

/// Why a text is not the name of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// A character or a sequence of separators that names do not have.
    #[error(
        "a repository name has lower-case letters, digits and single separators (. _ __ -) \
         between them, in parts separated by /"
    )]
    Grammar,
    /// Longer than 255 characters.
    #[error("a repository name has at most 255 characters")]
    TooLong,
}

/// Why a text is not a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tag has 1 to 128 letters, digits, _ . -, and does not begin with . or -")]
pub struct TagError;

/// Why a text is neither a tag nor a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It has a colon, as only digests have, and is none.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// It has none, and is no tag.
    #[error(transparent)]
    Tag(#[from] TagError),
}

/// The name of a repository within its registry.
///
/// OCI distribution specification, "Pulling manifests": `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, parts
/// separated by `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(String);

impl RepositoryName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RepositoryName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        if text.split('/').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Grammar)
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Alphanumeric runs, with one allowed separator between any two.
fn is_part(part: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut rest = part;
    loop {
        let word = rest.trim_start_matches(is_alphanumeric);
        if word.len() == rest.len() {
            return false;
        }
        if word.is_empty() {
            return true;
        }
        rest = word.trim_start_matches(|c: char| !is_alphanumeric(c));
        let separator = &word[..word.len() - rest.len()];
        let allowed =
            matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-');
        if !allowed {
            return false;
        }
    }
}

/// A name that moves: it leads to whatever was pushed under it last.
///
/// OCI distribution specification, "Pulling manifests": `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

impl Tag {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let valid = text.len() <= MAX_TAG
            && text.bytes().all(inner)
            && !text.is_empty()
            && !text.starts_with(['.', '-']);
        if valid { Ok(Self(text.to_owned())) } else { Err(TagError) }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which manifest of a repository is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The one with these very bytes.
    Digest(Digest),
    /// The one that the tag leads to now.
    Tag(Tag),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A tag has no colon, and every digest has one.
        Ok(if text.contains(':') { Self::Digest(text.parse()?) } else { Self::Tag(text.parse()?) })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => digest.fmt(f),
            Self::Tag(tag) => tag.fmt(f),
        }
    }
}

impl From<Digest> for Target {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

impl From<Tag> for Target {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar_of_the_specification() {
        for good in ["a", "alpine", "library/alpine", "a.b/c_d/e__f/g-h/i---j", "0/1/2"] {
            assert_eq!(good.parse::<RepositoryName>().unwrap().as_str(), good);
        }
        for bad in [
            "", "/", "a/", "/a", "a//b", "A", "a..b", "a___b", "a._b", "-a", "a-", ".a", "a.",
            "..", "a/../b", "a b", "a%2fb", "a\\b", "a\0", "ä", "a_", "_a", "a-_b",
        ] {
            assert_eq!(bad.parse::<RepositoryName>(), Err(NameError::Grammar), "{bad}");
        }
        assert!("a".repeat(255).parse::<RepositoryName>().is_ok());
        assert_eq!("a".repeat(256).parse::<RepositoryName>(), Err(NameError::TooLong));
    }

    #[test]
    fn tags_follow_the_grammar_of_the_specification() {
        for good in ["latest", "1h", "_", "v1.2.3-rc.1", "A", &"a".repeat(128)] {
            assert_eq!(good.parse::<Tag>().unwrap().as_str(), good);
        }
        for bad in ["", ".a", "-a", "a b", "a/b", "a:b", "ä", "..", &"a".repeat(129)] {
            assert_eq!(bad.parse::<Tag>(), Err(TagError), "{bad}");
        }
    }

    #[test]
    fn a_target_is_a_digest_or_a_tag() {
        let digest = Digest::sha256(b"x");
        assert_eq!(digest.as_str().parse(), Ok(Target::Digest(digest)));
        assert!(matches!("latest".parse(), Ok(Target::Tag(_))));
        assert_eq!("sha256:x".parse::<Target>(), Err(DigestError::Encoding.into()));
    }
}
