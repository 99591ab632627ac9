//! `siglite token`: sign in, and print the identity token for whoever needs one.

use std::path::PathBuf;

use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::flags::LoginFlags;
use crate::{login, trust};

/// Sign in and print an identity token
///
/// The token is a secret until it expires, a few minutes from now. Without flags, a token that the
/// environment holds ready is taken; otherwise a browser opens, or, without a display, a code for
/// another device is shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite token                                               in a browser
  siglite token --device                                      on another device
  SIGLITE_PASSWORD=… siglite token --account alice@example.org
  siglite token --machine ci < ci.secret
  cosign sign-blob --yes --identity-token \"$(siglite token)\" --bundle B FILE")]
pub(crate) struct Args {
    /// Where to sign in [default: the instance's signing config]
    #[arg(long, value_name = "FILE")]
    signing_config: Option<PathBuf>,

    #[command(flatten)]
    login: LoginFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(async {
        let web = context.web()?;
        let issuer = || trust::issuer(&args.login, args.signing_config.as_deref(), context);
        let token = login::obtain(&args.login, issuer, &web, context).await?;
        context.screen().say(&format!("Signed in as {} at {}.", token.who(), token.issuer()));
        context.screen().exactly(token.as_str())
    })
}
