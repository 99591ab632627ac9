//! The only place where a refusal meets a status code.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};
use lite_http::rpc::Status;
use lite_search::SearchError;
use lite_sequencer::AppendError;

use crate::app::NotProven;
use crate::entry::Refusal;
use crate::workers::WorkError;

/// Upstream's header on a duplicate, in strict mode.
const X_LOG_INDEX: HeaderName = HeaderName::from_static("x-log-index");

/// rekor-tiles answers writes to a frozen log in these words, in plain text.
const FROZEN: &str = "This log has been frozen, please switch to the latest log.\n";

/// The longest message that is sent back: what is refused may hold megabytes of a client's words.
const MAX_MESSAGE: usize = 300;

/// Why a request is not answered as it hoped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("entry is not sequenced")]
    Append(#[from] AppendError),
    #[error("request body is not readable")]
    Body,
    #[error("too much is going on")]
    Busy,
    #[error("entry exists with index {0}")]
    Duplicate(u64),
    #[error("log is read-only")]
    Frozen,
    #[error("not found")]
    NotFound,
    #[error("proof does not verify")]
    Proof(#[from] NotProven),
    #[error("query is refused: {0}")]
    Query(String),
    #[error("search does not answer")]
    Search(#[from] SearchError),
    #[error("stored data is not readable")]
    Read(#[from] lite_sequencer::ReadError),
    #[error("request is refused")]
    Refused(#[from] Refusal),
    #[error("a job panicked")]
    Panicked,
}

impl From<WorkError> for ApiError {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Busy => Self::Busy,
            WorkError::Panicked => Self::Panicked,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Duplicate(index) => with_index(index),
            Self::Frozen => frozen(),
            error => Status::from(error).into_response(),
        }
    }
}

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Append(error) => append(error),
            ApiError::Body => Self::invalid_argument("http: request body too large"),
            ApiError::Busy => pushback(),
            ApiError::Duplicate(index) => duplicate(index),
            // In gRPC; over HTTP, upstream has an answer of its own.
            ApiError::Frozen => Self {
                http: StatusCode::METHOD_NOT_ALLOWED,
                code: 12,
                message: "log frozen".to_owned(),
            },
            ApiError::NotFound => Self::not_found("Not Found"),
            ApiError::Refused(refusal) => refused(&refusal),
            ApiError::Query(why) => Self::invalid_argument(why),
            ApiError::Search(error) if error.is_of_the_query() => {
                Self::invalid_argument(error.to_string())
            }
            ApiError::Search(SearchError::Damaged(_)) => {
                Self::unavailable("the index is being rebuilt; retry")
            }
            ApiError::Proof(_) => {
                metrics::counter!("rekor_v2_inclusion_proof_failure_total").increment(1);
                log_fault(&error);
                Self::unknown("failed to integrate entry")
            }
            ApiError::Read(_) | ApiError::Search(_) | ApiError::Panicked => {
                log_fault(&error);
                Self::internal("internal error")
            }
        }
    }
}

fn refused(refusal: &Refusal) -> Status {
    metrics::counter!("rekor_v2_refused_requests").increment(1);
    let mut message = match refusal {
        Refusal::Malformed(error) => format!("proto: {error}"),
        Refusal::NotHashedRekord => refusal.to_string(),
        refusal => format!("invalid hashedrekord request: {refusal}"),
    };
    if message.len() > MAX_MESSAGE {
        message = message.chars().take(MAX_MESSAGE).chain(['…']).collect();
    }
    Status::invalid_argument(message)
}

fn append(error: AppendError) -> Status {
    match error {
        AppendError::TooLarge | AppendError::ExtraTooLarge => {
            Status::invalid_argument(format!("invalid hashedrekord request: {error}"))
        }
        AppendError::Pushback => pushback(),
        // The leaf is not in the log, and asking again may help.
        AppendError::Closed | AppendError::NoSpace => {
            log_fault(&error);
            Status::unavailable(error.to_string())
        }
        error => {
            log_fault(&error);
            Status::unknown("failed to integrate entry")
        }
    }
}

fn pushback() -> Status {
    metrics::counter!("rekor_v2_pushback").increment(1);
    Status::unavailable("reached max pushback; retry")
}

fn duplicate(index: u64) -> Status {
    Status::already_exists(format!(
        "an equivalent entry already exists in the transparency log with index {index}"
    ))
}

fn with_index(index: u64) -> Response {
    let mut response = duplicate(index).into_response();
    response.headers_mut().insert(X_LOG_INDEX, index.into());
    response
}

fn frozen() -> Response {
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (StatusCode::METHOD_NOT_ALLOWED, plain, FROZEN).into_response()
}

/// Ours, not the client's: the operator reads it once, here.
fn log_fault(error: &(dyn std::error::Error + 'static)) {
    tracing::error!("{}", lite_http::standalone::chain(error));
}
