//! The one place where a refusal meets a status and a code.
//!
//! OCI distribution specification, "Error Codes": `{"errors":[{"code","message","detail"}]}`. The codes
//! beyond the specification's are those of the reference implementation (`UNKNOWN`, `RANGE_INVALID`,
//! `TAG_INVALID`, `PAGINATION_NUMBER_INVALID`).

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lite_oci::{Digest, ManifestError};
use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::store::is_full;

/// Missing digests that an answer lists, at most.
const MAX_LISTED: usize = 100;

impl Refusal {
    /// The status and the code.
    #[must_use]
    pub fn status(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::BlobNamed | Self::ManifestNamed | Self::Method => {
                (S::METHOD_NOT_ALLOWED, "UNSUPPORTED")
            }
            Self::BlobTooLarge => (S::PAYLOAD_TOO_LARGE, "SIZE_INVALID"),
            Self::BlobUnknown => (S::NOT_FOUND, "BLOB_UNKNOWN"),
            Self::Denied => (S::FORBIDDEN, "DENIED"),
            Self::Digest(_) | Self::DigestMissing | Self::DigestMismatch => {
                (S::BAD_REQUEST, "DIGEST_INVALID")
            }
            Self::Disk(error) if is_full(error) => (S::INSUFFICIENT_STORAGE, "UNKNOWN"),
            Self::Disk(_) => (S::INTERNAL_SERVER_ERROR, "UNKNOWN"),
            Self::ManifestBlobUnknown(_) => (S::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN"),
            Self::Manifest(ManifestError::TooLarge) => (S::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID"),
            Self::Manifest(_) | Self::ManifestType | Self::ManifestSize(_) => {
                (S::BAD_REQUEST, "MANIFEST_INVALID")
            }
            Self::ManifestUnknown => (S::NOT_FOUND, "MANIFEST_UNKNOWN"),
            Self::Name(_) => (S::BAD_REQUEST, "NAME_INVALID"),
            Self::NameUnknown => (S::NOT_FOUND, "NAME_UNKNOWN"),
            Self::PageSize => (S::BAD_REQUEST, "PAGINATION_NUMBER_INVALID"),
            Self::Precondition => (S::PRECONDITION_FAILED, "DENIED"),
            Self::RangeOutside(_) => (S::RANGE_NOT_SATISFIABLE, "RANGE_INVALID"),
            Self::Tag(_) => (S::BAD_REQUEST, "TAG_INVALID"),
            Self::TooManyTags => (S::URI_TOO_LONG, "TAG_INVALID"),
            Self::TooManyUploads => (S::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
            Self::Unauthorized => (S::UNAUTHORIZED, "UNAUTHORIZED"),
            Self::UploadBroken(_) | Self::UploadRange => (S::BAD_REQUEST, "BLOB_UPLOAD_INVALID"),
            Self::UploadOutOfOrder(_) => (S::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID"),
            Self::UploadSize => (S::BAD_REQUEST, "SIZE_INVALID"),
            Self::UploadUnknown => (S::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
        }
    }

    /// What the client may read; the cause of our own failures is in the log.
    fn message(&self) -> String {
        match self {
            Self::Disk(error) if is_full(error) => "the registry's disk is full".to_owned(),
            _ => self.to_string(),
        }
    }

    fn errors(&self, code: &str) -> Vec<Value> {
        let message = self.message();
        let error = |detail: Value| json!({ "code": code, "message": message, "detail": detail });
        let digest = |digest: &Digest| error(json!({ "digest": digest }));
        match self {
            Self::ManifestBlobUnknown(missing) => {
                missing.iter().take(MAX_LISTED).map(digest).collect()
            }
            Self::ManifestSize(one) => vec![digest(one)],
            _ => vec![error(Value::Null)],
        }
    }

    fn headers(&self) -> HeaderMap {
        let header = match self {
            Self::RangeOutside(size) => Some((CONTENT_RANGE, format!("bytes */{size}"))),
            Self::UploadOutOfOrder(length) => {
                Some((RANGE, super::content_range::stands_at(*length)))
            }
            Self::TooManyUploads => Some((RETRY_AFTER, "5".to_owned())),
            Self::Disk(_) => Some((RETRY_AFTER, "30".to_owned())),
            _ => None,
        };
        header_map(header)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "a request was not served");
        }
        let body = json!({ "errors": self.errors(code) }).to_string();
        let mut headers = self.headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        (status, headers, body).into_response()
    }
}

/// Headers from values that hold nothing but visible characters.
pub(crate) fn header_map(headers: impl IntoIterator<Item = (HeaderName, String)>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        // What a manifest of a stranger puts into its media type may be no header.
        if let Ok(value) = HeaderValue::try_from(value) {
            map.append(name, value);
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_full_disk_is_told_and_another_trouble_of_the_disk_is_not() {
        for (kind, status, message) in [
            (ErrorKind::StorageFull, 507, "the registry's disk is full"),
            (ErrorKind::QuotaExceeded, 507, "the registry's disk is full"),
            (ErrorKind::PermissionDenied, 500, "the registry's disk refuses"),
        ] {
            let refusal = Refusal::Disk(Error::new(kind, "/secret/path"));
            assert_eq!(refusal.message(), message);
            let response = refusal.into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[RETRY_AFTER], "30");
        }
    }
}
