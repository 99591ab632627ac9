//! The pieces of vectors, each on its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::bundle;

/// The bytes in base64 at a path of a bundle.
pub(crate) fn at(name: &str, pointer: &str) -> Vec<u8> {
    let json: serde_json::Value = serde_json::from_slice(&bundle(name)).unwrap();
    let text = json.pointer(pointer).and_then(serde_json::Value::as_str);
    STANDARD.decode(text.unwrap_or_else(|| panic!("{name} has no {pointer}"))).unwrap()
}

/// The certificate of a happy path, DER.
pub(crate) fn certificate() -> Vec<u8> {
    at("rekor2-happy-path", "/verificationMaterial/certificate/rawBytes")
}

/// The timestamp of a happy path, DER.
pub(crate) fn timestamp() -> Vec<u8> {
    at(
        "rekor2-happy-path",
        "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
    )
}

/// The checkpoint of a happy path.
pub(crate) fn checkpoint() -> Vec<u8> {
    let json: serde_json::Value = serde_json::from_slice(&bundle("rekor2-happy-path")).unwrap();
    let path = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
    json.pointer(path).unwrap().as_str().unwrap().as_bytes().to_vec()
}

/// A part of a bundle as JSON.
pub(crate) fn part(name: &str, pointer: &str) -> Vec<u8> {
    let json: serde_json::Value = serde_json::from_slice(&bundle(name)).unwrap();
    json.pointer(pointer).unwrap().to_string().into_bytes()
}
