//! Key sets (RFC 7517) and the verification of one signature with one key.

use aws_lc_rs::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::json::{self, JsonError};

/// The largest key set that is read.
pub const MAX_KEY_SET_BYTES: usize = 256 * 1024;

/// The most keys a set may hold: a token without `kid` is tried with each.
pub const MAX_KEYS: usize = 64;

/// The public keys of an issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

/// One public key of an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    id: Option<String>,
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ec { curve: Curve, point: Vec<u8> },
    Ed25519 { raw: Vec<u8> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

/// Why bytes are not a key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// The text is not the JSON it should be.
    #[error("key set: {0}")]
    Json(#[from] JsonError),
    /// More keys than [`MAX_KEYS`].
    #[error("key set has too many keys")]
    TooManyKeys,
}

impl KeySet {
    /// Reads a key set. A key that cannot verify an ID token (a shared secret, an encryption key,
    /// an unknown curve, an RSA key under 2048 bits) is left out, as RFC 7517, Section 5 asks, so
    /// that one odd key does not lock everyone out.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        let wire: Wire = json::parse_as(bytes, MAX_KEY_SET_BYTES)?;
        if wire.keys.len() > MAX_KEYS {
            return Err(KeySetError::TooManyKeys);
        }
        Ok(Self(wire.keys.into_iter().filter_map(Key::read).collect()))
    }

    /// The keys that can verify.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// Whether a token that names `key_id` could be verified by this set. A token that names none
    /// could, by any.
    #[must_use]
    pub fn knows(&self, key_id: Option<&str>) -> bool {
        self.candidates(key_id).next().is_some()
    }

    pub(crate) fn candidates<'a>(
        &'a self,
        key_id: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Key> {
        self.0.iter().filter(move |key| key_id.is_none() || key.id.as_deref() == key_id)
    }
}

impl Key {
    /// `kid`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether `signature` over `message` was made with this key and `algorithm`.
    #[must_use]
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        // RFC 7517, Section 4.4: a key that names its algorithm is for that one alone.
        if self.algorithm.as_deref().is_some_and(|only| only != algorithm.name()) {
            return false;
        }
        match &self.material {
            Material::Rsa { modulus, exponent } => rsa(algorithm).is_some_and(|parameters| {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, message, signature).is_ok()
            }),
            Material::Ec { curve, point } => ecdsa(*curve, algorithm).is_some_and(|how| {
                UnparsedPublicKey::new(how, point).verify(message, signature).is_ok()
            }),
            Material::Ed25519 { raw } => {
                algorithm == Algorithm::EdDsa
                    && UnparsedPublicKey::new(&signature::ED25519, raw)
                        .verify(message, signature)
                        .is_ok()
            }
        }
    }

    fn read(value: Value) -> Option<Self> {
        let wire: WireKey = serde_json::from_value(value).ok()?;
        // RFC 7517, Section 4.2 and 4.3: a key may say that it is not for signatures.
        if wire.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        if wire.operations.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify")) {
            return None;
        }
        let material = match wire.kind.as_str() {
            "RSA" => read_rsa(wire.n.as_deref()?, wire.e.as_deref()?)?,
            "EC" => read_ec(wire.crv.as_deref()?, wire.x.as_deref()?, wire.y.as_deref()?)?,
            "OKP" if wire.crv.as_deref()? == "Ed25519" => {
                Material::Ed25519 { raw: exactly(32, wire.x.as_deref()?)? }
            }
            _ => return None,
        };
        Some(Self { id: wire.kid, algorithm: wire.alg, material })
    }
}

