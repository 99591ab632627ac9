//! Tokens: how a name and a password become what the registry wants to see.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::HeaderValue;
use http::header::AUTHORIZATION;
use reqwest::RequestBuilder;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::challenge::Challenge;
use super::{Endpoint, Remote, answer, connect};
use crate::access::{Credential, Secret};
use crate::error::{Breach, ImageError};

/// Longest answer of a token service, in bytes.
const MAX_TOKEN_BYTES: usize = 256 << 10;
/// Token Authentication Specification: `expires_in`, "If omitted, this defaults to 60 seconds".
const DEFAULT_LIFE: Duration = Duration::from_secs(60);
/// A token is not used in its last seconds: it could end on the way.
const MARGIN: Duration = Duration::from_secs(5);
/// What the token services know this program as.
const CLIENT_ID: &str = "siglite";

/// The tokens of a session, by registry, who asks for what.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<HashMap<(String, String), Token>>);

#[derive(Clone, Debug)]
struct Token {
    text: Secret,
    until: Instant,
}

/// What a request says about who asks.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    Nothing,
    Basic(String, Secret),
    Bearer(Secret),
}

impl Proof {
    pub(super) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Nothing => request,
            Self::Basic(username, password) => {
                request.basic_auth(username, Some(password.reveal()))
            }
            Self::Bearer(token) => {
                let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.reveal()))
                else {
                    return request; // It says nothing a header could hold: the answer is 401.
                };
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
        }
    }
}

/// RFC 6749, Section 5.1, and docker's older name for the same.
#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<Secret>,
    access_token: Option<Secret>,
    expires_in: Option<u64>,
}

impl Remote {
    /// Who asks here: the command line's word, then the keychain's.
    pub(super) async fn credential(&self) -> Result<Option<Credential>, ImageError> {
        let access = &self.session.access;
        if access.credential.is_some() {
            return Ok(access.credential.clone());
        }
        let key = format!("{}/{}", self.registry, self.name);
        let mut known = self.session.credentials.lock().await;
        if let Some(found) = known.get(&key) {
            return Ok(found.clone());
        }
        let found = access.keychain.find(&self.registry, self.name.as_str()).await;
        let found = found
            .map_err(|source| ImageError::Keychain { registry: self.registry.clone(), source })?;
        known.insert(key, found.clone());
        Ok(found)
    }

    /// What meets a challenge, for these scopes. `renew` leaves out what is remembered.
    pub(super) async fn proof(
        &self,
        endpoint: &Endpoint,
        challenge: Option<&Challenge>,
        scopes: &[String],
        renew: bool,
    ) -> Result<Proof, ImageError> {
        let credential = self.credential().await?;
        if let Some(Credential::RegistryToken(token)) = credential {
            return Ok(Proof::Bearer(token));
        }
        match (challenge, credential) {
            (Some(Challenge::Basic), Some(Credential::Password { username, password })) => {
                Ok(Proof::Basic(username, password))
            }
            (Some(Challenge::Bearer { realm, service, scope }), credential) => {
                let mut wanted: Vec<&str> = scopes.iter().map(String::as_str).collect();
                // A registry may know better what it wants, such as `delete`.
                wanted.extend(scope.as_deref().filter(|scope| !wanted.contains(scope)));
                let key = (self.registry.clone(), wanted.join(" "));
                let mut tokens = self.session.tokens.0.lock().await;
                if let Some(token) = tokens.get(&key)
                    && !renew
                    && token.until > Instant::now()
                {
                    return Ok(Proof::Bearer(token.text.clone()));
                }
                let realm = self.token_service(endpoint, realm)?;
                let token =
                    self.fetch_token(&realm, service.as_deref(), &wanted, credential).await?;
                tokens.insert(key, token.clone());
                Ok(Proof::Bearer(token.text))
            }
            _ => Ok(Proof::Nothing),
        }
    }

    /// A token service is reached over TLS, unless the registry itself is spoken to without.
    fn token_service(&self, endpoint: &Endpoint, realm: &str) -> Result<Url, ImageError> {
        let url = endpoint.base.join(realm).ok();
        let safe = |url: &Url| match url.scheme() {
            "https" => true,
            "http" => endpoint.base.scheme() == "http" || connect::is_loopback(url),
            _ => false,
        };
        url.filter(safe).ok_or_else(|| self.breach(Breach::TokenService))
    }

    async fn fetch_token(
        &self,
        realm: &Url,
        service: Option<&str>,
        scopes: &[&str],
        credential: Option<Credential>,
    ) -> Result<Token, ImageError> {
        let client = self.session.client(realm, &self.registry)?;
        let service = service.map(|service| ("service", service));
        let request = match &credential {
            // RFC 6749, Section 6, as docker's token services expect it.
            Some(Credential::IdentityToken(token)) => {
                let joined = scopes.join(" ");
                let form = [
                    ("grant_type", "refresh_token"),
                    ("refresh_token", token.reveal()),
                    ("client_id", CLIENT_ID),
                    ("scope", &joined),
                ];
                let form: Vec<_> = form.into_iter().chain(service).collect();
                client.post(realm.clone()).form(&form)
            }
            other => {
                let scopes = scopes.iter().map(|scope| ("scope", *scope));
                let query: Vec<_> = service.into_iter().chain(scopes).collect();
                let request = client.get(realm.clone()).query(&query);
                match other {
                    Some(Credential::Password { username, password }) => {
                        request.basic_auth(username, Some(password.reveal()))
                    }
                    _ => request,
                }
            }
        };
        let answer =
            request.send().await.map_err(|error| answer::no_answer(&self.registry, error))?;
        if !answer.status().is_success() {
            let name = || self.registry.clone();
            return Err(answer::refusal(answer, &self.registry, name, credential.is_some()).await);
        }
        let name = || format!("the token of {}", self.registry);
        let body = answer::body(answer, &self.registry, MAX_TOKEN_BYTES, name).await?;
        let answer: TokenAnswer =
            serde_json::from_slice(&body).map_err(|_| self.breach(Breach::Token))?;
        let text = answer.token.or(answer.access_token).filter(|text| !text.reveal().is_empty());
        let text = text.ok_or_else(|| self.breach(Breach::Token))?;
        let life = answer.expires_in.map_or(DEFAULT_LIFE, Duration::from_secs);
        // A life that this machine cannot count to ends at once, and costs one more request.
        let now = Instant::now();
        let until = now.checked_add(life.saturating_sub(MARGIN)).unwrap_or(now);
        Ok(Token { text, until })
    }

    pub(super) fn breach(&self, what: Breach) -> ImageError {
        ImageError::Protocol { registry: self.registry.clone(), what }
    }
}
