//! in-toto statements: which artifacts a predicate is about.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use lite_keys::HashAlgorithm;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::Value;

use crate::JsonError;
use crate::encoding::{Limited, Object};

/// The type of a statement of version 1.
pub const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
/// The type of older statements, which are still read.
pub const STATEMENT_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// Most subjects of a statement, as in sigstore-go.
pub const MAX_SUBJECTS: usize = 1024;
/// Most digests of a subject, as in sigstore-go, and most annotations.
pub const MAX_DIGESTS: usize = 32;

/// What a statement says about which artifacts; the predicate itself stays in the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The artifacts.
    pub subjects: Vec<Subject>,
    /// What kind of thing is said about them.
    pub predicate_type: String,
}

/// One artifact of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Its name, not authenticated by anything but the signer's word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Algorithm (`sha256`) to lower-case hex.
    pub digest: BTreeMap<String, String>,
    /// What else the signer says about it, such as cosign's `-a key=value`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Value>,
}

/// Why a payload is not a statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Not JSON, or JSON of another shape.
    #[error("statement does not parse: {0}")]
    Json(#[from] JsonError),
    /// No subject: the statement is about nothing.
    #[error("statement has no subject")]
    NoSubject,
    /// More than [`MAX_DIGESTS`].
    #[error("a subject has more than 32 digests or annotations")]
    TooManyDigests,
    /// More than [`MAX_SUBJECTS`].
    #[error("statement has more than 1024 subjects")]
    TooManySubjects,
    /// `_type` is neither [`STATEMENT_V1`] nor [`STATEMENT_V0_1`].
    #[error("payload is not an in-toto statement of a known version")]
    UnknownType,
}

/// Unknown members are ignored: the in-toto specification asks for it ("Parsing rules").
#[derive(Deserialize)]
struct Read {
    #[serde(rename = "_type")]
    kind: String,
    subject: Limited<ReadSubject, MAX_SUBJECTS>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(rename = "predicate", default)]
    _predicate: IgnoredAny,
}

#[derive(Deserialize)]
struct ReadSubject {
    #[serde(default)]
    name: String,
    digest: Unique<String>,
    #[serde(default)]
    annotations: Option<Unique<Value>>,
}

/// A map that refuses a second value for a key: which one counts must not depend on the reader.
/// More than [`MAX_DIGESTS`] are not kept, as whoever asks for one wants few.
struct Unique<T> {
    values: BTreeMap<String, T>,
    overflow: bool,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Unique<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Pairs<T> {
            type Value = Unique<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("values by distinct keys")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Unique<T>, A::Error> {
                let mut values = BTreeMap::new();
                while values.len() < MAX_DIGESTS {
                    let Some((key, value)) = map.next_entry::<String, T>()? else {
                        return Ok(Unique { values, overflow: false });
                    };
                    if values.insert(key, value).is_some() {
                        return Err(serde::de::Error::custom("a key has two values"));
                    }
                }
                let mut overflow = false;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    overflow = true;
                }
                Ok(Unique { values, overflow })
            }
        }
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

impl Statement {
    /// Reads a payload. Its predicate must be JSON, and is not looked at.
    pub fn parse(payload: &[u8]) -> Result<Self, StatementError> {
        let Object::<Read>(read) = serde_json::from_slice(payload).map_err(JsonError::from)?;
        if read.kind != STATEMENT_V1 && read.kind != STATEMENT_V0_1 {
            return Err(StatementError::UnknownType);
        }
        if read.subject.overflow {
            return Err(StatementError::TooManySubjects);
        }
        if read.subject.is_empty() {
            return Err(StatementError::NoSubject);
        }
        let many = |subject: &ReadSubject| {
            subject.digest.overflow
                || subject.annotations.as_ref().is_some_and(|annotations| annotations.overflow)
        };
        if read.subject.items.iter().any(many) {
            return Err(StatementError::TooManyDigests);
        }
        let subjects = read.subject.items.into_iter();
        Ok(Self {
            subjects: subjects
                .map(|subject| Subject {
                    name: subject.name,
                    digest: subject.digest.values,
                    annotations: subject.annotations.map(|all| all.values).unwrap_or_default(),
                })
                .collect(),
            predicate_type: read.predicate_type,
        })
    }

