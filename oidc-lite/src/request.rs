//! An authorization request: what a client asks a browser to bring.

use serde::{Deserialize, Serialize};

use crate::params::Params;
use crate::pkce::{Challenge, ChallengeError};
use crate::redirect::{Redirect, RedirectError};

/// Longest `state` and `nonce`. Stock clients send 22 to 43 characters.
const MAX_ECHO_BYTES: usize = 1024;

/// A request that was checked. It travels inside a ticket, so it is small.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AuthRequest {
    pub(crate) redirect: Redirect,
    pub(crate) challenge: Challenge,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    /// Whether the scope has `email`.
    pub(crate) email: bool,
    /// Whether a session may stand in for a password: not with `prompt=login`, and not with
    /// `max_age`, however long ("MUST attempt to actively re-authenticate", OpenID Connect Core
    /// 1.0, Section 3.1.2.1), because who asks for it does not want to be surprised.
    pub(crate) session_ok: bool,
    /// `login_hint`: what to write into the form's first field.
    pub(crate) hint: Option<String>,
}

/// Why a request is refused, and who hears of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AuthRefusal {
    /// The person, on a page: there is no address that could be trusted with an answer.
    Page(PageReason),
    /// The client, at its redirect URI (RFC 6749, Section 4.1.2.1).
    Answer { redirect: Redirect, state: Option<String>, reason: AnswerReason },
}

/// Refusals that stay on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PageReason {
    /// Another client.
    #[error("this server does not know the client that sent you here")]
    Client,
    /// No place for the code.
    #[error("the address to return to is refused: {0}")]
    Redirect(#[from] RedirectError),
    /// RFC 6749, Section 3.1.
    #[error("the request says something twice")]
    Repeated,
}

/// Refusals that the client hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AnswerReason {
    /// The person said no.
    #[error("the request was denied")]
    Denied,
    /// `state` or `nonce` without measure.
    #[error("state or nonce is longer than 1024 bytes")]
    EchoTooLong,
    /// `prompt=none`, but here somebody always has to press a button.
    #[error("signing in takes a person")]
    LoginRequired,
    /// PKCE.
    #[error(transparent)]
    Challenge(ChallengeError),
    /// `request` or `request_uri`.
    #[error("request objects are not supported")]
    RequestObject,
    /// Only `query`.
    #[error("response_mode must be query")]
    ResponseMode,
    /// Absent.
    #[error("response_type is required")]
    ResponseTypeMissing,
    /// Only `code`.
    #[error("response_type must be code")]
    ResponseType,
    /// OpenID Connect Core 1.0, Section 3.1.2.1.
    #[error("scope must contain openid")]
    Scope,
    /// Too many codes wait to be redeemed.
    #[error("too many requests are open")]
    Unavailable,
}

impl AnswerReason {
    /// The `error` code, from RFC 6749, Section 4.1.2.1 and OpenID Connect Core, Section 3.1.2.6.
    pub(crate) fn code(self) -> &'static str {
        match self {
            AnswerReason::Denied => "access_denied",
            AnswerReason::LoginRequired => "login_required",
            AnswerReason::RequestObject => "request_not_supported",
            AnswerReason::ResponseType => "unsupported_response_type",
            AnswerReason::Scope => "invalid_scope",
            AnswerReason::Unavailable => "temporarily_unavailable",
            AnswerReason::EchoTooLong
            | AnswerReason::Challenge(_)
            | AnswerReason::ResponseMode
            | AnswerReason::ResponseTypeMissing => "invalid_request",
        }
    }
}

impl AuthRequest {
    /// Checks the parameters of `/auth`: first whether an answer may be sent anywhere, then the
    /// rest. What is not known here (`access_type`, `connector_id`, …) is ignored.
    pub(crate) fn parse(bytes: &[u8], client_id: &str) -> Result<AuthRequest, AuthRefusal> {
        let page = |reason| AuthRefusal::Page(reason);
        let params = Params::parse(bytes).map_err(|_| page(PageReason::Repeated))?;
        if params.get("client_id") != Some(client_id) {
            return Err(page(PageReason::Client));
        }
        let redirect = Redirect::parse(params.get("redirect_uri").unwrap_or_default())
            .map_err(|e| page(PageReason::Redirect(e)))?;
        let state = params.get("state").filter(|s| s.len() <= MAX_ECHO_BYTES).map(str::to_owned);
        match check(&params) {
            Err(reason) => Err(AuthRefusal::Answer { redirect, state, reason }),
            Ok(challenge) => Ok(AuthRequest {
                redirect,
                challenge,
                state,
                nonce: params.get("nonce").map(str::to_owned),
                email: has_word(params.get("scope"), "email"),
                session_ok: !has_word(params.get("prompt"), "login")
                    && params.get("max_age").is_none(),
                hint: params.get("login_hint").filter(|h| h.len() <= 254).map(str::to_owned),
            }),
        }
    }
}

fn check(params: &Params) -> Result<Challenge, AnswerReason> {
    let too_long = |name| params.get(name).is_some_and(|v| v.len() > MAX_ECHO_BYTES);
    if too_long("state") || too_long("nonce") {
        return Err(AnswerReason::EchoTooLong);
    }
    if params.get("request").or(params.get("request_uri")).is_some() {
        return Err(AnswerReason::RequestObject);
    }
    match params.get("response_type") {
        None => return Err(AnswerReason::ResponseTypeMissing),
        Some("code") => {}
        Some(_) => return Err(AnswerReason::ResponseType),
    }
    if !matches!(params.get("response_mode"), None | Some("query")) {
        return Err(AnswerReason::ResponseMode);
    }
    if !has_word(params.get("scope"), "openid") {
        return Err(AnswerReason::Scope);
    }
    let challenge =
        Challenge::parse(params.get("code_challenge"), params.get("code_challenge_method"))
            .map_err(AnswerReason::Challenge)?;
    if has_word(params.get("prompt"), "none") {
        return Err(AnswerReason::LoginRequired);
    }
    Ok(challenge)
}

/// Whether a list of words with spaces between has `word`.
pub(crate) fn has_word(list: Option<&str>, word: &str) -> bool {
    list.is_some_and(|list| list.split(' ').any(|one| one == word))
}