#[derive(Deserialize)]
struct Wire {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct WireKey {
    #[serde(rename = "kty")]
    kind: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    #[serde(rename = "key_ops")]
    operations: Option<Vec<String>>,
    kid: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// RFC 7518, Section 6.3.1: `Base64urlUInt`; some write a leading zero octet all the same.
fn read_rsa(modulus: &str, exponent: &str) -> Option<Material> {
    let strip = |text| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(bytes[zeros..].to_vec())
    };
    let (modulus, exponent) = (strip(modulus)?, strip(exponent)?);
    // RFC 7518, Section 3.3: "A key of size 2048 bits or larger MUST be used".
    let bits = modulus.len() * 8 - usize::try_from(modulus.first()?.leading_zeros()).ok()?;
    ((2048..=8192).contains(&bits) && !exponent.is_empty())
        .then_some(Material::Rsa { modulus, exponent })
}

/// RFC 7518, Section 6.2.1.2: coordinates have the full size of the field.
fn read_ec(curve: &str, x: &str, y: &str) -> Option<Material> {
    let (curve, size) = match curve {
        "P-256" => (Curve::P256, 32),
        "P-384" => (Curve::P384, 48),
        "P-521" => (Curve::P521, 66),
        _ => return None,
    };
    // SEC 1, Section 2.3.3: an uncompressed point. Whether it is on the curve is asked by the
    // verification.
    let point = [vec![0x04], exactly(size, x)?, exactly(size, y)?].concat();
    Some(Material::Ec { curve, point })
}

fn exactly(size: usize, text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == size)
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    })
}

/// RFC 7518, Section 3.4: each algorithm has one curve, and R and S stand side by side.
fn ecdsa(curve: Curve, algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (curve, algorithm) {
        (Curve::P256, Algorithm::Es256) => &signature::ECDSA_P256_SHA256_FIXED,
        (Curve::P384, Algorithm::Es384) => &signature::ECDSA_P384_SHA384_FIXED,
        (Curve::P521, Algorithm::Es512) => &signature::ECDSA_P521_SHA512_FIXED,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, Appendix A.2 and A.4.
    const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"ed"}"#;

    fn parse(keys: &str) -> KeySet {
        KeySet::parse(format!(r#"{{"keys":[{keys}]}}"#).as_bytes()).unwrap()
    }

    #[test]
    fn verifies_the_example_of_rfc_8037() {
        let signature = URL_SAFE_NO_PAD
            .decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
            .unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let set = parse(ED25519);
        assert!(set.keys()[0].verifies(Algorithm::EdDsa, message, &signature));
        assert!(!set.keys()[0].verifies(Algorithm::Es256, message, &signature));
        assert!(!set.keys()[0].verifies(Algorithm::EdDsa, b"another", &signature));
    }

    #[test]
    fn leaves_out_keys_that_cannot_verify_a_token() {
        let weak =
            format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, URL_SAFE_NO_PAD.encode([0xff; 128]));
        for odd in [
            r#"{"kty":"oct","k":"c2VjcmV0"}"#,
            r#"{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            r#"{"kty":"RSA","n":"","e":"AQAB"}"#,
            r#"{"kty":7}"#,
            r#""key""#,
            &ED25519.replace("\"kid\"", "\"use\":\"enc\",\"kid\""),
            &ED25519.replace("\"kid\"", "\"key_ops\":[\"sign\"],\"kid\""),
            &weak,
        ] {
            assert_eq!(parse(odd).keys(), [], "{odd}");
            assert_eq!(parse(&format!("{odd},{ED25519}")).keys().len(), 1, "{odd}");
        }
    }

    #[test]
    fn a_key_that_names_its_algorithm_is_for_that_one_alone() {
        let named = ED25519.replace("\"kid\"", "\"alg\":\"RS256\",\"kid\"");
        assert!(!parse(&named).keys()[0].verifies(Algorithm::EdDsa, b"", b""));
    }

    #[test]
    fn finds_keys_by_their_id() {
        let set = parse(ED25519);
        assert!(set.knows(Some("ed")) && set.knows(None) && !set.knows(Some("other")));
        assert!(!KeySet::default().knows(None));
    }

    #[test]
    fn refuses_too_many_keys() {
        let many = vec![ED25519; MAX_KEYS + 1].join(",");
        let text = format!(r#"{{"keys":[{many}]}}"#);
        assert_eq!(KeySet::parse(text.as_bytes()), Err(KeySetError::TooManyKeys));
        assert_eq!(KeySet::parse(b"{}"), Err(KeySetError::Json(JsonError::Shape)));
    }
}
