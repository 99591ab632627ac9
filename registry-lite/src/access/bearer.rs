//! Bearers: what a client shows instead of its password, for a few minutes and a few repositories.
//!
//! ```text
//! bearer = base64url(JSON body) "." base64url(HMAC-SHA-256(key, first part))
//! ```
//!
//! The key lives as long as the process, so that nothing is kept for a bearer, and a restart ends
//! them all; clients then ask for another.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lite_time::Time;
use serde::{Deserialize, Serialize};

/// How long a bearer is good for. Clients ask again when it is over, also amid a push.
pub(crate) const LIFE: Duration = Duration::from_secs(5 * 60);
/// Scopes of one bearer: clients ask for two, a mount's source and its target.
pub(crate) const MAX_SCOPES: usize = 16;

/// `TYPE:NAME:ACTION,ACTION` (distribution token specification, "Token scope").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scope {
    kind: String,
    name: String,
    pub(crate) actions: Vec<String>,
}

/// Gives and recognises bearers.
pub(crate) struct Bearers(hmac::Key);

#[derive(Serialize, Deserialize)]
struct Body {
    expires: i64,
    scopes: Vec<Scope>,
}

impl Scope {
    /// Reads one; `None` if it is of another shape.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        // A name may hold a port's colon in theory, actions never.
        let (name, actions) = rest.rsplit_once(':')?;
        let actions = actions.split(',').filter(|action| !action.is_empty());
        let actions = actions.map(str::to_owned).collect();
        Some(Self { kind: kind.to_owned(), name: name.to_owned(), actions })
    }

    pub(crate) fn allows(&self, kind: &str, name: &str, action: &str) -> bool {
        let acts = |one: &String| one == action || one == "*";
        self.kind == kind && self.name == name && self.actions.iter().any(acts)
    }
}

impl Bearers {
    /// A fresh key.
    pub(crate) fn new() -> Self {
        let mut key = [0; 32];
        lite_keys::fill_random(&mut key);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    pub(crate) fn give(&self, scopes: Vec<Scope>, now: Time) -> String {
        let body = Body { expires: now.plus(LIFE).millis(), scopes };
        // Strings and numbers always serialise; an empty body would simply be refused.
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&body).unwrap_or_default());
        let tag = hmac::sign(&self.0, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// What the bearer is good for; `None` if it is not ours, or over.
    pub(crate) fn open(&self, bearer: &str, now: Time) -> Option<Vec<Scope>> {
        let (text, tag) = bearer.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, text.as_bytes(), &tag).ok()?;
        let body: Body = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        (Time::from_millis(body.expires) > now).then_some(body.scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_what_it_names() {
        let scope = Scope::parse("repository:team/app:pull,push").unwrap();
        assert!(scope.allows("repository", "team/app", "push"));
        assert!(!scope.allows("repository", "team/app", "delete"));
        assert!(!scope.allows("repository", "team", "pull"));
        assert!(!scope.allows("registry", "team/app", "pull"));
        assert!(Scope::parse("registry:catalog:*").unwrap().allows("registry", "catalog", "x"));
        assert_eq!(Scope::parse("repository"), None);
        assert_eq!(Scope::parse("repository:a"), None);
    }

    #[test]
    fn a_bearer_is_ours_and_of_now_or_nothing() {
        let bearers = Bearers::new();
        let now = Time::from_secs(1000);
        let scopes = vec![Scope::parse("repository:a:pull").unwrap()];
        let bearer = bearers.give(scopes.clone(), now);
        assert_eq!(bearers.open(&bearer, now), Some(scopes));
        assert_eq!(bearers.open(&bearer, now.plus(LIFE)), None);
        assert_eq!(Bearers::new().open(&bearer, now), None);
        for at in 0..bearer.len() {
            let mut forged = bearer.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(bearers.open(&forged, now), None, "byte {at}");
        }
        assert_eq!(bearers.open("", now), None);
    }
}
