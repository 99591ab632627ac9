//! Signing in in a browser that cannot reach this machine: the page shows a code to paste here.

use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{AuthorizationCode, CsrfToken, Nonce, PkceCodeChallenge, RedirectUrl, Scope};

use super::direct::no_endpoint;
use super::provider::{Provider, refused};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::prompt;
use crate::token::IdToken;

/// The address that means "show the code to the person".
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Prints an address, and takes the code that the page behind it shows.
pub(super) async fn sign_in(provider: &Provider, context: &Context) -> Outcome<IdToken> {
    let redirect = RedirectUrl::new(OUT_OF_BAND.to_owned())
        .map_err(|error| Failure::new(Exit::Internal, "not a URN").because(&error))?;
    let client = provider.public().set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, _state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    context.screen().ask(&format!("To sign in, open {url}"));
    let code = prompt::line("Then paste the code that the page shows:", *context.screen())?;
    let answer = client
        .exchange_code(AuthorizationCode::new(code.trim().to_owned()))
        .map_err(|error| no_endpoint(&error))?
        .set_pkce_verifier(verifier)
        .request_async(provider.http())
        .await
        .map_err(|error| refused(&error).hint("siglite token --oob starts over"))?;
    provider.accept(&answer, Some(&nonce), None)
}
