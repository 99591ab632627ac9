//! The signed entry timestamp: the log's promise that an entry is in it since a time.

use lite_bundle::promised_bytes;
use lite_keys::{HashAlgorithm, SignError, SigningKey};
use lite_tlog::LogId;

/// Signs the promise: ECDSA over SHA-256, DER.
pub(crate) fn sign(
    key: &SigningKey,
    leaf: &[u8],
    integrated: i64,
    log_id: &LogId,
    index: u64,
) -> Result<Vec<u8>, SignError> {
    key.sign(HashAlgorithm::Sha256, &promised_bytes(leaf, integrated, &log_id.0, index))
}
