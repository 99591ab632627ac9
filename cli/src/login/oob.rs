//! Signing in in a browser that cannot reach this machine: the page shows a code to paste here.

use super::code::Question;
use super::provider::Provider;
use crate::commands::Context;
use crate::failure::Outcome;
use crate::prompt;
use crate::token::IdToken;

/// The address that means "show the code to the person".
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Prints an address, and takes the code that the page behind it shows.
pub(super) async fn sign_in(provider: &Provider, context: &Context) -> Outcome<IdToken> {
    let question = Question::new(provider, OUT_OF_BAND.to_owned())?;
    context.screen().ask(&format!("To sign in, open {}", question.url()));
    let code = prompt::line("Then paste the code that the page shows:", *context.screen())?;
    question.redeem(code.trim().to_owned(), Some("siglite token --oob starts over")).await
}
