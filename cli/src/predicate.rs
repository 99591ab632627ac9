//! What a statement says about an artifact: predicate types by cosign's short names, and
//! predicates as cosign builds them.

use lite_bundle::{Statement, Subject};
use lite_time::Time;
use serde_json::{Value, json};

use crate::artifact::ArtifactDigest;
use crate::failure::{Failure, Outcome};

/// cosign's short names (`pkg/cosign/attestation`), and the URIs they stand for.
const TYPES: [(&str, &str); 10] = [
    ("custom", CUSTOM),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("link", "https://in-toto.io/Link/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
];

/// The type of a predicate that says nothing about itself.
const CUSTOM: &str = "https://cosign.sigstore.dev/attestation/v1";

/// The URI of a predicate type: a short name's, or the URI itself.
pub(crate) fn type_uri(name: &str) -> Outcome<&str> {
    if let Some((_, uri)) = TYPES.iter().find(|(short, _)| *short == name) {
        return Ok(uri);
    }
    if name.contains(':') {
        return Ok(name);
    }
    let known: Vec<&str> = TYPES.iter().map(|(short, _)| *short).collect();
    Err(Failure::usage(format!("not a predicate type: {name}"))
        .note("expected", format!("a URI, or one of {}", known.join(", "))))
}

/// The statement that says `predicate` about an artifact.
pub(crate) fn statement(
    kind: &str,
    predicate: &[u8],
    subject: &str,
    digest: &ArtifactDigest,
    now: Time,
) -> Outcome<Vec<u8>> {
    let uri = type_uri(kind)?;
    let predicate = match (kind, uri) {
        // cosign wraps what has no type of its own, and policies written for it look inside.
        (_, CUSTOM) => json!({ "Data": text(predicate)?, "Timestamp": now.to_rfc3339() }),
        // SPDX in its own notation is a text.
        ("spdx", _) if serde_json::from_slice::<Value>(predicate).is_err() => {
            json!(text(predicate)?)
        }
        _ => object(predicate)?,
    };
    let statement = Statement {
        subjects: vec![Subject::new(subject, digest.algorithm, &digest.bytes)],
        predicate_type: uri.to_owned(),
    };
    Ok(statement.to_payload(&predicate))
}

/// A whole statement, as `--statement` brings it; its bytes are signed as they are.
pub(crate) fn whole(statement: Vec<u8>) -> Outcome<Vec<u8>> {
    match Statement::parse(&statement) {
        Ok(_) => Ok(statement),
        Err(error) => {
            Err(Failure::usage("--statement is not an in-toto statement").because(&error))
        }
    }
}

fn object(predicate: &[u8]) -> Outcome<Value> {
    match serde_json::from_slice(predicate) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Failure::usage("the predicate is not a JSON object")),
        Err(error) => Err(Failure::usage("the predicate is not JSON").because(&error)),
    }
}

fn text(predicate: &[u8]) -> Outcome<&str> {
    std::str::from_utf8(predicate)
        .map_err(|error| Failure::usage("the predicate is not text").because(&error))
}

#[cfg(test)]
mod tests {
    use lite_keys::HashAlgorithm;

    use super::*;

    fn made(kind: &str, predicate: &str) -> Outcome<Value> {
        let digest = ArtifactDigest {
            algorithm: HashAlgorithm::Sha256,
            bytes: HashAlgorithm::Sha256.digest(b"a"),
        };
        let bytes = statement(kind, predicate.as_bytes(), "a.txt", &digest, Time::from_secs(0))?;
        Ok(serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn a_statement_names_its_subject_by_digest() {
        let made = made("slsaprovenance1", r#"{"buildDefinition":{}}"#).unwrap();
        assert_eq!(made["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(made["predicateType"], "https://slsa.dev/provenance/v1");
        assert_eq!(made["subject"][0]["name"], "a.txt");
        let digest = hex::encode(HashAlgorithm::Sha256.digest(b"a"));
        assert_eq!(made["subject"][0]["digest"]["sha256"], digest);
        assert_eq!(made["predicate"], json!({"buildDefinition": {}}));
    }

    #[test]
    fn a_custom_predicate_is_wrapped_as_cosign_wraps_it() {
        let made = made("custom", "anything").unwrap();
        let wrapped = json!({"Data": "anything", "Timestamp": "1970-01-01T00:00:00Z"});
        assert_eq!(made["predicate"], wrapped);
        assert_eq!(made["predicateType"], CUSTOM);
    }

    #[test]
    fn a_predicate_of_a_known_type_must_be_an_object() {
        for predicate in ["[]", "7", "not json"] {
            assert!(made("cyclonedx", predicate).is_err(), "{predicate}");
        }
        assert_eq!(
            made("spdx", "SPDXVersion: SPDX-2.3").unwrap()["predicate"],
            "SPDXVersion: SPDX-2.3"
        );
    }

    #[test]
    fn a_type_is_a_short_name_or_a_uri() {
        assert_eq!(type_uri("https://example.org/x").unwrap(), "https://example.org/x");
        let failure = type_uri("sbom").unwrap_err();
        assert!(failure.notes[0].1.contains("cyclonedx"));
    }
}
