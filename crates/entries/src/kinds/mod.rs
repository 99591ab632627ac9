//! One file a kind: what is sent, what is checked, what is written.

pub(crate) mod dsse;
pub(crate) mod hashedrekord;
pub(crate) mod intoto;
pub(crate) mod rekord;
pub(crate) mod rfc3161;

use lite_keys::HashAlgorithm;
use serde::Deserialize;

use crate::json::Text;
use crate::{Refusal, SearchKey};

/// `{"algorithm":"sha256","value":"<hex>"}`.
#[derive(Debug, Deserialize)]
pub(crate) struct WireHash<'a> {
    #[serde(borrow, default)]
    algorithm: Option<Text<'a>>,
    #[serde(borrow, default)]
    value: Option<Text<'a>>,
}

/// `{"content":"<base64>"}`. There was an address, too, before upstream stopped fetching.
#[derive(Debug, Deserialize)]
pub(crate) struct WireContent<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
}

/// A digest as an entry writes it.
#[derive(Debug)]
pub(crate) struct Hash<'a> {
    algorithm: HashAlgorithm,
    /// Hex in the letters of the client, which the leaf keeps.
    value: Text<'a>,
    digest: Vec<u8>,
}

impl<'a> WireHash<'a> {
    /// Reads a hash of one of these algorithms; `all` are their names, for the message.
    fn read(
        self,
        member: &'static str,
        allowed: &[HashAlgorithm],
        all: &'static str,
    ) -> Result<Hash<'a>, Refusal> {
        let algorithm = self.algorithm.ok_or(Refusal::Missing(member))?;
        let value = self.value.ok_or(Refusal::Missing(member))?;
        let algorithm = allowed
            .iter()
            .copied()
            .find(|hash| hash.short_name() == &*algorithm)
            .ok_or(Refusal::HashAlgorithm(member, all))?;
        match hex::decode(value.as_bytes()) {
            Ok(digest) if digest.len() == algorithm.size() => Ok(Hash { algorithm, value, digest }),
            _ => Err(Refusal::HashValue),
        }
    }

    /// Reads a hash that is SHA-256, as all are that a log computes.
    fn read_sha256(self, member: &'static str) -> Result<Hash<'a>, Refusal> {
        self.read(member, &[HashAlgorithm::Sha256], "sha256")
    }
}

impl Hash<'_> {
    fn canonical(&self) -> String {
        // Hex and a name: nothing that JSON escapes.
        format!(r#"{{"algorithm":"{}","value":"{}"}}"#, self.algorithm.short_name(), &*self.value)
    }

    fn search_key(&self) -> SearchKey {
        SearchKey::digest(self.algorithm, &self.digest)
    }
}

/// A SHA-256 digest that the log computed, as a leaf writes it.
fn sha256_of(data: &[u8]) -> String {
    let digest = hex::encode(HashAlgorithm::Sha256.digest(data));
    format!(r#"{{"algorithm":"sha256","value":"{digest}"}}"#)
}

/// The content of a member, unless it is empty or not there.
fn given(text: Option<Text<'_>>) -> Option<Text<'_>> {
    text.filter(|text| !text.is_empty())
}
