//! From nobody to an identity token: given, ambient, or by signing in.
//!
//! In order: `--identity-token`; `--account` and `--machine`; a token the surroundings hold ready;
//! `--device` and `--oob`; a browser where there is a display, and a code for another device where
//! there is only a terminal.

mod browser;
mod code;
mod device;
mod direct;
mod oob;
mod provider;

use std::io::IsTerminal;
use std::path::Path;

use lite_time::Time;

use crate::ambient;
use crate::client::Web;
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::flags::LoginFlags;
use crate::surroundings::Environment;
use crate::token::{IdToken, looks_like_jwt};
use provider::Provider;

/// A token is far smaller.
const MAX_TOKEN_FILE_BYTES: u64 = 64 * 1024;

/// Obtains a token for the audience `flags.oidc_client_id`, checked for what a bearer can check.
///
/// `issuer` is asked for only when somebody must sign in.
pub(crate) async fn obtain(
    flags: &LoginFlags,
    issuer: impl FnOnce() -> Outcome<String>,
    web: &Web,
    context: &Context,
) -> Outcome<IdToken> {
    let token = match given(flags, web, context).await? {
        Some(token) => token,
        None => sign_in(flags, &issuer()?, web, context).await?,
    };
    token.check(&flags.oidc_client_id, now(context))?;
    Ok(token)
}

/// A token that exists already.
async fn given(flags: &LoginFlags, web: &Web, context: &Context) -> Outcome<Option<IdToken>> {
    if let Some(given) = &flags.identity_token {
        return read_given(given).map(Some);
    }
    let chosen = flags.account.is_some() || flags.machine.is_some() || flags.device || flags.oob;
    if chosen || flags.oidc_disable_ambient_providers {
        return Ok(None);
    }
    let Some(source) = ambient::source(context.env(), &flags.oidc_client_id)? else {
        return Ok(None);
    };
    let token = ambient::take(&source, context.env(), web).await?;
    context.screen().say(&format!("Using the identity token of {source}."));
    Ok(Some(token))
}

/// `--identity-token`: what looks like a JWT is one, anything else names a file.
fn read_given(given: &str) -> Outcome<IdToken> {
    if given == "-" {
        let text =
            String::from_utf8(files::read_stdin(MAX_TOKEN_FILE_BYTES)?).map_err(|error| {
                Failure::new(Exit::Identity, "the token on standard input is not text")
                    .because(&error)
            })?;
        return IdToken::parse(&text);
    }
    if looks_like_jwt(given) {
        return IdToken::parse(given);
    }
    let text = files::read_text(Path::new(given), MAX_TOKEN_FILE_BYTES, Exit::Identity).map_err(
        |failure| failure.hint("--identity-token takes a JWT, a file that holds one, or -"),
    )?;
    IdToken::parse(&text)
}

async fn sign_in(
    flags: &LoginFlags,
    issuer: &str,
    web: &Web,
    context: &Context,
) -> Outcome<IdToken> {
    // Before the first request, so that nobody waits for a server to be told about a flag.
    let way = Way::choose(flags, context.env(), std::io::stderr().is_terminal())?;
    let provider = Provider::discover(web, issuer, &flags.oidc_client_id).await?;
    match way {
        Way::Account(email) => direct::account(&provider, email, context).await,
        Way::Machine(name) => direct::machine(&provider, name, context).await,
        Way::Device => device::sign_in(&provider, context).await,
        Way::Oob => oob::sign_in(&provider, context).await,
        Way::Browser => browser::sign_in(&provider, context).await,
    }
}

/// How somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way<'a> {
    Account(&'a str),
    Machine(&'a str),
    Device,
    Oob,
    Browser,
}

impl<'a> Way<'a> {
    fn choose(flags: &'a LoginFlags, env: &dyn Environment, terminal: bool) -> Outcome<Self> {
        if let Some(email) = &flags.account {
            return Ok(Self::Account(email));
        }
        if let Some(name) = &flags.machine {
            return Ok(Self::Machine(name));
        }
        if flags.device {
            return Ok(Self::Device);
        }
        if flags.oob {
            return Ok(Self::Oob);
        }
        if browser::has_display(env) {
            return Ok(Self::Browser);
        }
        if terminal {
            return Ok(Self::Device);
        }
        Err(Failure::new(Exit::Identity, "nobody is signed in, and there is nobody to ask").hint(
            "add --identity-token FILE, --account EMAIL or --machine NAME (with \
             SIGLITE_PASSWORD), or --device to sign in on another device",
        ))
    }
}

fn now(context: &Context) -> Time {
    context.clock().now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::tests::Made;

    #[track_caller]
    fn check(flags: &LoginFlags, env: &Made, terminal: bool, expected: Option<Way<'_>>) {
        match (Way::choose(flags, env, terminal), expected) {
            (Ok(way), Some(expected)) => assert_eq!(way, expected),
            (Err(failure), None) => assert_eq!(failure.exit, Exit::Identity),
            (found, expected) => panic!("expected {expected:?}, found {found:?}"),
        }
    }

    #[test]
    fn flags_come_before_displays_and_displays_before_codes() {
        let none = LoginFlags::default();
        let display = Made::of([("DISPLAY", ":0")]);
        let bare = Made::default();
        check(&none, &display, false, Some(Way::Browser));
        check(&none, &bare, true, Some(Way::Device));
        check(&none, &bare, false, None);
        let account = LoginFlags { account: Some("a@b.c".to_owned()), ..LoginFlags::default() };
        check(&account, &display, true, Some(Way::Account("a@b.c")));
        let machine = LoginFlags { machine: Some("ci".to_owned()), ..LoginFlags::default() };
        check(&machine, &display, true, Some(Way::Machine("ci")));
        let device = LoginFlags { device: true, ..LoginFlags::default() };
        check(&device, &display, true, Some(Way::Device));
        let oob = LoginFlags { oob: true, ..LoginFlags::default() };
        check(&oob, &display, true, Some(Way::Oob));
    }

    #[test]
    fn what_is_no_jwt_is_a_file_name() {
        let failure = read_given("/nowhere/token").unwrap_err();
        assert_eq!(failure.exit, Exit::Identity);
        assert!(failure.sentence.contains("/nowhere/token"));
        let claims =
            serde_json::json!({"iss": "i", "sub": "s", "aud": "sigstore", "exp": 2_000_000_000});
        assert_eq!(read_given(&crate::token::tests::jwt(&claims)).unwrap().who(), "s");
    }
}
