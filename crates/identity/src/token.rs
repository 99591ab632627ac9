//! An ID token, before and after it is believed.

use std::time::Duration;

use lite_time::Time;

use crate::algorithm::Algorithm;
use crate::claims::Claims;
use crate::json::JsonError;
use crate::jwk::KeySet;
use crate::jws::CompactJws;

/// The largest token that is read.
pub const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// How far `nbf` may lie ahead: clocks differ.
const NOT_BEFORE_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// A token that was read. Its claims say which issuer to ask for keys, and nothing that is true yet.
#[derive(Clone)]
pub struct UnverifiedToken {
    jws: CompactJws,
    claims: Claims,
}

/// A token whose signature, issuer, audience and times held.
#[derive(Clone, Debug, PartialEq)]
pub struct IdToken {
    claims: Claims,
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// `iss`, byte by byte.
    pub issuer: &'a str,
    /// What `aud` must contain.
    pub audience: &'a str,
    /// The algorithms this issuer's tokens may use.
    pub algorithms: &'a [Algorithm],
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// `alg` is not a public-key algorithm, or not one of this issuer.
    #[error("token algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// `aud` is not for us.
    #[error("token is for another audience")]
    AudienceMismatch,
    /// A part is not base64url without padding.
    #[error("token is not base64url")]
    Base64,
    /// The header asks for an extension.
    #[error("token header has a critical extension")]
    CriticalHeader,
    /// `exp` or `nbf` is not a number of seconds.
    #[error("token date is not a number")]
    DateShape,
    /// `exp` is past.
    #[error("token is expired")]
    Expired,
    /// There is no `exp`.
    #[error("token has no expiry")]
    ExpiryMissing,
    /// `iss` is another.
    #[error("token is of another issuer")]
    IssuerMismatch,
    /// There is no `iss`.
    #[error("token has no issuer")]
    IssuerMissing,
    /// Header or payload is not the JSON it should be.
    #[error("token: {0}")]
    Json(#[from] JsonError),
    /// The issuer has no key with this `kid`.
    #[error("token names an unknown key")]
    KeyUnknown,
    /// Not three parts with a dot between.
    #[error("token is not in compact form")]
    NotCompact,
    /// `nbf` lies more than five minutes ahead.
    #[error("token is not valid yet")]
    NotYetValid,
    /// No key of the issuer made this signature.
    #[error("token signature does not verify")]
    Signature,
    /// More than [`MAX_TOKEN_BYTES`].
    #[error("token is too large")]
    TooLarge,
}

impl UnverifiedToken {
    /// Reads a token in compact form.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let jws = CompactJws::parse(text)?;
        let claims = Claims::parse(&jws.payload)?;
        Ok(Self { jws, claims })
    }

    /// `iss` as the token has it: good for choosing whose keys to use, and for nothing else.
    #[must_use]
    pub fn unverified_issuer(&self) -> &str {
        self.claims.issuer()
    }

    /// `kid` of the header.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.jws.key_id.as_deref()
    }

    /// `alg` of the header.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.jws.algorithm
    }

    /// Believes the token if it holds at `now` (OpenID Connect Core 1.0, Section 3.1.3.7).
    ///
    /// Not looked at, as in Fulcio: `iat`, `nonce`, `at_hash`, `azp`, `jti` and `typ`. What is cheap is
    /// asked first, so that a hopeless token costs no signature check.
    pub fn verify(
        self,
        keys: &KeySet,
        expected: Expected<'_>,
        now: Time,
    ) -> Result<IdToken, TokenError> {
        if self.claims.issuer() != expected.issuer {
            return Err(TokenError::IssuerMismatch);
        }
        if !self.claims.audience().contains(expected.audience) {
            return Err(TokenError::AudienceMismatch);
        }
        if !expected.algorithms.contains(&self.jws.algorithm) {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        self.in_time(now)?;
        self.signed_by(keys)?;
        Ok(IdToken { claims: self.claims })
    }

    fn in_time(&self, now: Time) -> Result<(), TokenError> {
        if self.claims.expires() < now {
            return Err(TokenError::Expired);
        }
        match self.claims.not_before() {
            Some(start) if start > now.plus(NOT_BEFORE_LEEWAY) => Err(TokenError::NotYetValid),
            _ => Ok(()),
        }
    }

    fn signed_by(&self, keys: &KeySet) -> Result<(), TokenError> {
        if !keys.knows(self.key_id()) {
            return Err(TokenError::KeyUnknown);
        }
        let message = self.jws.signing_input.as_bytes();
        let verified = keys
            .candidates(self.key_id())
            .any(|key| key.verifies(self.jws.algorithm, message, &self.jws.signature));
        if verified { Ok(()) } else { Err(TokenError::Signature) }
    }
}

/// The token itself is a secret until it expires: it is not printed.
impl std::fmt::Debug for UnverifiedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnverifiedToken")
            .field("algorithm", &self.jws.algorithm)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

impl IdToken {
    /// What the token says.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }
}
