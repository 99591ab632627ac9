//! `POST /token`: a code, a device code, a machine's secret or a password becomes a token.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::oauth_error::OAuthError;
use super::visitor::Visitor;
use crate::accounts::Account;
use crate::config::PasswordGrant;
use crate::device::Polled;
use crate::email::fold;
use crate::params::Params;
use crate::request::has_word;
use crate::server::App;
use crate::sign_in::SignInError;
use crate::token::Ask;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RFC 6749, Section 5.1 and OpenID Connect Core 1.0, Section 3.1.3.3. Both tokens are one.
#[derive(Serialize)]
struct Issued {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    id_token: String,
}

/// `POST /token`
pub(crate) async fn token(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let mut params = form(&headers, &body)?;
    // The client first: a code is not touched by whoever may not redeem it, so cosign's second
    // attempt, in another style of authentication, finds it whole.
    let client = identify(&app, &headers, &mut params)?;
    let (account, ask) = match (params.get("grant_type"), client) {
        (None, _) => return Err(OAuthError::Missing("grant_type")),
        (Some("authorization_code"), Client::Public) => by_code(&app, &params)?,
        (Some(DEVICE_GRANT), Client::Public) => by_device(&app, &params)?,
        (Some("password"), Client::Public) => by_password(&app, &visitor, &mut params).await?,
        (Some("client_credentials"), Client::Machine { account, also_for }) => {
            (account, Ask { also_for, ..Ask::default() })
        }
        (Some("client_credentials"), Client::Public) => return Err(OAuthError::Client),
        (Some("authorization_code" | DEVICE_GRANT | "password"), Client::Machine { .. }) => {
            return Err(OAuthError::UnauthorizedClient);
        }
        (Some(_), _) => return Err(OAuthError::UnsupportedGrant),
    };
    let jwt = app.mint(&account, &ask).map_err(|_| OAuthError::Server)?;
    metrics::counter!("oidc_tokens_total").increment(1);
    tracing::info!(account = %account.name, "issued a token");
    let issued = Issued {
        access_token: jwt.clone(),
        token_type: "bearer",
        expires_in: app.config.token_seconds,
        id_token: jwt,
    };
    // Not text/plain: x/oauth2 would read a query string.
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
    Ok((headers, Json(issued)).into_response())
}

/// RFC 6749, Section 4.1.3.
fn by_code(app: &App, params: &Params) -> Result<(Account, Ask), OAuthError> {
    let code = params.get("code").ok_or(OAuthError::Missing("code"))?;
    let redirect = params.get("redirect_uri").ok_or(OAuthError::Missing("redirect_uri"))?;
    let verifier = params.get("code_verifier").ok_or(OAuthError::Missing("code_verifier"))?;
    // Taken before it is checked: whoever is wrong about a code does not get to try again.
    let code = app.codes.take(code, app.clock.now()).ok_or(OAuthError::Code)?;
    if code.redirect.as_str() != redirect {
        return Err(OAuthError::Redirect);
    }
    if !code.challenge.is_met_by(Some(verifier)) {
        return Err(OAuthError::Verifier);
    }
    let account = app.unchanged(&code.account, &code.stamp).ok_or(OAuthError::AccountGone)?;
    let ask = Ask {
        nonce: code.nonce,
        auth_time: Some(code.auth_time),
        email: code.email,
        also_for: None,
    };
    Ok((account, ask))
}

/// RFC 8628, Sections 3.4 and 3.5.
fn by_device(app: &App, params: &Params) -> Result<(Account, Ask), OAuthError> {
    let code = params.get("device_code").ok_or(OAuthError::Missing("device_code"))?;
    match app.devices.poll(code, params.get("code_verifier"), app.clock.now()) {
        Polled::Pending => Err(OAuthError::AuthorizationPending),
        Polled::TooFast => Err(OAuthError::SlowDown),
        Polled::Denied => Err(OAuthError::AccessDenied),
        Polled::Gone => Err(OAuthError::DeviceExpired),
        Polled::WrongVerifier => Err(OAuthError::Verifier),
        Polled::Approved { approval, email } => {
            let account = app.unchanged(&approval.account, &approval.stamp);
            let account = account.ok_or(OAuthError::AccountGone)?;
            let auth_time = Some(approval.auth_time);
            Ok((account, Ask { auth_time, email, ..Ask::default() }))
        }
    }
}

