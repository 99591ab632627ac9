//! Proof Key for Code Exchange (RFC 7636), method S256 and no other.

use serde::{Deserialize, Serialize};

use crate::secret::{is_token, same, sha256_base64url};

/// A code challenge: who redeems the code must know what it is the SHA-256 of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Challenge(String);

/// Why there is no challenge to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChallengeError {
    /// 43 characters of base64url are a SHA-256.
    #[error("code_challenge is not the SHA-256 of a verifier")]
    Malformed,
    /// Without method, RFC 7636 means `plain`, which proves nothing to a listener.
    #[error("code_challenge_method must be S256")]
    Method,
    /// PKCE is not optional here: the client has no secret.
    #[error("code_challenge is required")]
    Missing,
}

impl Challenge {
    /// Reads `code_challenge` and `code_challenge_method`.
    pub(crate) fn parse(
        challenge: Option<&str>,
        method: Option<&str>,
    ) -> Result<Challenge, ChallengeError> {
        let challenge = challenge.ok_or(ChallengeError::Missing)?;
        if method != Some("S256") {
            return Err(ChallengeError::Method);
        }
        if !is_token(challenge) {
            return Err(ChallengeError::Malformed);
        }
        Ok(Challenge(challenge.to_owned()))
    }

    /// RFC 7636, Section 4.6: `BASE64URL-ENCODE(SHA256(ASCII(code_verifier))) == code_challenge`.
    pub(crate) fn is_met_by(&self, verifier: Option<&str>) -> bool {
        let Some(verifier) = verifier.filter(|v| is_verifier(v)) else { return false };
        same(sha256_base64url(verifier.as_bytes()).as_bytes(), self.0.as_bytes())
    }
}

/// RFC 7636, Section 4.1: 43 to 128 unreserved characters.
fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636, Appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_holds() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        assert!(challenge.is_met_by(Some(VERIFIER)));
        assert!(!challenge.is_met_by(Some(CHALLENGE)));
        assert!(!challenge.is_met_by(Some("short")));
        assert!(!challenge.is_met_by(None));
    }

    #[test]
    fn refuses_each_other_way() {
        let parse = |c, m| Challenge::parse(c, m).unwrap_err();
        assert_eq!(parse(None, Some("S256")), ChallengeError::Missing);
        assert_eq!(parse(Some(CHALLENGE), None), ChallengeError::Method);
        assert_eq!(parse(Some(CHALLENGE), Some("plain")), ChallengeError::Method);
        assert_eq!(parse(Some("short"), Some("S256")), ChallengeError::Malformed);
        let padded = format!("{}=", &CHALLENGE[..42]);
        assert_eq!(parse(Some(&padded), Some("S256")), ChallengeError::Malformed);
    }
}
