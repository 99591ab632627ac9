//! The body of `POST /api/v2/log/entries`, read as proto-JSON reads it.
//!
//! Lenient where clients rely on it: names in camel case or as in the `.proto` file, Base64 of
//! either alphabet, enumerations by name or number, `null` for what is not there. Strict where
//! protobuf-go is: unknown members, a member twice, two members of one `oneof`, a list where an
//! object belongs, anything after the object.

use std::fmt;

use lite_bundle::Object;
use lite_http::rpc::Base64Bytes;
use lite_keys::KeyDetails;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// `dev.sigstore.rekor.v2.CreateEntryRequest`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateEntryRequest {
    #[serde(alias = "hashed_rekord_request_v002")]
    pub(crate) hashed_rekord_request_v002: Option<Object<HashedRekordRequest>>,
    #[serde(alias = "dsse_request_v002")]
    pub(crate) dsse_request_v002: Option<Object<DsseRequest>>,
}

/// `HashedRekordRequestV002`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HashedRekordRequest {
    pub(crate) digest: Option<Base64Bytes>,
    pub(crate) signature: Option<Object<Signature>>,
}

/// `Signature`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Signature {
    pub(crate) content: Option<Base64Bytes>,
    pub(crate) verifier: Option<Object<Verifier>>,
}

/// `Verifier`: a key or a certificate, and what kind of key it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Verifier {
    #[serde(alias = "public_key")]
    pub(crate) public_key: Option<Object<RawBytes>>,
    #[serde(alias = "x509_certificate")]
    pub(crate) x509_certificate: Option<Object<RawBytes>>,
    #[serde(alias = "key_details")]
    pub(crate) key_details: Option<Details>,
}

/// `PublicKey` and `X509Certificate`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawBytes {
    #[serde(alias = "raw_bytes")]
    pub(crate) raw_bytes: Option<Base64Bytes>,
}

/// `DSSERequestV002`: what clients sent until 2026, and some still do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DsseRequest {
    pub(crate) envelope: Option<Object<Envelope>>,
    pub(crate) verifiers: Option<Vec<Object<Verifier>>>,
}

/// `io.intoto.Envelope`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Envelope {
    pub(crate) payload: Option<Base64Bytes>,
    #[serde(alias = "payload_type")]
    pub(crate) payload_type: Option<String>,
    pub(crate) signatures: Option<Vec<Object<EnvelopeSignature>>>,
}

/// `io.intoto.Signature`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvelopeSignature {
    pub(crate) sig: Option<Base64Bytes>,
    /// A hint that nothing authenticates.
    #[serde(rename = "keyid")]
    pub(crate) _keyid: Option<String>,
}

/// Reads the body; an empty one is an empty request, as grpc-gateway has it.
pub(crate) fn parse(body: &[u8]) -> Result<CreateEntryRequest, serde_json::Error> {
    if body.is_empty() {
        return Ok(CreateEntryRequest {
            hashed_rekord_request_v002: None,
            dsse_request_v002: None,
        });
    }
    let request: CreateEntryRequest =
        serde_json::from_slice::<Object<_>>(body).map(|object| object.0)?;
    if request.hashed_rekord_request_v002.is_some() && request.dsse_request_v002.is_some() {
        return Err(serde_json::Error::custom("oneof spec is already set"));
    }
    Ok(request)
}

/// `PublicKeyDetails`, by name or by number; `None` when it names no key of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Details(pub(crate) Option<KeyDetails>);

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrNumber;
        impl Visitor<'_> for NameOrNumber {
            type Value = Details;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name or number of a PublicKeyDetails")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Details, E> {
                Ok(Details(KeyDetails::from_name(name)))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Details, E> {
                Ok(Details(KeyDetails::from_number(number)))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Details, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Details, E> {
                // Proto-JSON takes `5.0` and `5e0` for 5.
                let whole = KeyDetails::ALL
                    .into_iter()
                    .find(|details| f64::from(details.number()).total_cmp(&number).is_eq());
                Ok(Details(whole))
            }
        }
        deserializer.deserialize_any(NameOrNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<KeyDetails>) {
        let details: Details = serde_json::from_str(json).unwrap();
        assert_eq!(details.0, expected, "{json}");
    }

    #[test]
    fn key_details_are_read_by_name_or_number() {
        let p256 = Some(KeyDetails::EcdsaP256Sha256);
        for json in [r#""PKIX_ECDSA_P256_SHA_256""#, "5", "5.0", "5e0"] {
            check(json, p256);
        }
        for json in ["0", "-1", "999", "5.5", "5000000000", r#""PKIX_RSA_PSS""#, r#""5""#] {
            check(json, None);
        }
        for json in ["true", "[]", "{}", "["] {
            serde_json::from_str::<Details>(json).unwrap_err();
        }
    }
}