/// RFC 6749, Section 4.3, for the command line of the same project and for nobody else: from a
/// program on this machine, unless the configuration says otherwise.
async fn by_password(
    app: &App,
    visitor: &Visitor,
    params: &mut Params,
) -> Result<(Account, Ask), OAuthError> {
    let allowed = match app.config.password_grant {
        PasswordGrant::Never => false,
        PasswordGrant::Loopback => visitor.local_program,
        PasswordGrant::Anywhere => true,
    };
    if !allowed {
        return Err(OAuthError::PasswordGrantOff);
    }
    let password = params.take("password").ok_or(OAuthError::Missing("password"))?;
    let email = params.get("username").ok_or(OAuthError::Missing("username"))?;
    let now = app.clock.now();
    let password = Zeroizing::new(password);
    let account = app.sign_in.check(&app.accounts, visitor.address, email, password, now).await?;
    let scope = params.get("scope");
    let email = scope.is_none() || has_word(scope, "email");
    Ok((account, Ask { auth_time: Some(now), email, ..Ask::default() }))
}

/// Who asks for a token.
pub(crate) enum Client {
    /// Anyone: the client without a secret.
    Public,
    /// A machine account that showed its secret.
    Machine { account: Account, also_for: Option<String> },
}

/// Reads the body as a form.
pub(crate) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, OAuthError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(OAuthError::ContentType);
    }
    Params::parse(body).map_err(|_| OAuthError::Repeated)
}

/// RFC 6749, Section 2.3.1: Basic, or in the form, or (what some clients do) the same in both.
pub(crate) fn identify(
    app: &App,
    headers: &HeaderMap,
    params: &mut Params,
) -> Result<Client, OAuthError> {
    let in_form = params.get("client_id").map(str::to_owned);
    let mut secret = params.take("client_secret").map(Zeroizing::new);
    let in_header = basic(headers)?;
    let id = match (in_form, in_header) {
        (None, None) => return Err(OAuthError::Client),
        (Some(id), None) => id,
        (form, Some((id, header_secret))) => {
            if form.is_some_and(|form| form != id) {
                return Err(OAuthError::ClientTwice);
            }
            secret = header_secret.or(secret);
            id
        }
    };
    match (id == app.config.client_id, secret) {
        (true, None) => Ok(Client::Public),
        (false, None) => Err(OAuthError::Client),
        (is_public, Some(secret)) => {
            let book = app.accounts.book().map_err(SignInError::from)?;
            let account = book.machine(&secret).ok_or(OAuthError::Client)?.clone();
            // A machine may come under the public client's name, because its secret says whose it
            // is; under its own name it also wants to see itself in `aud`.
            if !is_public && account.name != fold(&id) {
                return Err(OAuthError::Client);
            }
            Ok(Client::Machine { account, also_for: (!is_public).then_some(id) })
        }
    }
}

type IdAndSecret = (String, Option<Zeroizing<String>>);

/// `Authorization: Basic`, whose halves are form-encoded before they are joined.
fn basic(headers: &HeaderMap) -> Result<Option<IdAndSecret>, OAuthError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let value = value.to_str().map_err(|_| OAuthError::Client)?;
    let (scheme, encoded) = value.split_once(' ').ok_or(OAuthError::Client)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(OAuthError::Client);
    }
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| OAuthError::Client)?;
    let text = Zeroizing::new(String::from_utf8(bytes).map_err(|_| OAuthError::Client)?);
    let (id, secret) = text.split_once(':').ok_or(OAuthError::Client)?;
    let secret = Some(decode(secret)).filter(|s| !s.is_empty()).map(Zeroizing::new);
    Ok(Some((decode(id), secret)))
}

fn decode(text: &str) -> String {
    let pair = form_urlencoded::parse(text.as_bytes()).next();
    pair.map(|(name, _)| name.into_owned()).unwrap_or_default()
}
