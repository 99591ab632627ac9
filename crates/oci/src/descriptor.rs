//! Descriptors: what some content is, how long, and its digest.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Free text by key, such as `org.opencontainers.image.created`.
pub type Annotations = BTreeMap<String, String>;

/// Content as something else names it (OCI image specification, descriptor.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Where else it can be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub urls: Vec<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_default")]
    pub annotations: Annotations,
    /// The content itself in base64, where it is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What the manifest behind it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Which machines the manifest behind it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

impl Descriptor {
    /// A descriptor that says no more than it must.
    #[must_use]
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            urls: Vec::new(),
            annotations: Annotations::new(),
            data: None,
            artifact_type: None,
            platform: None,
        }
    }

    /// The descriptor of these bytes, by SHA-256.
    #[must_use]
    pub fn of(media_type: impl Into<String>, bytes: &[u8]) -> Self {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self::new(media_type, Digest::sha256(bytes), size)
    }
}

/// Go writes `null` for an empty list or map that it does not leave out.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Which machines an image runs on (OCI image specification, image-index.md).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `amd64`, `arm64`, …
    pub architecture: String,
    /// `linux`, `windows`, …
    pub os: String,
    /// The system's version, for Windows.
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Features that the system must have, for Windows.
    #[serde(
        rename = "os.features",
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "or_default"
    )]
    pub os_features: Vec<String>,
    /// `v7`, `v8`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Why a text names no platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a platform is written OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, as linux/amd64")]
pub struct PlatformError;

impl Platform {
    /// Whether an image for `self` is what somebody who asks for `wanted` means: a variant that is
    /// not asked for does not matter.
    #[must_use]
    pub fn satisfies(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || wanted.variant == self.variant)
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return Err(PlatformError),
        };
        let is_word = |word: &str| {
            let inner =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            !word.is_empty() && word.bytes().all(inner)
        };
        if !parts.iter().all(|part| is_word(part)) {
            return Err(PlatformError);
        }
        Ok(Self {
            architecture: architecture.to_owned(),
            os: os.to_owned(),
            variant: variant.map(str::to_owned),
            ..Self::default()
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_read_as_they_are_written() {
        for text in ["linux/amd64", "linux/arm/v7", "windows/amd64"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        for text in ["linux", "linux/", "/amd64", "a/b/c/d", "linux/am d64", ""] {
            assert_eq!(text.parse::<Platform>(), Err(PlatformError), "{text}");
        }
    }

    #[test]
    fn a_variant_matters_only_when_it_is_asked_for() {
        let read = |text: &str| text.parse::<Platform>().unwrap();
        assert!(read("linux/arm64/v8").satisfies(&read("linux/arm64")));
        assert!(read("linux/arm/v7").satisfies(&read("linux/arm/v7")));
        assert!(!read("linux/arm/v6").satisfies(&read("linux/arm/v7")));
        assert!(!read("linux/arm64").satisfies(&read("linux/amd64")));
    }

    #[test]
    fn what_go_writes_for_nothing_is_nothing() {
        let digest = Digest::sha256(b"");
        let json = format!(
            r#"{{"mediaType":"a/b","digest":"{digest}","size":0,"urls":null,"annotations":null}}"#
        );
        let read: Descriptor = serde_json::from_str(&json).unwrap();
        assert_eq!(read, Descriptor::new("a/b", digest, 0));
        assert!(!serde_json::to_string(&read).unwrap().contains("null"));
    }

    #[test]
    fn a_negative_size_and_a_wrong_digest_are_refused() {
        let digest = Digest::sha256(b"");
        for json in [
            format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":-1}}"#),
            r#"{"mediaType":"a/b","digest":"sha256:../../x","size":1}"#.to_owned(),
            format!(r#"{{"digest":"{digest}","size":1}}"#),
        ] {
            assert!(serde_json::from_str::<Descriptor>(&json).is_err(), "{json}");
        }
    }
}
