//! The claims of a token, with the few that OpenID Connect gives a meaning to.

use lite_time::Time;
use serde_json::{Map, Value};

use crate::json::{self, JsonError};
use crate::token::{MAX_TOKEN_BYTES, TokenError};

/// Whom a token is meant for: one name, or several (RFC 7519, Section 4.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(Vec<String>);

impl Audience {
    /// Whether `name` is among them, byte by byte.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|one| one == name)
    }
}

/// What a token says about its subject.
#[derive(Clone, PartialEq)]
pub struct Claims {
    all: Map<String, Value>,
    issuer: String,
    audience: Audience,
    expires: Time,
    not_before: Option<Time>,
}

impl Claims {
    /// Reads the payload of a token. `iss`, `aud` and `exp` must be there.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, TokenError> {
        let Value::Object(all) = json::parse(payload, MAX_TOKEN_BYTES)? else {
            return Err(TokenError::Json(JsonError::Shape));
        };
        let issuer = match all.get("iss") {
            Some(Value::String(issuer)) => issuer.clone(),
            _ => return Err(TokenError::IssuerMissing),
        };
        Ok(Self {
            audience: audience(&all)?,
            expires: numeric_date(&all, "exp")?.ok_or(TokenError::ExpiryMissing)?,
            not_before: numeric_date(&all, "nbf")?,
            issuer,
            all,
        })
    }

    /// `iss`: the URL of who issued the token.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`: whom the token is about, as the issuer names it; empty when absent.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.text("sub").unwrap_or("")
    }

    /// `aud`.
    #[must_use]
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// `exp`: the last second at which the token holds.
    #[must_use]
    pub const fn expires(&self) -> Time {
        self.expires
    }

    /// `nbf`: the first second at which the token holds.
    #[must_use]
    pub const fn not_before(&self) -> Option<Time> {
        self.not_before
    }

    /// `email`, when it is there and not empty.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.text("email").filter(|email| !email.is_empty())
    }

    /// `email_verified`: `true`, or the string `true` or `True`, which some providers write.
    #[must_use]
    pub fn email_verified(&self) -> bool {
        match self.all.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(text)) => text == "true" || text == "True",
            _ => false,
        }
    }

    /// The claim `name`, when it is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name).and_then(Value::as_str)
    }

    /// The claim `name`, of any type.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    /// Every claim with its name.
    #[must_use]
    pub const fn all(&self) -> &Map<String, Value> {
        &self.all
    }
}

/// Claims are personal: what is printed says which there are and not what they say.
impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.issuer)
            .field("names", &self.all.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

fn audience(all: &Map<String, Value>) -> Result<Audience, TokenError> {
    let names = match all.get("aud") {
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or(TokenError::AudienceMismatch)?,
        _ => return Err(TokenError::AudienceMismatch),
    };
    Ok(Audience(names))
}

/// RFC 7519, Section 2, `NumericDate`: seconds since the epoch, possibly with a fraction.
fn numeric_date(all: &Map<String, Value>, name: &str) -> Result<Option<Time>, TokenError> {
    match all.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => seconds(number).map(Some).ok_or(TokenError::DateShape),
        Some(_) => Err(TokenError::DateShape),
    }
}

fn seconds(number: &serde_json::Number) -> Option<Time> {
    /// Beyond 2^53 a double no longer counts seconds one by one.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(whole) = number.as_i64() {
        return Some(Time::from_secs(whole));
    }
    let float = number.as_f64().filter(|float| float.abs() < EXACT)?;
    #[expect(clippy::cast_possible_truncation, reason = "below 2^53, and the fraction is dropped")]
    Some(Time::from_secs(float.floor() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(payload: &str) -> Result<Claims, TokenError> {
        Claims::parse(payload.as_bytes())
    }

    #[test]
    fn reads_one_audience_or_several() {
        let one = parse(r#"{"iss":"i","aud":"a","exp":1}"#).unwrap();
        let many = parse(r#"{"iss":"i","aud":["b","a"],"exp":1.9}"#).unwrap();
        assert!(one.audience().contains("a") && !one.audience().contains("A"));
        assert!(many.audience().contains("a") && many.audience().contains("b"));
        assert_eq!(many.expires(), Time::from_secs(1));
    }

    #[test]
    fn reads_a_verified_email_in_three_spellings_and_no_other() {
        for (word, verified) in [
            ("true", true),
            ("\"true\"", true),
            ("\"True\"", true),
            ("\"TRUE\"", false),
            ("1", false),
            ("null", false),
        ] {
            let text = format!(r#"{{"iss":"i","aud":"a","exp":1,"email_verified":{word}}}"#);
            assert_eq!(parse(&text).unwrap().email_verified(), verified, "{word}");
        }
    }

    #[test]
    fn refuses_payloads_without_the_claims_that_bind() {
        for (payload, why) in [
            (r#"{"aud":"a","exp":1}"#, TokenError::IssuerMissing),
            (r#"{"iss":7,"aud":"a","exp":1}"#, TokenError::IssuerMissing),
            (r#"{"iss":"i","exp":1}"#, TokenError::AudienceMismatch),
            (r#"{"iss":"i","aud":["a",1],"exp":1}"#, TokenError::AudienceMismatch),
            (r#"{"iss":"i","aud":"a"}"#, TokenError::ExpiryMissing),
            (r#"{"iss":"i","aud":"a","exp":"1"}"#, TokenError::DateShape),
            (r#"{"iss":"i","aud":"a","exp":1e300}"#, TokenError::DateShape),
            (r#"{"iss":"i","aud":"a","exp":1,"nbf":[]}"#, TokenError::DateShape),
            ("[]", TokenError::Json(JsonError::Shape)),
        ] {
            assert_eq!(parse(payload), Err(why), "{payload}");
        }
    }

    #[test]
    fn debug_does_not_print_what_a_claim_says() {
        let claims = parse(r#"{"iss":"i","aud":"a","exp":1,"email":"ada@example.com"}"#).unwrap();
        assert!(!format!("{claims:?}").contains("ada"));
    }
}
