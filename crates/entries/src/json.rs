//! JSON as clients of Rekor v1 send it.
//!
//! Members that nobody knows are passed over, `null` is "not there", as upstream has both. Stricter
//! than upstream: a member twice, a member in other letters, a list where an object belongs, and
//! anything behind the object are refused, because which one counts must not depend on the reader.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use lite_bundle::JsonError;
pub(crate) use lite_bundle::Object;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::Refusal;

/// A string that is borrowed from the input where it holds no escapes.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The body of an entry; its head was read before.
#[derive(Deserialize)]
struct Entry<Spec> {
    spec: Object<Spec>,
}

/// The body of an entry.
pub(crate) fn spec<'a, Spec: Deserialize<'a>>(entry: &'a [u8]) -> Result<Spec, Refusal> {
    object::<Entry<Spec>>(entry).map(|entry| entry.spec.0).map_err(Refusal::Json)
}

/// One object, and nothing behind it.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, JsonError> {
    serde_json::from_slice::<Object<T>>(text).map(|object| object.0).map_err(JsonError::from)
}

/// A list of which at most `N` members are kept, so that a long one costs no memory.
#[derive(Debug)]
pub(crate) struct Limited<T, const N: usize> {
    pub(crate) items: Vec<T>,
    /// There were more than `N`.
    pub(crate) overflow: bool,
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Limited<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T, const N: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Items<T, N> {
            type Value = Limited<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Limited { items: Vec::new(), overflow: false };
                while list.items.len() < N {
                    match seq.next_element()? {
                        Some(item) => list.items.push(item),
                        None => return Ok(list),
                    }
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    list.overflow = true;
                }
                Ok(list)
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// Bytes in base64: standard alphabet, padded, no stray bits. Line breaks are passed over, as Go's
/// decoder does.
pub(crate) fn base64(text: &str, member: &'static str) -> Result<Vec<u8>, Refusal> {
    decode(text).ok_or(Refusal::Base64(member))
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(is_break) {
        let joined: Vec<u8> = text.bytes().filter(|byte| !is_break(*byte)).collect();
        STANDARD.decode(joined).ok()
    } else {
        STANDARD.decode(text).ok()
    }
}

/// Base64 inside an envelope: DSSE allows both alphabets.
pub(crate) fn either_base64(text: &str, member: &'static str) -> Result<Vec<u8>, Refusal> {
    decode(text).or_else(|| URL_SAFE.decode(text).ok()).ok_or(Refusal::Base64(member))
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// A string as RFC 8785, Section 3.2.2.2 writes it, with its quotation marks.
pub(crate) fn quoted(text: &str) -> String {
    // A string always serialises; and serde escapes just what RFC 8785 wants escaped.
    serde_json::to_string(text).unwrap_or_default()
}
