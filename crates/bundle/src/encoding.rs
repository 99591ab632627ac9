//! proto-JSON's way of writing bytes, 64-bit integers, times and lists, read strictly.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{
    self, Deserializer, IgnoredAny, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, Serialize, Serializer};

/// Where a text stopped being the JSON that was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct JsonError {
    /// Line of the first wrong byte, counted from 1.
    pub line: usize,
    /// Column of the first wrong byte, counted from 1.
    pub column: usize,
    /// Whether the text is JSON at all; otherwise it is JSON of another shape.
    pub is_json: bool,
    /// The parser's own words, with the position.
    detail: Box<str>,
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
            is_json: error.is_data(),
            detail: error.to_string().into(),
        }
    }
}

/// A string that is borrowed from the input where it holds no escapes.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Text<'_> {
    /// Bytes as proto-JSON writes them: standard alphabet, padded.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        Self(Cow::Owned(STANDARD.encode(bytes)))
    }

    /// The bytes behind the text: standard alphabet, padded, no stray bits. Line breaks are passed
    /// over, as Go's decoder does: people splice timestamps in with `base64`, which breaks lines.
    pub(crate) fn decode(&self, limit: usize) -> Result<Vec<u8>, Base64Problem> {
        // A line break per 64 characters, of two characters at most.
        let longest = limit.div_ceil(3).saturating_mul(4);
        if self.0.len() > longest + longest / 32 + 2 {
            return Err(Base64Problem::TooLong);
        }
        let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let bytes = self.0.as_bytes();
        let decoded = if bytes.iter().any(is_break) {
            let joined: Vec<u8> = bytes.iter().copied().filter(|byte| !is_break(byte)).collect();
            STANDARD.decode(joined)
        } else {
            STANDARD.decode(bytes)
        };
        decoded.map_err(|_| Base64Problem::NotBase64)
    }
}

/// Why [`Text::decode`] refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base64Problem {
    NotBase64,
    TooLong,
}

/// A message of proto-JSON: an object, and nothing else. serde would read a list as the members in
/// their order, and nobody else would.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NotAList(PhantomData))
    }
}

/// A message that may be absent or `null`, for `#[serde(deserialize_with = …)]`.
pub(crate) fn object<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(message)| message))
}

/// Hands on an object or a string.
struct NotAList<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for NotAList<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        T::deserialize(BorrowedStrDeserializer::new(text)).map(Object)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(Object)
    }
}

/// A member of a list: a message, or a string.
struct Item<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NotAList(PhantomData)).map(|Object(item)| Self(item))
    }
}

/// A list of which at most `N` members are kept, so that its length is known before its members
/// cost anything.
#[derive(Debug)]
pub(crate) struct Limited<T, const N: usize> {
    pub(crate) items: Vec<T>,
    /// There were more than `N`.
    pub(crate) overflow: bool,
}

impl<T, const N: usize> Default for Limited<T, N> {
    fn default() -> Self {
        Self { items: Vec::new(), overflow: false }
    }
}

impl<T, const N: usize> From<Vec<T>> for Limited<T, N> {
    fn from(items: Vec<T>) -> Self {
        Self { items, overflow: false }
    }
}

impl<T, const N: usize> Limited<T, N> {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T: Serialize, const N: usize> Serialize for Limited<T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.items.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Limited<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T, const N: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Items<T, N> {
            type Value = Limited<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            // `null` is proto-JSON for "unset".
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Limited::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Limited::default();
                while list.items.len() < N {
                    match seq.next_element()? {
                        Some(Item(item)) => list.items.push(item),
                        None => return Ok(list),
                    }
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    list.overflow = true;
                }
                Ok(list)
            }
        }
        deserializer.deserialize_any(Items(PhantomData))
    }
}

/// `int64`: written as a string, read as a string or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Int64(pub(crate) i64);

