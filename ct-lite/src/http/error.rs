//! The only place where a refusal meets a status code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use lite_http::standalone::chain;
use lite_store::{AppendError, ReadError};

use crate::error::SubmitError;
use crate::hashes::FindError;

/// An answer that is not 200, in plain text as CT logs give it.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
}

impl ApiError {
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.into() }
    }

    /// Our fault: a status for the client, the cause for the log.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = chain(error), "a request failed");
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: "internal error".to_owned() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.message + "\n").into_response();
        // Fulcio's client waits and tries again after these two, and after nothing else.
        let later = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        if later.contains(&self.status) {
            let soon = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        response
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        let (status, message) = match &error {
            SubmitError::Refused(refusal) => return Self::bad_request(refusal.to_string()),
            SubmitError::Append(AppendError::Pushback) => {
                (StatusCode::TOO_MANY_REQUESTS, "the log is busy")
            }
            SubmitError::Append(AppendError::TooLarge | AppendError::ExtraTooLarge) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "the chain is too large")
            }
            SubmitError::Append(AppendError::Closed | AppendError::NoSpace) => {
                (StatusCode::SERVICE_UNAVAILABLE, "the log takes no leaves now")
            }
            _ => return Self::internal(&error),
        };
        Self { status, message: message.to_owned() }
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::OutOfRange => Self::bad_request("beyond the tree"),
            other => Self::internal(&other),
        }
    }
}

impl From<FindError> for ApiError {
    fn from(error: FindError) -> Self {
        Self::internal(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: AppendError, status: u16, again: bool) {
        let response = ApiError::from(SubmitError::from(error)).into_response();
        assert_eq!(response.status().as_u16(), status, "{error}");
        assert_eq!(response.headers().contains_key(header::RETRY_AFTER), again, "{error}");
    }

    #[test]
    fn each_state_of_the_log_has_its_status() {
        check(AppendError::Pushback, 429, true);
        check(AppendError::NoSpace, 503, true);
        check(AppendError::Closed, 503, true);
        check(AppendError::TooLarge, 413, false);
        check(AppendError::ReadOnly, 500, false);
        check(AppendError::Unreadable, 500, false);
    }
}
