//! The discovery document of an issuer (OpenID Connect Discovery 1.0, Section 3).

use serde::Deserialize;
use url::Url;

use crate::algorithm::Algorithm;
use crate::json::{self, JsonError};

/// The largest discovery document that is read.
pub const MAX_DISCOVERY_BYTES: usize = 256 * 1024;

/// What a verifier needs of an issuer's discovery document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    issuer: String,
    jwks_uri: Url,
    algorithms: Vec<Algorithm>,
}

/// Why a discovery document is not the one of this issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// `issuer` is not byte by byte the URL that was asked.
    #[error("discovery document is of another issuer")]
    IssuerMismatch,
    /// The text is not the JSON it should be.
    #[error("discovery document: {0}")]
    Json(#[from] JsonError),
    /// `jwks_uri` is not an absolute `http` or `https` URL.
    #[error("jwks_uri is not an http or https URL")]
    KeySetUrl,
}

impl Discovery {
    /// Reads the document that `issuer` served.
    pub fn parse(bytes: &[u8], issuer: &str) -> Result<Self, DiscoveryError> {
        let wire: Wire = json::parse_as(bytes, MAX_DISCOVERY_BYTES)?;
        // OpenID Connect Discovery 1.0, Section 4.3: "The issuer value returned MUST be identical
        // to the Issuer URL that was used as the prefix".
        if wire.issuer != issuer {
            return Err(DiscoveryError::IssuerMismatch);
        }
        let jwks_uri = Url::parse(&wire.jwks_uri).map_err(|_| DiscoveryError::KeySetUrl)?;
        if !matches!(jwks_uri.scheme(), "http" | "https") {
            return Err(DiscoveryError::KeySetUrl);
        }
        Ok(Self { issuer: wire.issuer, jwks_uri, algorithms: allowed(&wire.algorithms) })
    }

    /// The URL of the discovery document of `issuer`.
    #[must_use]
    pub fn url_of(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }

    /// `issuer`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `jwks_uri`: where the keys are.
    #[must_use]
    pub const fn jwks_uri(&self) -> &Url {
        &self.jwks_uri
    }

    /// The algorithms its tokens may use: those it lists that are public-key ones, RS256 if none.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }
}

#[derive(Deserialize)]
struct Wire {
    issuer: String,
    jwks_uri: String,
    #[serde(default, rename = "id_token_signing_alg_values_supported")]
    algorithms: Vec<String>,
}

fn allowed(names: &[String]) -> Vec<Algorithm> {
    let known: Vec<_> = names.iter().filter_map(|name| Algorithm::from_name(name)).collect();
    // OpenID Connect Discovery 1.0, Section 3: "The algorithm RS256 MUST be included".
    if known.is_empty() { vec![Algorithm::Rs256] } else { known }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example/realm";

    fn document(issuer: &str, jwks: &str, more: &str) -> String {
        format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks}"{more}}}"#)
    }

    #[test]
    fn keeps_the_public_key_algorithms_it_knows() {
        let listed = r#","id_token_signing_alg_values_supported":["none","HS256","ES256","RS256"]"#;
        let text = document(ISSUER, "https://id.example/keys", listed);
        let read = Discovery::parse(text.as_bytes(), ISSUER).unwrap();
        assert_eq!(read.algorithms(), [Algorithm::Es256, Algorithm::Rs256]);

        let text = document(ISSUER, "https://id.example/keys", "");
        let read = Discovery::parse(text.as_bytes(), ISSUER).unwrap();
        assert_eq!(read.algorithms(), [Algorithm::Rs256]);
    }

    #[test]
    fn refuses_another_issuer_and_a_key_set_that_is_not_a_web_address() {
        let reject = |text: String, why| {
            assert_eq!(Discovery::parse(text.as_bytes(), ISSUER), Err(why), "{text}");
        };
        reject(
            document("https://id.example/realm/", "https://x/", ""),
            DiscoveryError::IssuerMismatch,
        );
        reject(document(ISSUER, "file:///etc/passwd", ""), DiscoveryError::KeySetUrl);
        reject(document(ISSUER, "/keys", ""), DiscoveryError::KeySetUrl);
        reject("{}".into(), DiscoveryError::Json(JsonError::Shape));
        reject("<html>".into(), DiscoveryError::Json(JsonError::Syntax));
    }
}
