//! One request: sent with a proof of who asks, and once more when the registry wants another.

use std::time::Duration;

use http::{Method, StatusCode};
use reqwest::{RequestBuilder, Response};
use url::Url;

use super::challenge::Challenge;
use super::token::Proof;
use super::{Remote, answer};
use crate::error::ImageError;

/// How often a busy registry is asked again.
const RETRIES: u32 = 2;
/// The longest pause that a registry may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// What a request wants to do: the actions of its token's scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Read.
    Pull,
    /// Read and write. Deleting is writing, as in go-containerregistry; a registry that wants more
    /// says so in its challenge.
    Push,
}

impl Action {
    const fn words(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        }
    }
}

impl Remote {
    /// A URL below the repository: `tail` begins with a slash.
    pub(super) async fn url(&self, tail: &str) -> Result<Url, ImageError> {
        let base = self.endpoint().await?.base;
        // Names, tags and digests hold nothing that a URL must escape.
        base.join(&format!("v2/{}{tail}", self.name))
            .map_err(|_| ImageError::NotFound { name: format!("{}/{}", self.registry, self.name) })
    }

    pub(super) fn scope(&self, action: Action) -> String {
        format!("repository:{}:{}", self.name, action.words())
    }

    /// Sends a request that can be sent again.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        action: Action,
        dress: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, ImageError> {
        self.send_scoped(method, url, &[self.scope(action)], dress).await
    }

    /// The same, for what concerns other repositories too.
    pub(super) async fn send_scoped(
        &self,
        method: Method,
        url: &Url,
        scopes: &[String],
        dress: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, ImageError> {
        let endpoint = self.endpoint().await?;
        let mut proof = self.proof(&endpoint, endpoint.challenge.as_ref(), scopes, false).await?;
        let mut retries = 0;
        let mut challenged = false;
        loop {
            let client = self.session.client(url, &self.registry)?;
            let request = dress(proof.apply(client.request(method.clone(), url.clone())));
            let answer =
                request.send().await.map_err(|error| answer::no_answer(&self.registry, error))?;
            match answer.status() {
                // Some registries let everybody in at the door and ask at the cupboard; and a
                // token may have ended.
                StatusCode::UNAUTHORIZED if !challenged => {
                    challenged = true;
                    let Some(challenge) = Challenge::of(answer.headers()) else {
                        return Ok(answer);
                    };
                    let next = self.proof(&endpoint, Some(&challenge), scopes, true).await?;
                    if matches!(next, Proof::Nothing) {
                        return Ok(answer);
                    }
                    proof = next;
                }
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
                    if retries < RETRIES =>
                {
                    retries += 1;
                    tokio::time::sleep(pause(&answer, retries)).await;
                }
                _ => return Ok(answer),
            }
        }
    }

    /// Sends what can be sent once: to an upload location, which may be at another host, where
    /// nobody is told who asks.
    pub(super) async fn send_once(
        &self,
        method: Method,
        url: &Url,
        dress: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, ImageError> {
        let endpoint = self.endpoint().await?;
        let proof = if url.origin() == endpoint.base.origin() {
            let scopes = [self.scope(Action::Push)];
            self.proof(&endpoint, endpoint.challenge.as_ref(), &scopes, false).await?
        } else {
            Proof::Nothing
        };
        let client = self.session.client(url, &self.registry)?;
        let request = dress(proof.apply(client.request(method, url.clone())));
        request.send().await.map_err(|error| answer::no_answer(&self.registry, error))
    }

    /// What a status means that the caller does not know.
    pub(super) async fn refusal(
        &self,
        answer: Response,
        name: impl FnOnce() -> String,
    ) -> ImageError {
        let had_credential = matches!(self.credential().await, Ok(Some(_)));
        answer::refusal(answer, &self.registry, name, had_credential).await
    }
}

/// What `Retry-After` asks for in seconds, or a little longer each time.
fn pause(answer: &Response, retries: u32) -> Duration {
    let asked = answer.headers().get(http::header::RETRY_AFTER);
    let asked = asked.and_then(|value| value.to_str().ok()?.parse().ok());
    asked.map_or(Duration::from_millis(200) * retries, Duration::from_secs).min(MAX_PAUSE)
}
