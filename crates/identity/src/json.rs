//! JSON from strangers: one value, no name twice in an object, a limit on its size.
//!
//! RFC 7519, Section 4 lets a parser take the last of two equal names. Two parsers that choose
//! differently see two identities in one token, so here the second name is a refusal.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};

/// Why bytes are not the JSON that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// A name stands twice in one object.
    #[error("a name stands twice in one JSON object")]
    DuplicateName,
    /// A field is missing or has another type.
    #[error("a JSON field is missing or of another type")]
    Shape,
    /// Not JSON, more than one value, or nested too deeply.
    #[error("not one JSON value")]
    Syntax,
    /// More bytes than the limit.
    #[error("JSON text is too large")]
    TooLarge,
}

/// Reads one JSON value of at most `limit` bytes. Nesting ends at 128, `serde_json`'s own limit.
pub fn parse(bytes: &[u8], limit: usize) -> Result<Value, JsonError> {
    if bytes.len() > limit {
        return Err(JsonError::TooLarge);
    }
    let mut duplicate = false;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = Strict(&mut duplicate).deserialize(&mut deserializer);
    let parsed = parsed.and_then(|value| deserializer.end().map(|()| value));
    match parsed {
        Ok(value) => Ok(value),
        Err(_) if duplicate => Err(JsonError::DuplicateName),
        Err(_) => Err(JsonError::Syntax),
    }
}

/// Reads one JSON value as [`parse`] does, and gives it a type.
pub fn parse_as<T: DeserializeOwned>(bytes: &[u8], limit: usize) -> Result<T, JsonError> {
    serde_json::from_value(parse(bytes, limit)?).map_err(|_| JsonError::Shape)
}

/// Builds a [`Value`] and notes a second name.
struct Strict<'a>(&'a mut bool);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Strict(self.0))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if object.contains_key(&name) {
                *self.0 = true;
                return Err(A::Error::custom("a name stands twice"));
            }
            let value = map.next_value_seed(Strict(self.0))?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn reject(text: &str, why: JsonError) {
        assert_eq!(parse(text.as_bytes(), 1024), Err(why), "{text}");
    }

    #[test]
    fn reads_what_serde_json_reads() {
        let text = r#"{"a":[1,-2,3.5,true,null,"x"],"b":{"c":{}}}"#;
        let expected = json!({"a":[1,-2,3.5,true,null,"x"],"b":{"c":{}}});
        assert_eq!(parse(text.as_bytes(), 1024), Ok(expected));
    }

    #[test]
    fn refuses_a_second_name_at_any_depth() {
        reject(r#"{"a":1,"a":1}"#, JsonError::DuplicateName);
        reject(r#"{"x":[{"a":1,"\u0061":2}]}"#, JsonError::DuplicateName);
    }

    #[test]
    fn refuses_what_is_not_one_value_within_limits() {
        for text in ["", "{", "{}{}", "{} x", "{a:1}", "\u{feff}{}", "[1,]", "nul"] {
            reject(text, JsonError::Syntax);
        }
        reject(&"[".repeat(500), JsonError::Syntax);
        reject(&" ".repeat(1025), JsonError::TooLarge);
    }
}
