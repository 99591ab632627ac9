//! The identity provider, discovered: its endpoints, its keys, and what its answers prove.

use std::pin::Pin;

use lite_http::client::{Client, ClientError};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreIdTokenVerifier, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    CoreTokenResponse,
};
use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient, ClientId, ClientSecret, DeviceAuthorizationUrl,
    DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet, ErrorResponse, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _, ProviderMetadata, RequestTokenError,
    TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::client::Web;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::token::{IdToken, looks_like_jwt};

/// Endpoints that discovery names beside the standard ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Extra {
    device_authorization_endpoint: Option<DeviceAuthorizationUrl>,
}

impl AdditionalProviderMetadata for Extra {}

type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A client with the endpoints that discovery names.
pub(super) type Relying = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// An identity provider whose discovery document and keys were read.
pub(super) struct Provider {
    metadata: Metadata,
    audience: ClientId,
    http: Http,
}

const WHAT: &str = "the identity provider";

impl Provider {
    /// Reads the discovery document of `issuer`, which must name exactly this issuer, and its
    /// keys.
    pub(super) async fn discover(web: &Web, issuer: &str, client_id: &str) -> Outcome<Self> {
        let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| {
            Failure::usage(format!("not the URL of an identity provider: {issuer}")).because(&error)
        })?;
        let http = Http(web.client().clone());
        let metadata = Metadata::discover_async(url, &http).await.map_err(|error| {
            let failure = match &error {
                DiscoveryError::Request(HttpError::NoAnswer { url, source }) => {
                    return crate::client::unreachable(WHAT, url, source);
                }
                _ => Failure::new(Exit::Instance, format!("{WHAT} cannot be discovered")),
            };
            failure.note("issuer", issuer).because(&error)
        })?;
        Ok(Self { metadata, audience: ClientId::new(client_id.to_owned()), http })
    }

    /// The public client that people sign in with.
    pub(super) fn public(&self) -> Relying {
        CoreClient::from_provider_metadata(self.metadata.clone(), self.audience.clone(), None)
    }

    /// A client that proves itself with a secret: a machine account.
    pub(super) fn confidential(&self, name: &str, secret: &str) -> Relying {
        CoreClient::from_provider_metadata(
            self.metadata.clone(),
            ClientId::new(name.to_owned()),
            Some(ClientSecret::new(secret.to_owned())),
        )
    }

    /// Where a code for another device is asked for.
    pub(super) fn device_endpoint(&self) -> Outcome<DeviceAuthorizationUrl> {
        self.metadata.additional_metadata().device_authorization_endpoint.clone().ok_or_else(|| {
            Failure::new(Exit::Instance, format!("{WHAT} has no sign-in for other devices"))
                .hint("sign in with --oob, --account or a browser")
        })
    }

    /// Where the requests go through.
    pub(super) const fn http(&self) -> &Http {
        &self.http
    }

    /// The identity token of an answer, verified against the provider's keys, for our audience
    /// (and, of a machine's token, for `machine`), and with our nonce where the flow has one.
    pub(super) fn accept(
        &self,
        answer: &CoreTokenResponse,
        nonce: Option<&Nonce>,
        machine: Option<&str>,
    ) -> Outcome<IdToken> {
        let Some(token) = answer.id_token() else {
            // Providers other than ours answer machines with nothing but an access token.
            let access = answer.access_token().secret();
            if nonce.is_none() && looks_like_jwt(access) {
                return IdToken::parse(access);
            }
            return Err(Failure::new(Exit::Identity, format!("{WHAT} sent no identity token")));
        };
        let verifier = CoreIdTokenVerifier::new_public_client(
            self.audience.clone(),
            self.metadata.issuer().clone(),
            self.metadata.jwks().clone(),
        )
        .set_other_audience_verifier_fn(move |other| Some(other.as_str()) == machine)
        .set_allowed_algs(self.metadata.id_token_signing_alg_values_supported().clone());
        let claims = match nonce {
            Some(nonce) => token.claims(&verifier, nonce),
            None => token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
        };
        claims.map_err(|error| {
            Failure::new(Exit::Identity, format!("the token of {WHAT} does not verify"))
                .note("issuer", self.metadata.issuer().as_str())
                .because(&error)
        })?;
        IdToken::parse(&token.to_string())
    }
}

/// Why no token came back, in the words of whoever can change that.
pub(super) fn refused<T: ErrorResponse + 'static>(
    error: &RequestTokenError<HttpError, T>,
) -> Failure {
    match error {
        RequestTokenError::ServerResponse(said) => {
            Failure::new(Exit::Identity, format!("{WHAT} refuses the sign-in"))
                .note("answer", said.to_string())
        }
        RequestTokenError::Request(HttpError::NoAnswer { url, source }) => {
            crate::client::unreachable(WHAT, url, source)
        }
        RequestTokenError::Request(error) => {
            Failure::new(Exit::Instance, format!("cannot ask {WHAT}")).because(error)
        }
        other => Failure::new(Exit::Instance, format!("the answer of {WHAT} is not OAuth"))
            .because(other),
    }
}

/// Our client behind the library's interface.
pub(super) struct Http(Client);

/// Why a request of the library brought nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// The provider did not answer.
    #[error("no answer")]
    NoAnswer {
        /// Where the request went.
        url: Url,
        /// What came back instead.
        source: ClientError,
    },
    /// The provider's own documents name something that is not a URL.
    #[error("not a URL")]
    Url(#[from] url::ParseError),
    /// The answer cannot be put together again.
    #[error("not an answer")]
    Shape(#[from] http::Error),
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let url = Url::parse(&request.uri().to_string())?;
            let (parts, body) = request.into_parts();
            let answer = self
                .0
                .send(parts.method, &url, parts.headers, body.into())
                .await
                .map_err(|source| HttpError::NoAnswer { url, source })?;
            let mut response = http::Response::builder().status(answer.status);
            if let Some(headers) = response.headers_mut() {
                *headers = answer.headers;
            }
            Ok(response.body(answer.body.to_vec())?)
        })
    }
}
