//! Signing in without a page: a person's password, a machine's secret.

use openidconnect::{ResourceOwnerPassword, ResourceOwnerUsername, Scope};

use super::provider::{Provider, refused};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::prompt;
use crate::token::IdToken;

/// Signs a person in with the password grant (RFC 6749, Section 4.3), which oidc-lite serves to
/// programs on its own machine.
pub(super) async fn account(
    provider: &Provider,
    email: &str,
    context: &Context,
) -> Outcome<IdToken> {
    let password = prompt::secret(context.env(), &format!("Password of {email}: "))?;
    let username = ResourceOwnerUsername::new(email.to_owned());
    let password = ResourceOwnerPassword::new(password.as_str().to_owned());
    let answer = provider
        .public()
        .exchange_password(&username, &password)
        .map_err(|error| no_endpoint(&error))?
        .add_scope(Scope::new("openid".to_owned()))
        .add_scope(Scope::new("email".to_owned()))
        .request_async(provider.http())
        .await
        .map_err(|error| {
            refused(&error).hint(
                "siglite account list shows who can sign in; from another machine use --device",
            )
        })?;
    provider.accept(&answer, None, None)
}

/// Signs a machine in with the client credentials grant (RFC 6749, Section 4.4).
pub(super) async fn machine(
    provider: &Provider,
    name: &str,
    context: &Context,
) -> Outcome<IdToken> {
    let secret = prompt::secret(context.env(), &format!("Secret of {name}: "))?;
    let answer = provider
        .confidential(name, &secret)
        .exchange_client_credentials()
        .map_err(|error| no_endpoint(&error))?
        .add_scope(Scope::new("openid".to_owned()))
        .request_async(provider.http())
        .await
        .map_err(|error| refused(&error).hint("siglite account list shows the machine accounts"))?;
    provider.accept(&answer, None, Some(name))
}

pub(super) fn no_endpoint(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Instance, "the identity provider has no token endpoint").because(error)
}
