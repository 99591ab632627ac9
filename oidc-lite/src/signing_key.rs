//! An RSA key as OpenID Connect sees it: a JSON Web Key, and a signer of RS256.
//!
//! RS256 and no other: cosign takes a string for a token only if it parses as an RS256 JWT, and
//! the CLI of sigstore-js expects nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use der::Decode as _;
use der::asn1::UintRef;
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{PrivateSigningKey, SigningError};
use serde_json::json;
use spki::SubjectPublicKeyInfoRef;
use zeroize::Zeroizing;

use crate::secret::sha256_base64url;

const BITS: u32 = 2048;

/// A private RSA key, its JSON Web Key and its key ID.
pub(crate) struct RsaKey {
    key: SigningKey,
    kid: String,
    jwk: CoreJsonWebKey,
}

/// Why a key cannot sign tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RsaKeyError {
    /// Another kind of key.
    #[error("the key is not an RSA key")]
    NotRsa,
    /// Not PKCS#8 in PEM.
    #[error("the key is not a private key in PKCS#8 PEM")]
    Pem,
}

/// RFC 8017, Appendix A.1.1: `RSAPublicKey`.
#[derive(der::Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl RsaKey {
    /// A new key. Takes about a tenth of a second.
    pub(crate) fn generate() -> Result<RsaKey, RsaKeyError> {
        RsaKey::from_key(SigningKey::generate(KeyKind::Rsa(BITS)))
    }

    /// A key that was kept.
    pub(crate) fn from_pem(pem: &str) -> Result<RsaKey, RsaKeyError> {
        RsaKey::from_key(SigningKey::from_pkcs8_pem(pem).map_err(|_| RsaKeyError::Pem)?)
    }

    /// The key, to be kept.
    pub(crate) fn to_pem(&self) -> Zeroizing<String> {
        self.key.to_pkcs8_pem()
    }

    /// The public half as a member of a JSON Web Key set.
    pub(crate) fn jwk(&self) -> &CoreJsonWebKey {
        &self.jwk
    }

    /// The key ID: its JWK thumbprint.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    fn from_key(key: SigningKey) -> Result<RsaKey, RsaKeyError> {
        let not_rsa = |_| RsaKeyError::NotRsa;
        let spki = SubjectPublicKeyInfoRef::from_der(key.public().spki_der()).map_err(not_rsa)?;
        let rsa = RsaPublicKey::from_der(spki.subject_public_key.raw_bytes()).map_err(not_rsa)?;
        let n = URL_SAFE_NO_PAD.encode(rsa.modulus.as_bytes());
        let e = URL_SAFE_NO_PAD.encode(rsa.exponent.as_bytes());
        // RFC 7638, Section 3: the required members, in this order, without spaces.
        let kid = sha256_base64url(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#).as_bytes());
        // Built from JSON because the constructor cannot set `alg`, without which
        // google-oauth-java-client ignores a key.
        let jwk = serde_json::from_value(json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e,
        }))
        .map_err(|_| RsaKeyError::NotRsa)?;
        Ok(RsaKey { key, kid, jwk })
    }
}

impl PrivateSigningKey for RsaKey {
    type VerificationKey = CoreJsonWebKey;

    fn sign(
        &self,
        algorithm: &CoreJwsSigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SigningError> {
        if *algorithm != CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256 {
            return Err(SigningError::UnsupportedAlg("other than RS256".to_owned()));
        }
        self.key.sign(HashAlgorithm::Sha256, message).map_err(|_| SigningError::CryptoError)
    }

    fn as_verification_key(&self) -> CoreJsonWebKey {
        self.jwk.clone()
    }
}

impl std::fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RsaKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jwk_says_what_every_client_looks_for() {
        let key = RsaKey::generate().unwrap();
        let jwk = serde_json::to_value(key.jwk()).unwrap();
        let names: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!(
            (&jwk["alg"], &jwk["use"], &jwk["e"]),
            (&json!("RS256"), &json!("sig"), &json!("AQAB"))
        );
        assert_eq!(jwk["n"].as_str().unwrap().len(), 342);
        let again = RsaKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(again.jwk(), key.jwk());
    }

    #[test]
    fn the_public_half_verifies_what_the_private_half_signs() {
        use openidconnect::JsonWebKey as _;
        let key = RsaKey::generate().unwrap();
        let rs256 = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
        let signature = key.sign(&rs256, b"message").unwrap();
        key.jwk().verify_signature(&rs256, b"message", &signature).unwrap();
        assert!(key.jwk().verify_signature(&rs256, b"massage", &signature).is_err());
        assert!(key.sign(&CoreJwsSigningAlgorithm::RsaSsaPssSha256, b"message").is_err());
    }

    #[test]
    fn refuses_other_keys() {
        let p256 = SigningKey::generate(KeyKind::EcdsaP256).to_pkcs8_pem();
        assert_eq!(RsaKey::from_pem(&p256).unwrap_err(), RsaKeyError::NotRsa);
        assert_eq!(RsaKey::from_pem("x").unwrap_err(), RsaKeyError::Pem);
    }
}