    /// The bytes of a statement of version 1 that says `predicate` about the subjects.
    #[must_use]
    pub fn to_payload(&self, predicate: &Value) -> Vec<u8> {
        #[derive(Serialize)]
        struct Write<'a> {
            #[serde(rename = "_type")]
            kind: &'static str,
            subject: &'a [Subject],
            #[serde(rename = "predicateType")]
            predicate_type: &'a str,
            predicate: &'a Value,
        }
        let statement = Write {
            kind: STATEMENT_V1,
            subject: &self.subjects,
            predicate_type: &self.predicate_type,
            predicate,
        };
        // Strings, maps with string keys and a JSON value always serialise.
        serde_json::to_vec(&statement).unwrap_or_default()
    }

    /// The first subject that has this digest.
    #[must_use]
    pub fn subject_with(&self, hash: HashAlgorithm, digest: &[u8]) -> Option<&Subject> {
        let digest = hex::encode(digest);
        self.subjects.iter().find(|subject| subject.digest.get(hash.short_name()) == Some(&digest))
    }
}

impl Subject {
    /// A subject with one digest.
    #[must_use]
    pub fn new(name: &str, hash: HashAlgorithm, digest: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            digest: BTreeMap::from([(hash.short_name().to_owned(), hex::encode(digest))]),
            annotations: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuse(payload: &str, expected: &StatementError) {
        assert_eq!(Statement::parse(payload.as_bytes()).as_ref(), Err(expected));
    }

    fn statement(subject: &str) -> String {
        format!(
            r#"{{"_type":"{STATEMENT_V1}","subject":[{subject}],"predicateType":"p","predicate":{{"a":1}}}}"#
        )
    }

    #[test]
    fn writes_what_it_reads() {
        let statement = Statement {
            subjects: vec![Subject::new("a.txt", HashAlgorithm::Sha256, &[0xab; 32])],
            predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
        };
        let payload = statement.to_payload(&serde_json::json!({"builder": {"id": "x"}}));
        assert_eq!(Statement::parse(&payload), Ok(statement.clone()));
        assert!(statement.subject_with(HashAlgorithm::Sha256, &[0xab; 32]).is_some());
        assert!(statement.subject_with(HashAlgorithm::Sha256, &[0xac; 32]).is_none());
        assert!(statement.subject_with(HashAlgorithm::Sha512, &[0xab; 32]).is_none());
        let start = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a.txt","digest":{"sha256":"abab"#;
        assert!(String::from_utf8(payload).unwrap().starts_with(start));
    }

    #[test]
    fn ignores_members_it_does_not_know() {
        let payload =
            statement(r#"{"name":"n","uri":"u","digest":{"sha256":"aa","gitCommit":"bb"}}"#);
        assert_eq!(Statement::parse(payload.as_bytes()).unwrap().subjects[0].digest.len(), 2);
    }

    #[test]
    fn refuses_a_statement_about_nothing() {
        refuse(&statement(""), &StatementError::NoSubject);
    }

    #[test]
    fn refuses_another_type() {
        let payload = statement(r#"{"digest":{}}"#).replace("/v1", "/v2");
        refuse(&payload, &StatementError::UnknownType);
    }

    #[test]
    fn refuses_a_second_value_for_a_member() {
        for payload in [
            statement(r#"{"digest":{"sha256":"aa","sha256":"bb"}}"#),
            statement(r#"{"digest":{"sha256":"aa"},"digest":{"sha256":"bb"}}"#),
            statement(r#"{"digest":{"sha256":"aa"}}"#).replacen('{', r#"{"predicateType":"q","#, 1),
        ] {
            assert!(
                matches!(Statement::parse(payload.as_bytes()), Err(StatementError::Json(_))),
                "{payload}"
            );
        }
    }

    #[test]
    fn counts_subjects_and_digests() {
        let one = r#"{"digest":{"sha256":"aa"}}"#;
        let many = [one; MAX_SUBJECTS].join(",");
        assert!(Statement::parse(statement(&many).as_bytes()).is_ok());
        refuse(&statement(&format!("{many},{one}")), &StatementError::TooManySubjects);
        let digests: Vec<String> = (0..=MAX_DIGESTS).map(|n| format!(r#""h{n}":"aa""#)).collect();
        let subject = format!(r#"{{"digest":{{{}}}}}"#, digests.join(","));
        refuse(&statement(&subject), &StatementError::TooManyDigests);
    }
}
