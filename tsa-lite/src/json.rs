//! The request as JSON, which sigstore-js sends instead of `TimeStampReq`.
//!
//! ```text
//! {"artifactHash":"<base64 digest>","hashAlgorithm":"sha256","certificates":true,
//!  "nonce":<integer of any size>,"tsaPolicyOID":"1.2.3"}
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::HashAlgorithm;
use lite_pki::oid::ObjectIdentifier;
use lite_pki::timestamp::{MAX_NONCE, TimestampRequest, TimestampRequestError};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Members we do not know are passed over, as upstream does.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonRequest {
    #[serde(default)]
    artifact_hash: String,
    #[serde(default)]
    hash_algorithm: String,
    #[serde(default)]
    certificates: bool,
    /// Raw, because it may have more digits than any number type of JSON libraries.
    #[serde(default)]
    nonce: Option<Box<RawValue>>,
    #[serde(default, rename = "tsaPolicyOID")]
    policy: String,
}

/// Reads a request in JSON.
pub(crate) fn parse(body: &[u8]) -> Result<TimestampRequest, TimestampRequestError> {
    use TimestampRequestError as Refusal;
    // serde would read a list as the members in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::Malformed);
    }
    let json: JsonRequest = serde_json::from_slice(body).map_err(|_| Refusal::Malformed)?;
    let hash = HashAlgorithm::ALL
        .into_iter()
        .find(|hash| hash.short_name().eq_ignore_ascii_case(&json.hash_algorithm))
        .ok_or(Refusal::WeakHash)?;
    let digest = STANDARD.decode(&json.artifact_hash).map_err(|_| Refusal::Malformed)?;
    if digest.len() != hash.size() {
        return Err(Refusal::DigestLength);
    }
    let policy = match json.policy.as_str() {
        "" => None,
        text => Some(ObjectIdentifier::new(text).map_err(|_| Refusal::OidTooLong)?),
    };
    let nonce = json.nonce.map(|raw| integer(raw.get())).transpose()?;
    Ok(TimestampRequest { hash, digest, policy, nonce, cert_req: json.certificates })
}

/// The content of the DER INTEGER with these decimal digits.
fn integer(digits: &str) -> Result<Vec<u8>, TimestampRequestError> {
    // Each digit is more than three bits, so more digits than these make more bytes than allowed.
    if digits.len() > MAX_NONCE * 8 / 3 {
        return Err(TimestampRequestError::TooLarge);
    }
    let mut little_endian = vec![0_u8];
    for digit in digits.bytes() {
        if !digit.is_ascii_digit() {
            return Err(TimestampRequestError::Malformed);
        }
        let mut carry = u16::from(digit - b'0');
        for byte in &mut little_endian {
            let [high, low] = (u16::from(*byte) * 10 + carry).to_be_bytes();
            (*byte, carry) = (low, u16::from(high));
        }
        if carry > 0 {
            little_endian.push(carry.to_le_bytes()[0]);
        }
    }
    // A leading zero before a high bit: the integer is not negative.
    if little_endian.last().is_some_and(|byte| *byte >= 0x80) {
        little_endian.push(0);
    }
    if little_endian.len() > MAX_NONCE {
        return Err(TimestampRequestError::TooLarge);
    }
    little_endian.reverse();
    Ok(little_endian)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_size_become_der() {
        for (digits, content) in [
            ("0", &[0][..]),
            ("127", &[0x7F]),
            ("128", &[0, 0x80]),
            ("255", &[0, 0xFF]),
            ("256", &[1, 0]),
            ("18446744073709551616", &[1, 0, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            assert_eq!(integer(digits).as_deref(), Ok(content), "{digits}");
        }
        assert_eq!(integer("-1"), Err(TimestampRequestError::Malformed));
        assert_eq!(integer("1.5"), Err(TimestampRequestError::Malformed));
        assert_eq!(integer("\"1\""), Err(TimestampRequestError::Malformed));
        assert_eq!(integer(&"9".repeat(341)), Err(TimestampRequestError::TooLarge));
        assert_eq!(integer(&"9".repeat(342)), Err(TimestampRequestError::TooLarge));
        assert_eq!(integer(&"9".repeat(300)).map(|content| content.len()), Ok(125));
    }
}