impl Int64 {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
    pub(crate) fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl Serialize for Int64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Int64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a 64-bit integer, as a decimal string")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Int64, E> {
                Ok(Int64(0))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Int64, E> {
                Ok(Int64(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Int64, E> {
                i64::try_from(value)
                    .map(Int64)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Int64, E> {
                let number: i64 =
                    text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))?;
                // `+1`, `01` and `-0` are second names of a number.
                if number.to_string() == text {
                    Ok(Int64(number))
                } else {
                    Err(E::invalid_value(de::Unexpected::Str(text), &self))
                }
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// `Vec<u8>` as padded standard base64, for `#[serde(with = …)]`.
pub(crate) mod base64_bytes {
    use super::{Base64Problem, Text};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    /// Longest byte string in a trust document: no key, certificate or PEM file comes near.
    const LIMIT: usize = 1 << 20;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        Text::of_bytes(bytes).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        // Not borrowed: the document may come from a reader or hold escapes (`\/`).
        let text = Text(String::deserialize(deserializer)?.into());
        text.decode(LIMIT).map_err(|problem| {
            de::Error::custom(match problem {
                Base64Problem::NotBase64 => "not base64",
                Base64Problem::TooLong => "more than a mebibyte of base64",
            })
        })
    }
}

/// A list that may be `null`, for `#[serde(deserialize_with = …)]`.
pub(crate) fn list_or_null<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

/// `Option<Time>` as RFC 3339, for `#[serde(with = …)]`.
pub(crate) mod rfc3339 {
    use lite_time::Time;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Time>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(write).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Time>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| Time::parse_rfc3339(&text).map_err(de::Error::custom))
            .transpose()
    }

    /// proto-JSON writes 0 or 3 digits of a fraction; a window's end may carry `.999`.
    fn write(time: Time) -> String {
        let whole = time.to_rfc3339();
        match time.millis().rem_euclid(1000) {
            0 => whole,
            millis => format!("{}.{millis:03}Z", whole.trim_end_matches('Z')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_has_one_spelling() {
        let read = |json: &str| serde_json::from_str::<Int64>(json).map(|n| n.0).ok();
        assert_eq!(read("\"12\""), Some(12));
        assert_eq!(read("12"), Some(12));
        assert_eq!(read("\"-5\""), Some(-5));
        for second in [
            "\"+1\"",
            "\"01\"",
            "\"-0\"",
            "\" 1\"",
            "\"1.0\"",
            "1.0",
            "\"\"",
            "true",
            "\"9223372036854775808\"",
        ] {
            assert_eq!(read(second), None, "{second}");
        }
        assert_eq!(serde_json::to_string(&Int64(7)).unwrap(), "\"7\"");
    }

    #[test]
    fn base64_has_one_alphabet_and_padding() {
        let read = |text: &str| Text(text.into()).decode(100);
        assert_eq!(read("+/8="), Ok(vec![0xfb, 0xff]));
        assert_eq!(read("+/\n8=\r\n"), Ok(vec![0xfb, 0xff]), "lines may break");
        for second in ["-_8=", "+/8", "+/9=", " +/8=", "+/8=\t"] {
            assert_eq!(read(second), Err(Base64Problem::NotBase64), "{second:?}");
        }
    }

    #[test]
    fn base64_is_measured_before_it_is_decoded() {
        let short = Text("A".repeat(400).into());
        assert_eq!(short.decode(300), Ok(vec![0; 300]));
        let long = Text("!".repeat(420).into());
        assert_eq!(long.decode(300), Err(Base64Problem::TooLong));
    }

    #[test]
    fn a_long_list_is_counted_and_not_kept() {
        let check = |json: &str, items: &[&str], overflow: bool| {
            let list: Limited<String, 2> = serde_json::from_str(json).unwrap();
            assert_eq!(
                (list.items, list.overflow),
                (items.iter().map(|i| (*i).into()).collect(), overflow)
            );
        };
        check(r#"["1","2","3","4"]"#, &["1", "2"], true);
        check(r#"["1","2"]"#, &["1", "2"], false);
        check("null", &[], false);
    }
}
