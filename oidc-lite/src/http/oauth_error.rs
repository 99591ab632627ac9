//! The only place where a refusal of the token endpoint meets a status code.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::pkce::ChallengeError;
use crate::sign_in::SignInError;

/// Why a token, or a pair of device codes, is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OAuthError {
    #[error("the user said no")]
    AccessDenied,
    #[error("the user has not answered yet")]
    AuthorizationPending,
    #[error("{0}")]
    Challenge(ChallengeError),
    /// Whether it came in an `Authorization` header.
    #[error("client authentication failed")]
    Client,
    #[error("the client is named twice, and differently")]
    ClientTwice,
    #[error("the code is unknown, was redeemed already, or has expired")]
    Code,
    #[error("the request is not a form (application/x-www-form-urlencoded)")]
    ContentType,
    #[error("the device code is unknown, was redeemed already, or has expired")]
    DeviceExpired,
    #[error("{0} is required")]
    Missing(&'static str),
    #[error("passwords are not accepted here: use a browser, the device flow or a machine account")]
    PasswordGrantOff,
    #[error("redirect_uri is not the one the code was sent to")]
    Redirect,
    #[error("a parameter is given more than once")]
    Repeated,
    #[error("scope must contain openid")]
    Scope,
    #[error("polled faster than the interval")]
    SlowDown,
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error("this client may not use this grant")]
    UnauthorizedClient,
    #[error("too many requests; try again in {seconds} seconds")]
    Unavailable { seconds: u64 },
    #[error("the account was removed or changed in the meantime")]
    AccountGone,
    #[error("the server could not sign")]
    Server,
    #[error("this grant type is not supported")]
    UnsupportedGrant,
    #[error("code_verifier does not belong to the code")]
    Verifier,
}

impl OAuthError {
    /// `error` of RFC 6749, Section 5.2 and RFC 8628, Section 3.5, to the letter: cosign compares.
    fn code(&self) -> &'static str {
        match self {
            OAuthError::AccessDenied => "access_denied",
            OAuthError::AuthorizationPending => "authorization_pending",
            OAuthError::Client => "invalid_client",
            OAuthError::DeviceExpired => "expired_token",
            OAuthError::Scope => "invalid_scope",
            OAuthError::Server => "server_error",
            OAuthError::SlowDown => "slow_down",
            OAuthError::PasswordGrantOff | OAuthError::UnauthorizedClient => "unauthorized_client",
            OAuthError::SignIn(SignInError::Wrong)
            | OAuthError::AccountGone
            | OAuthError::Code
            | OAuthError::Redirect
            | OAuthError::Verifier => "invalid_grant",
            OAuthError::Unavailable { .. } | OAuthError::SignIn(_) => "temporarily_unavailable",
            OAuthError::UnsupportedGrant => "unsupported_grant_type",
            OAuthError::Challenge(_)
            | OAuthError::ClientTwice
            | OAuthError::ContentType
            | OAuthError::Missing(_)
            | OAuthError::Repeated => "invalid_request",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            OAuthError::Client => StatusCode::UNAUTHORIZED,
            OAuthError::Server => StatusCode::INTERNAL_SERVER_ERROR,
            OAuthError::Unavailable { .. } | OAuthError::SignIn(SignInError::Throttled { .. }) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            OAuthError::SignIn(SignInError::Busy | SignInError::Unavailable(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            OAuthError::Unavailable { seconds }
            | OAuthError::SignIn(SignInError::Throttled { seconds }) => Some(*seconds),
            OAuthError::SignIn(SignInError::Busy) => Some(2),
            OAuthError::SignIn(SignInError::Unavailable(_)) => Some(30),
            _ => None,
        }
    }

    fn description(&self) -> String {
        if let OAuthError::SignIn(SignInError::Unavailable(error)) = self {
            tracing::error!(error = %lite_http::standalone::chain(error), "accounts are unavailable");
            return "the accounts cannot be read".to_owned();
        }
        self.to_string()
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code(), "error_description": self.description() });
        let mut response = (self.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let OAuthError::Client = self {
            // RFC 6749, Section 5.2: the scheme the client may use.
            let basic = HeaderValue::from_static("Basic realm=\"siglite\"");
            headers.insert(header::WWW_AUTHENTICATE, basic);
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
