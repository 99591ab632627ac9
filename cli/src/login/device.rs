//! Signing in on another device with a code (RFC 8628).

use std::time::Duration;

use openidconnect::core::CoreDeviceAuthorizationResponse;
use openidconnect::{PkceCodeChallenge, Scope};

use super::direct::no_endpoint;
use super::provider::{Provider, refused};
use crate::commands::Context;
use crate::failure::Outcome;
use crate::token::IdToken;

/// Nobody needs longer to find another device.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Shows a code, and waits until somebody has entered it.
pub(super) async fn sign_in(provider: &Provider, context: &Context) -> Outcome<IdToken> {
    let client = provider.public().set_device_authorization_url(provider.device_endpoint()?);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let code: CoreDeviceAuthorizationResponse = client
        .exchange_device_code()
        .add_scope(Scope::new("email".to_owned()))
        .add_extra_param("code_challenge", challenge.as_str())
        .add_extra_param("code_challenge_method", challenge.method().as_str())
        .request_async(provider.http())
        .await
        .map_err(|error| refused(&error))?;
    show(&code, context);
    let answer = client
        .exchange_device_access_token(&code)
        .map_err(|error| no_endpoint(&error))?
        .add_extra_param("code_verifier", verifier.secret().clone())
        .request_async(provider.http(), tokio::time::sleep, Some(PATIENCE))
        .await
        .map_err(|error| refused(&error).hint("siglite token --device starts over"))?;
    provider.accept(&answer, None, None)
}

/// The code is what was asked for, so `--quiet` does not hide it.
fn show(code: &CoreDeviceAuthorizationResponse, context: &Context) {
    let mut words = format!(
        "To sign in, open {} and enter the code {}",
        code.verification_uri().as_str(),
        code.user_code().secret()
    );
    if let Some(complete) = code.verification_uri_complete() {
        words.push_str("\nor open ");
        words.push_str(complete.secret());
    }
    context.screen().ask(&words);
}
