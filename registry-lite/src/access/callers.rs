//! Who is behind an ID token.

use std::sync::Arc;

use lite_identity::{Algorithm, Expected, KeySet, TokenError, UnverifiedToken};
use lite_time::Time;

/// The keys that an issuer signs with, and how.
#[derive(Clone)]
pub struct IssuerKeys {
    /// The keys.
    pub keys: Arc<KeySet>,
    /// The algorithms they may be used with.
    pub algorithms: Arc<[Algorithm]>,
}

/// The keys of the identity provider whose ID tokens are passwords here.
///
/// *Trusted*: whoever chooses the keys can push as anybody.
pub trait KeySource: Send + Sync {
    /// The keys now, hopefully with the one of this `kid`; `None` if they cannot be had. It may wait,
    /// so it is called on threads that may.
    fn keys(&self, key_id: Option<&str>) -> Option<IssuerKeys>;
}

/// The one issuer whose tokens count.
pub(crate) struct Callers {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) keys: Arc<dyn KeySource>,
}

/// Why nobody is behind a token. The caller is told nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallerError {
    #[error("the issuer's keys cannot be had")]
    KeysUnavailable,
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Callers {
    /// The subject of a token that holds.
    pub(crate) fn caller(&self, token: &str, now: Time) -> Result<String, CallerError> {
        let token = UnverifiedToken::parse(token)?;
        if token.unverified_issuer() != self.issuer {
            // No keys are fetched for a stranger.
            return Err(TokenError::IssuerMismatch.into());
        }
        let found = self.keys.keys(token.key_id()).ok_or(CallerError::KeysUnavailable)?;
        let expected = Expected {
            issuer: &self.issuer,
            audience: &self.audience,
            algorithms: &found.algorithms,
        };
        let token = token.verify(&found.keys, expected, now)?;
        Ok(token.claims().email().unwrap_or(token.claims().subject()).to_owned())
    }
}
