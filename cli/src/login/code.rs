//! The authorization code flow with PKCE, whichever way the code comes back.

use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{
    AuthorizationCode, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use url::Url;

use super::direct::no_endpoint;
use super::provider::{Provider, Relying, refused};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::token::IdToken;

/// A question to the identity provider, and what the answer must match: `state` ties it to this
/// run, the nonce ties the token to it, and the PKCE verifier makes a stolen code worthless.
pub(super) struct Question<'p> {
    provider: &'p Provider,
    client: Relying,
    url: Url,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl<'p> Question<'p> {
    /// A new question, whose answer goes to `redirect`.
    pub(super) fn new(provider: &'p Provider, redirect: String) -> Outcome<Self> {
        let redirect = RedirectUrl::new(redirect)
            .map_err(|error| Failure::new(Exit::Internal, "not a URL").because(&error))?;
        let client = provider.public().set_redirect_uri(redirect);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Self { provider, client, url, state, nonce, verifier })
    }

    /// Where the person signs in.
    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// What the answer brings along with its code.
    pub(super) fn state(&self) -> &str {
        self.state.secret()
    }

    /// The code for a token, and the token verified with our nonce. `again` is the hint where the
    /// provider refuses the code.
    pub(super) async fn redeem(self, code: String, again: Option<&str>) -> Outcome<IdToken> {
        let answer = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| no_endpoint(&error))?
            .set_pkce_verifier(self.verifier)
            .request_async(self.provider.http())
            .await
            .map_err(|error| {
                let failure = refused(&error);
                match again {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            })?;
        self.provider.accept(&answer, Some(&self.nonce), None)
    }
}
