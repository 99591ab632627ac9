//! The signed entry timestamp: the log's promise that an entry is in it since a time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{HashAlgorithm, SignError, SigningKey};
use lite_tlog::LogId;

/// The bytes that are signed: RFC 8785 of body, time, log and index, in the order of their names.
/// None of them holds a character that JSON escapes.
pub(crate) fn signed_bytes(leaf: &[u8], integrated: i64, log_id: &LogId, index: u64) -> Vec<u8> {
    let (body, log_id) = (STANDARD.encode(leaf), hex::encode(log_id.0));
    let text = format!(
        r#"{{"body":"{body}","integratedTime":{integrated},"logID":"{log_id}","logIndex":{index}}}"#
    );
    text.into_bytes()
}

/// Signs the promise: ECDSA over SHA-256, DER.
pub(crate) fn sign(
    key: &SigningKey,
    leaf: &[u8],
    integrated: i64,
    log_id: &LogId,
    index: u64,
) -> Result<Vec<u8>, SignError> {
    key.sign(HashAlgorithm::Sha256, &signed_bytes(leaf, integrated, log_id, index))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_signed_is_canonical_json() {
        let leaf = br#"{"apiVersion":"0.0.1"}"#;
        let value = json!({
            "logIndex": 9_007_199_254_740_991_u64,
            "logID": "07".repeat(32),
            "integratedTime": 1_700_000_000,
            "body": STANDARD.encode(leaf),
        });
        assert_eq!(
            signed_bytes(leaf, 1_700_000_000, &LogId([7; 32]), 9_007_199_254_740_991),
            serde_json_canonicalizer::to_vec(&value).unwrap()
        );
    }
}
