//! The token: one JWT that is both `id_token` and `access_token`.
//!
//! sigstore-python takes the access token for the identity token, everyone else the ID token; so
//! both are the same string, and `at_hash`, which could not be inside it, is left out.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lite_time::Time;
use openidconnect::PrivateSigningKey as _;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde::Serialize;
use serde_json::json;

use crate::accounts::{Account, Credential};
use crate::keyring::Ring;

/// What is the same in every token.
pub(crate) struct Minter {
    /// `iss`.
    pub(crate) issuer: String,
    /// `aud`, and the public client.
    pub(crate) client_id: String,
    /// What stands before `/machine/NAME`.
    pub(crate) subject_base: String,
    /// `exp` minus `iat`.
    pub(crate) life: Duration,
}

/// What one request adds to the token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    /// Echoed, so that the client can tell its own token.
    pub(crate) nonce: Option<String>,
    /// When the person proved who they are.
    pub(crate) auth_time: Option<Time>,
    /// Whether the scope has `email`.
    pub(crate) email: bool,
    /// A client other than the public one, which wants to see itself in `aud`.
    pub(crate) also_for: Option<String>,
}

/// The library could not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token could not be signed")]
pub(crate) struct NotSigned;

/// The claims, in the order OpenID Connect Core 1.0, Section 2 lists them. `openidconnect` always
/// writes `aud` as a list; every stock client and Fulcio read a string, so this is a string.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: Audience<'a>,
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// A JSON boolean: sigstore-java reads no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    Two([&'a str; 2]),
}

impl Minter {
    /// Issues a token about `account`.
    pub(crate) fn mint(
        &self,
        ring: &Ring,
        account: &Account,
        ask: &Ask,
        now: Time,
    ) -> Result<String, NotSigned> {
        let subject = self.subject(account);
        let email = match account.credential {
            Credential::Password { .. } if ask.email => Some(account.name.as_str()),
            _ => None,
        };
        // Rounded down: sigstore-python refuses an `iat` in the future.
        let now_seconds = now.secs();
        let claims = Claims {
            iss: &self.issuer,
            sub: &subject,
            aud: match &ask.also_for {
                None => Audience::One(&self.client_id),
                Some(client) => Audience::Two([&self.client_id, client]),
            },
            exp: now.plus(self.life).secs(),
            iat: now_seconds,
            auth_time: ask.auth_time.map(Time::secs),
            nonce: ask.nonce.as_deref(),
            // OpenID Connect Core 1.0, Section 2: needed when there are two audiences.
            azp: ask.also_for.as_deref(),
            email,
            email_verified: email.map(|_| true),
        };
        sign(ring, &claims, now)
    }

    /// `sub`: random for a person, a URI for a machine.
    pub(crate) fn subject(&self, account: &Account) -> String {
        match &account.credential {
            Credential::Password { subject, .. } => subject.clone(),
            Credential::Secret { .. } => format!("{}/machine/{}", self.subject_base, account.name),
        }
    }
}

/// RFC 7515, Section 3.1: the compact serialisation.
fn sign(ring: &Ring, claims: &Claims<'_>, now: Time) -> Result<String, NotSigned> {
    let key = ring.signer(now);
    let header = json!({ "alg": "RS256", "kid": key.kid() }).to_string();
    let payload = serde_json::to_vec(claims).map_err(|_| NotSigned)?;
    let mut jwt = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = key
        .sign(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, jwt.as_bytes())
        .map_err(|_| NotSigned)?;
    jwt.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
    Ok(jwt)
}
