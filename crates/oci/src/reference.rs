//! What people type to name an image: registry, repository, and a tag or a digest.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::digest::{Digest, DigestError};
use crate::name::{NameError, RepositoryName, Tag, TagError, Target};

/// The registry of a name that begins with none, as every client has it.
pub const DEFAULT_REGISTRY: &str = "index.docker.io";
/// What that registry puts in front of a name without a slash.
const DEFAULT_NAMESPACE: &str = "library";
/// The tag of a name without tag and digest.
const DEFAULT_TAG: &str = "latest";

/// Why a text does not name an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// What stands behind the `@`.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// What stands between registry and tag.
    #[error(transparent)]
    Name(#[from] NameError),
    /// What stands in front of the first slash.
    #[error("a registry is written HOST or HOST:PORT")]
    Registry,
    /// What stands behind the last colon.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// A URL.
    #[error("an image is named without a scheme such as https://")]
    Scheme,
}

/// `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`, with Docker's defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: RepositoryName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl Reference {
    /// `HOST` or `HOST:PORT`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry.
    #[must_use]
    pub const fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The tag, where one was typed, or where nothing was and `latest` is meant.
    #[must_use]
    pub const fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, where one was typed.
    #[must_use]
    pub const fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Which manifest is meant. A digest wins: what is named by both is what it says it is.
    #[must_use]
    pub fn target(&self) -> Target {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Target::Digest(digest.clone()),
            (None, Some(tag)) => Target::Tag(tag.clone()),
            // Reading fills the default in, so that there is always one of them.
            (None, None) => Target::Tag(default_tag()),
        }
    }

    /// `HOST/NAME`: what cosign calls the image's identity.
    #[must_use]
    pub fn context(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository, and the manifest with this digest.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), tag: None, ..self.clone() }
    }

    /// The same repository, and whatever this tag leads to.
    #[must_use]
    pub fn with_tag(&self, tag: Tag) -> Self {
        Self { digest: None, tag: Some(tag), ..self.clone() }
    }

    /// Another repository of the same registry, with nothing chosen in it.
    #[must_use]
    pub fn with_repository(&self, repository: RepositoryName) -> Self {
        Self { repository, tag: Some(default_tag()), digest: None, ..self.clone() }
    }

    /// Whether clients speak plain HTTP to this registry unasked.
    ///
    /// go-containerregistry's rule: this machine, names below `.local` and `.localhost`, and
    /// private addresses (RFC 1918).
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        let host = host_of(&self.registry);
        let last_label = host.rsplit('.').next().unwrap_or_default();
        let is_local = |name: &str| last_label.eq_ignore_ascii_case(name);
        if is_local("localhost") || (is_local("local") && host.contains('.')) {
            return true;
        }
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            return address.is_loopback() || address.is_private();
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        literal.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains("://") {
            return Err(ReferenceError::Scheme);
        }
        let (text, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse()?)),
            None => (text, None),
        };
        let (registry, rest) = split_registry(text)?;
        // A registry's port is gone, so the only colon left is a tag's.
        let (name, tag) = match rest.split_once(':') {
            Some((name, tag)) => (name, Some(tag.parse()?)),
            None => (rest, None),
        };
        let repository = if registry == DEFAULT_REGISTRY && !name.contains('/') {
            format!("{DEFAULT_NAMESPACE}/{name}").parse()?
        } else {
            name.parse()?
        };
        let tag = tag.or_else(|| digest.is_none().then(default_tag));
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }
}

/// As go-containerregistry's `Name()`: of tag and digest the digest is shown.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match self.target() {
            Target::Digest(digest) => write!(f, "@{digest}"),
            Target::Tag(tag) => write!(f, ":{tag}"),
        }
    }
}

fn default_tag() -> Tag {
    DEFAULT_TAG.parse().expect("the default tag is a tag")
}

/// What stands in front of the first slash is a registry if it looks like a host: Docker's rule.
fn split_registry(text: &str) -> Result<(&str, &str), ReferenceError> {
    let Some((first, rest)) = text.split_once('/') else {
        return Ok((DEFAULT_REGISTRY, text));
    };
    if !(first.contains(['.', ':']) || first == "localhost") {
        return Ok((DEFAULT_REGISTRY, text));
    }
    if !is_host_and_port(first) {
        return Err(ReferenceError::Registry);
    }
    Ok((if first == "docker.io" { DEFAULT_REGISTRY } else { first }, rest))
}

