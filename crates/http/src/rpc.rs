//! The manners of grpc-gateway, which clients of Fulcio and Rekor v2 have learnt.

use std::future::{Ready, ready};

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};

/// `google.rpc.Status` as grpc-gateway renders it: `{"code":N,"message":"…","details":[]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status.
    pub http: StatusCode,
    /// The number of the gRPC code.
    pub code: i32,
    /// What the client may read.
    pub message: String,
}

impl Status {
    /// `INVALID_ARGUMENT`: 400, code 3.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self { http: StatusCode::BAD_REQUEST, code: 3, message: message.into() }
    }

    /// `NOT_FOUND`: 404, code 5.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { http: StatusCode::NOT_FOUND, code: 5, message: message.into() }
    }

    /// `ALREADY_EXISTS`: 409, code 6.
    pub fn already_exists(message: impl Into<String>) -> Self {
        Self { http: StatusCode::CONFLICT, code: 6, message: message.into() }
    }

    /// `UNKNOWN`: 500, code 2.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self { http: StatusCode::INTERNAL_SERVER_ERROR, code: 2, message: message.into() }
    }

    /// `INTERNAL`: 500, code 13.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { http: StatusCode::INTERNAL_SERVER_ERROR, code: 13, message: message.into() }
    }

    /// `UNAVAILABLE`: 503, code 14; the answer carries `Retry-After: 1`.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { http: StatusCode::SERVICE_UNAVAILABLE, code: 14, message: message.into() }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    code: i32,
    message: &'a str,
    details: [(); 0],
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        let body = Body { code: self.code, message: &self.message, details: [] };
        let mut response = (self.http, Json(body)).into_response();
        if self.http == StatusCode::SERVICE_UNAVAILABLE {
            let soon = http::HeaderValue::from_static("1");
            response.headers_mut().insert(http::header::RETRY_AFTER, soon);
        }
        response
    }
}

/// The answer to a known path with a wrong method. Upstream says 501, so we do.
pub fn method_not_allowed() -> Ready<Status> {
    ready(Status {
        http: StatusCode::NOT_IMPLEMENTED,
        code: 12,
        message: "Method Not Allowed".to_owned(),
    })
}

/// The answer to an unknown path.
pub fn not_found() -> Ready<Status> {
    ready(Status::not_found("Not Found"))
}

/// `bytes` of proto-JSON: standard or URL-safe Base64, padded or not; an absent value is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base64Bytes(pub Vec<u8>);

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl Base64Bytes {
    /// Reads either alphabet, with or without padding.
    pub fn decode(text: &str) -> Result<Self, base64::DecodeError> {
        // As protobuf-go does: one look decides which alphabet it is.
        let engine = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
        engine.decode(text).map(Self)
    }
}

impl<'de> Deserialize<'de> for Base64Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Base64Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes in base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Base64Bytes, E> {
                Base64Bytes::decode(text).map_err(|_| E::custom("invalid base64"))
            }

            fn visit_unit<E: serde::de::Error>(self) -> Result<Base64Bytes, E> {
                Ok(Base64Bytes::default())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_either_alphabet_padded_or_not() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(Base64Bytes::decode(text).unwrap().0, [0xfb, 0xff], "{text}");
        }
        for text in ["+_8=", "+/8==", " +/8", "+/8\n", "+/9="] {
            assert!(Base64Bytes::decode(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Base64Bytes>("null").unwrap().0, [0; 0]);
        assert!(serde_json::from_str::<Base64Bytes>("7").is_err());
    }

    #[tokio::test]
    async fn renders_as_grpc_gateway_does() {
        use http_body_util::BodyExt as _;
        let response = method_not_allowed().await.into_response();
        assert_eq!(response.status(), 501);
        assert_eq!(response.headers()["content-type"], "application/json");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"code":12,"message":"Method Not Allowed","details":[]}"#);
    }
}
