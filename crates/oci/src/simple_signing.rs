//! What a signature of cosign's older format is over: "simple signing".

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::digest::Digest;

/// Longest payload that is read.
const MAX_BYTES: usize = 1 << 20;

/// The type that cosign writes.
const TYPE: &str = "cosign container image signature";
/// The types that cosign reads: podman and others sign as "atomic".
const KNOWN_TYPES: [&str; 2] = [TYPE, "atomic container signature"];

/// Why bytes are not such a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimpleSigningError {
    /// Not JSON of that shape, or longer than 1 MiB.
    #[error("the signed payload is not a simple-signing document")]
    Malformed,
    /// Another type of document.
    #[error("the signed payload is of an unknown type")]
    UnknownType,
}

/// A claim: this repository's image has this digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleSigning {
    /// `HOST/NAME` as the signer typed it.
    pub docker_reference: String,
    /// The digest of the signed manifest.
    pub digest: Digest,
    /// What else the signer says (`-a key=value`); cosign writes `null` for nothing.
    pub optional: Option<Map<String, Value>>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    critical: Critical,
    optional: Option<Map<String, Value>>,
}

/// The order of the members is that of cosign's bytes.
#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    docker_reference: String,
}

#[derive(Serialize, Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: Digest,
}

impl SimpleSigning {
    /// Reads the signed bytes.
    pub fn parse(payload: &[u8]) -> Result<Self, SimpleSigningError> {
        if payload.len() > MAX_BYTES {
            return Err(SimpleSigningError::Malformed);
        }
        let document: Document =
            serde_json::from_slice(payload).map_err(|_| SimpleSigningError::Malformed)?;
        if !KNOWN_TYPES.contains(&document.critical.kind.as_str()) {
            return Err(SimpleSigningError::UnknownType);
        }
        Ok(Self {
            docker_reference: document.critical.identity.docker_reference,
            digest: document.critical.image.digest,
            optional: document.optional,
        })
    }

    /// The bytes to sign, as cosign writes them.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let document = Document {
            critical: Critical {
                identity: Identity { docker_reference: self.docker_reference.clone() },
                image: Image { digest: self.digest.clone() },
                kind: TYPE.to_owned(),
            },
            optional: self.optional.clone(),
        };
        // Strings and maps always serialise.
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// cosign's `specs/SIGNATURE_SPEC.md` has the members in this order.
    #[test]
    fn the_payload_is_cosigns() {
        let digest = Digest::sha256(b"abc");
        let claim = SimpleSigning {
            docker_reference: "localhost:7070/app".to_owned(),
            digest: digest.clone(),
            optional: None,
        };
        let expected = format!(
            "{{\"critical\":{{\"identity\":{{\"docker-reference\":\"localhost:7070/app\"}},\
             \"image\":{{\"docker-manifest-digest\":\"{digest}\"}},\
             \"type\":\"cosign container image signature\"}},\"optional\":null}}"
        );
        assert_eq!(String::from_utf8(claim.to_payload()).unwrap(), expected);
        assert_eq!(SimpleSigning::parse(expected.as_bytes()), Ok(claim));
    }

    #[test]
    fn refuses_what_claims_nothing_about_an_image() {
        let digest = Digest::sha256(b"abc");
        let other = format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"a"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"other"}},"optional":null}}"#
        );
        assert_eq!(SimpleSigning::parse(other.as_bytes()), Err(SimpleSigningError::UnknownType));
        for text in ["", "{}", "null", r#"{"critical":{}}"#] {
            let error = SimpleSigning::parse(text.as_bytes());
            assert_eq!(error, Err(SimpleSigningError::Malformed), "{text}");
        }
        let long = vec![b' '; MAX_BYTES + 1];
        assert_eq!(SimpleSigning::parse(&long), Err(SimpleSigningError::Malformed));
    }
}
