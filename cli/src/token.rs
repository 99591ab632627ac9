//! An identity token as its bearer sees it: what it says, and whom a certificate would name.
//!
//! Nothing here believes a token. The authority does that; here the claims only decide what the
//! proof of possession signs, and make early and clear refusals.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lite_identity::{MAX_TOKEN_BYTES, UnverifiedToken, json};
use lite_time::Time;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// A token and the claims a signer needs.
pub(crate) struct IdToken {
    raw: Zeroizing<String>,
    issuer: String,
    subject: String,
    email: Option<String>,
    email_verified: bool,
    audience: Vec<String>,
    expires: Option<Time>,
}

impl IdToken {
    /// Reads a JWT in compact form, white space around it ignored.
    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let text = text.trim();
        UnverifiedToken::parse(text).map_err(|error| not_a_token().because(&error))?;
        let payload = text.split('.').nth(1).unwrap_or_default();
        let payload =
            URL_SAFE_NO_PAD.decode(payload).map_err(|error| not_a_token().because(&error))?;
        let claims = json::parse(&payload, MAX_TOKEN_BYTES)
            .map_err(|error| not_a_token().because(&error))?;
        let word = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            issuer: word("iss").unwrap_or_default(),
            subject: word("sub").unwrap_or_default(),
            email: word("email").filter(|email| !email.is_empty()),
            email_verified: is_true(claims.get("email_verified")),
            audience: audience(claims.get("aud")),
            expires: claims.get("exp").and_then(Value::as_i64).map(Time::from_secs),
            raw: Zeroizing::new(text.to_owned()),
        })
    }

    /// The JWT itself: a secret until it expires.
    pub(crate) fn as_str(&self) -> &str {
        &self.raw
    }

    /// `iss`.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `email`, where the token has one.
    pub(crate) fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// Whom the token names, for people.
    pub(crate) fn who(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.subject)
    }

    /// What the proof of possession signs: the email where there is one, else the subject
    /// (sigstore/sigstore `pkg/oauthflow/flow.go`).
    pub(crate) fn principal(&self) -> Outcome<&str> {
        match &self.email {
            Some(email) if self.email_verified => Ok(email),
            Some(email) => Err(Failure::new(
                Exit::Identity,
                format!("the identity provider has not verified the address {email}"),
            )
            .note("issuer", &self.issuer)
            .hint("sign in with an account whose address is verified")),
            None if self.subject.is_empty() => Err(Failure::new(
                Exit::Identity,
                "the identity token names neither an email address nor a subject",
            )),
            None => Ok(&self.subject),
        }
    }

    /// Refuses early what the authority would refuse later, in clearer words.
    pub(crate) fn check(&self, audience: &str, now: Time) -> Outcome {
        if !self.audience.iter().any(|one| one == audience) {
            return Err(Failure::new(Exit::Identity, "the identity token is for another audience")
                .note("expected", audience)
                .note("found", self.audience.join(", "))
                .hint("ask the identity provider for a token with this audience"));
        }
        match self.expires {
            Some(expires) if expires < now => Err(Failure::new(
                Exit::Identity,
                format!("the identity token expired {} ago", ago(now.since(expires))),
            )
            .note("expired", expires.to_rfc3339())
            .note("this machine says", now.to_rfc3339())
            .hint(
                "siglite token makes a new one; if it is new, is the clock of this machine right?",
            )),
            _ => Ok(()),
        }
    }
}

/// The token is a secret; who is named is not.
impl std::fmt::Debug for IdToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdToken")
            .field("issuer", &self.issuer)
            .field("who", &self.who())
            .finish_non_exhaustive()
    }
}

/// Whether a text has the shape of a JWT rather than of a file name: three parts, the first of
/// which is base64url of a JSON object.
pub(crate) fn looks_like_jwt(text: &str) -> bool {
    let mut parts = text.trim().split('.');
    let header = parts.next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    header.is_some_and(|header| header.starts_with(b"{")) && parts.count() == 2
}

fn not_a_token() -> Failure {
    Failure::new(Exit::Identity, "not an identity token (a JWT in compact form)")
        .hint("siglite token prints one")
}

fn is_true(claim: Option<&Value>) -> bool {
    match claim {
        Some(Value::Bool(verified)) => *verified,
        // Some providers write it as a string, and Fulcio accepts that.
        Some(Value::String(text)) => text == "true" || text == "True",
        _ => false,
    }
}

fn audience(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => {
            many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn ago(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A token as it comes from a provider, with a signature that nobody here looks at.
    pub(crate) fn jwt(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = serde_json::json!({"alg": "RS256", "typ": "JWT", "kid": "1"});
        format!("{}.{}.{}", part(&header), part(claims), URL_SAFE_NO_PAD.encode([7; 256]))
    }

    fn alice() -> Value {
        serde_json::json!({
            "iss": "http://localhost:7070/oidc", "sub": "CgVhbGljZQ", "aud": "sigstore",
            "exp": 2_000_000_000, "email": "alice@example.org", "email_verified": true,
        })
    }

    #[test]
    fn a_person_proves_the_email_and_a_machine_the_subject() {
        let person = IdToken::parse(&jwt(&alice())).unwrap();
        assert_eq!(person.principal().unwrap(), "alice@example.org");
        let mut claims = alice();
        claims.as_object_mut().unwrap().remove("email");
        let machine = IdToken::parse(&jwt(&claims)).unwrap();
        assert_eq!(machine.principal().unwrap(), "CgVhbGljZQ");
    }

    #[test]
    fn an_unverified_address_is_refused_before_the_authority_is_asked() {
        let mut claims = alice();
        claims["email_verified"] = false.into();
        let failure = IdToken::parse(&jwt(&claims)).unwrap().principal().unwrap_err();
        assert_eq!(failure.exit, Exit::Identity);
        assert!(failure.sentence.contains("alice@example.org"));
    }

    #[test]
    fn an_expired_token_and_another_audience_are_named() {
        let token = IdToken::parse(&jwt(&alice())).unwrap();
        let late = Time::from_secs(2_000_000_600);
        let failure = token.check("sigstore", late).unwrap_err();
        assert_eq!(failure.sentence, "the identity token expired 10 min ago");
        let failure = token.check("other", Time::from_secs(0)).unwrap_err();
        assert_eq!(failure.exit, Exit::Identity);
        assert!(failure.notes.contains(&("found", "sigstore".to_owned())));
    }

    #[test]
    fn one_audience_of_several_is_enough() {
        let mut claims = alice();
        claims["aud"] = serde_json::json!(["other", "sigstore"]);
        let token = IdToken::parse(&jwt(&claims)).unwrap();
        assert!(token.check("sigstore", Time::from_secs(0)).is_ok());
    }

    #[test]
    fn a_file_name_does_not_look_like_a_token() {
        assert!(looks_like_jwt(&jwt(&alice())));
        for name in ["token.jwt", "a.b.c", "/run/token", "", "eyJ", "e30.e30"] {
            assert!(!looks_like_jwt(name), "{name}");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        let raw = jwt(&alice());
        let shown = format!("{:?}", IdToken::parse(&raw).unwrap());
        assert!(!shown.contains(raw.split('.').nth(1).unwrap()));
    }
}
