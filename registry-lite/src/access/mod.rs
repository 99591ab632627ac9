//! Who may do what.
//!
//! Read in this order: [`Access`] (the question every request asks), then how a caller is known:
//! [`htpasswd`] (a password of a file), or [`callers`] (an ID token, exchanged by [`token`] for a
//! [`bearer`] that is good for a few minutes and a few repositories).
//!
//! Whoever has a name here may push, pull and delete everything: there are no roles. A bearer is
//! narrower, because clients ask for what they need and it may leak.

pub(crate) mod bearer;
pub(crate) mod callers;
pub(crate) mod fetched;
pub(crate) mod htpasswd;
pub(crate) mod token;

use std::fmt::Write as _;
use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method};
use lite_oci::RepositoryName;
use lite_time::Clock;

use crate::app::blocking;
use crate::refusal::Refusal;
use bearer::{Bearers, Scope};
use callers::Callers;
use htpasswd::Htpasswd;

/// What a request does to a repository, in the words of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Pull,
    Push,
    Delete,
}

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Resource<'a> {
    /// `/v2/`: whether the caller is known.
    Registry,
    /// `/v2/_catalog`
    Catalog,
    /// A repository.
    Repository(&'a RepositoryName, Action),
}

/// Who may do what.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) mode: Mode,
    /// Whether callers without a name may read.
    pub(crate) anonymous_pull: bool,
    pub(crate) clock: Arc<dyn Clock>,
}

/// How callers are known.
#[derive(Clone)]
pub(crate) enum Mode {
    /// Not at all: everybody may do everything.
    Nobody,
    /// By a password of a file.
    Htpasswd(Arc<Htpasswd>),
    /// By a bearer that was given for an ID token.
    Tokens(Arc<Tokens>),
}

/// What the token flow needs.
pub(crate) struct Tokens {
    pub(crate) bearers: Bearers,
    pub(crate) callers: Callers,
    /// Where clients exchange an ID token.
    pub(crate) realm: String,
    /// Who gives the bearers: the registry's host.
    pub(crate) service: String,
}

impl Access {
    /// Lets the request through, or answers it.
    pub(crate) async fn check(
        &self,
        headers: &HeaderMap,
        resource: Resource<'_>,
    ) -> Result<(), Response> {
        let credentials = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        // An open read needs no name; one that is given is looked at all the same.
        if credentials.is_none() && self.anonymous_pull && resource.is_read() {
            return Ok(());
        }
        match &self.mode {
            // No client of a registry is a web page, and a page must not push into an open registry
            // behind the back of whoever reads it. Browsers say where a write comes from.
            Mode::Nobody if resource.is_write() && headers.contains_key(ORIGIN) => {
                Err(Refusal::Denied.into_response())
            }
            Mode::Nobody => Ok(()),
            Mode::Htpasswd(file) => {
                let known = match credentials.and_then(basic) {
                    None => false,
                    Some((user, password)) => {
                        let file = Arc::clone(file);
                        let known = blocking(move || Ok(file.knows(&user, &password))).await;
                        known.map_err(axum::response::IntoResponse::into_response)?
                    }
                };
                if known { Ok(()) } else { Err(challenge("Basic realm=\"siglite registry\"")) }
            }
            Mode::Tokens(tokens) => {
                let given = credentials.and_then(|credentials| word(credentials, "Bearer"));
                let scopes = given.map(|given| tokens.bearers.open(given, self.clock.now()));
                match scopes {
                    Some(Some(scopes)) if resource.is_within(&scopes) => Ok(()),
                    Some(Some(_)) => Err(tokens.challenge(resource, Some("insufficient_scope"))),
                    Some(None) => Err(tokens.challenge(resource, Some("invalid_token"))),
                    None => Err(tokens.challenge(resource, None)),
                }
            }
        }
    }
}

impl Access {
    /// The same for a person with a browser, which sends a name and a password, or nothing.
    pub(crate) async fn check_person(&self, headers: &HeaderMap) -> Result<(), Response> {
        let Mode::Tokens(tokens) = &self.mode else {
            return self.check(headers, Resource::Catalog).await;
        };
        let given =
            headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(basic);
        match given {
            None if self.anonymous_pull => Ok(()),
            None => Err(token::who_are_you()),
            Some((_, id_token)) => token::known(tokens, id_token, self.clock.now()).await,
        }
    }

    /// Whether whoever sends these headers may read that repository, in order to mount from it.
    pub(crate) async fn may_pull(&self, headers: &HeaderMap, name: &RepositoryName) -> bool {
        self.check(headers, Resource::Repository(name, Action::Pull)).await.is_ok()
    }
}

impl Action {
    /// What a method does, where it is not the end of an upload.
    pub(crate) fn of(method: &Method, is_upload: bool) -> Self {
        match method.as_str() {
            "GET" | "HEAD" if !is_upload => Self::Pull,
            "DELETE" if !is_upload => Self::Delete,
            _ => Self::Push,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }
}

impl Resource<'_> {
    /// `/v2/` is none: clients find out there whether they need a name, and for what.
    fn is_read(self) -> bool {
        matches!(self, Self::Catalog | Self::Repository(_, Action::Pull))
    }

    fn is_write(self) -> bool {
        matches!(self, Self::Repository(_, Action::Push | Action::Delete))
    }

    fn is_within(self, scopes: &[Scope]) -> bool {
        match self {
            Self::Registry => true,
            Self::Catalog => scopes.iter().any(|scope| scope.allows("registry", "catalog", "*")),
            Self::Repository(name, action) => scopes
                .iter()
                .any(|scope| scope.allows("repository", name.as_str(), action.as_str())),
        }
    }

    fn scope(self) -> Option<String> {
        match self {
            Self::Registry => None,
            Self::Catalog => Some("registry:catalog:*".to_owned()),
            // Who pushes looks first what is there.
            Self::Repository(name, Action::Push) => Some(format!("repository:{name}:pull,push")),
            Self::Repository(name, action) => {
                Some(format!("repository:{name}:{}", action.as_str()))
            }
        }
    }
}

impl Tokens {
    /// Distribution token specification, "How to authenticate": where to get a bearer, and for what.
    fn challenge(&self, resource: Resource<'_>, error: Option<&str>) -> Response {
        let mut text = format!("Bearer realm=\"{}\",service=\"{}\"", self.realm, self.service);
        if let Some(scope) = resource.scope() {
            let _ = write!(text, ",scope=\"{scope}\"");
        }
        if let Some(error) = error {
            let _ = write!(text, ",error=\"{error}\"");
        }
        challenge(&text)
    }
}

/// 401 with a challenge.
fn challenge(text: &str) -> Response {
    let mut response = Refusal::Unauthorized.into_response();
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

/// User and password of `Authorization: Basic` (RFC 7617).
fn basic(credentials: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(word(credentials, "Basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// What stands behind the name of a scheme, which is written in any case (RFC 9110, Section 11.1).
fn word<'a>(credentials: &'a str, scheme: &str) -> Option<&'a str> {
    let (given, rest) = credentials.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}