fn is_host_and_port(text: &str) -> bool {
    let host = host_of(text);
    let port = &text[host.len()..];
    let port_is_fine = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
        });
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host_is_fine = match literal {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    port_is_fine && host_is_fine
}

/// RFC 1123, Section 2.1, and underscores, which names of containers have.
fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !label.is_empty()
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Everything but the port.
fn host_of(registry: &str) -> &str {
    let end = match registry.rfind(']') {
        Some(bracket) => bracket + 1,
        None => registry.find(':').unwrap_or(registry.len()),
    };
    &registry[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Reference {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// The right-hand sides are go-containerregistry's `name.ParseReference(…).Name()`.
    #[test]
    fn defaults_are_those_of_other_clients() {
        for (typed, name) in [
            ("alpine", "index.docker.io/library/alpine:latest"),
            ("alpine:3", "index.docker.io/library/alpine:3"),
            ("docker.io/alpine", "index.docker.io/library/alpine:latest"),
            ("you/app", "index.docker.io/you/app:latest"),
            ("localhost:7070/app", "localhost:7070/app:latest"),
            ("localhost:7070/a/b:1h", "localhost:7070/a/b:1h"),
            ("ttl.sh/app:1h", "ttl.sh/app:1h"),
            ("[::1]:80/app", "[::1]:80/app:latest"),
        ] {
            assert_eq!(read(typed).to_string(), name, "{typed}");
        }
    }

    #[test]
    fn a_digest_wins_over_a_tag() {
        let digest = Digest::sha256(b"x");
        let both = read(&format!("localhost:7070/app:1@{digest}"));
        assert_eq!(both.tag().unwrap().as_str(), "1");
        assert_eq!(both.target(), Target::Digest(digest.clone()));
        assert_eq!(both.to_string(), format!("localhost:7070/app@{digest}"));
        assert_eq!(read(&format!("localhost:7070/app@{digest}")).tag(), None);
        assert_eq!(both.context(), "localhost:7070/app");
    }

    #[test]
    fn what_is_shown_reads_back() {
        for typed in ["alpine", "localhost:1/a:b", "[::1]:80/app", "you/app:1"] {
            let reference = read(typed);
            assert_eq!(read(&reference.to_string()), reference);
        }
    }

    #[test]
    fn refuses_what_names_no_image() {
        for (typed, error) in [
            ("", NameError::Grammar.into()),
            ("http://localhost:7070/app", ReferenceError::Scheme),
            ("localhost:x/app", ReferenceError::Registry),
            ("localhost:99999/app", ReferenceError::Registry),
            ("a..b/app", ReferenceError::Registry),
            ("[::g]:1/app", ReferenceError::Registry),
            ("localhost:1/App", NameError::Grammar.into()),
            ("localhost:1/a/../b", NameError::Grammar.into()),
            ("localhost:1/", NameError::Grammar.into()),
            ("localhost:1/app:", TagError.into()),
            ("localhost:1/app:a:b", TagError.into()),
            ("localhost:1/app@sha256:1", DigestError::Encoding.into()),
        ] {
            assert_eq!(typed.parse::<Reference>(), Err(error), "{typed}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_and_private_addresses() {
        for (registry, plain) in [
            ("localhost:7070", true),
            ("localhost", true),
            ("a.localhost:1", true),
            ("printer.local", true),
            ("127.0.0.1:5000", true),
            ("127.9.9.9:1", true),
            ("[::1]:5000", true),
            ("10.0.0.1:5000", true),
            ("192.168.1.1", true),
            ("172.16.0.1:80", true),
            ("172.32.0.1:80", false),
            ("ttl.sh", false),
            ("localhost.example.com:1", false),
            ("[2001:db8::1]:5000", false),
        ] {
            assert_eq!(read(&format!("{registry}/a")).is_plain_http(), plain, "{registry}");
        }
    }
}
