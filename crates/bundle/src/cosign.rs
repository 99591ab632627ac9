//! The pieces in which cosign's older formats keep what a bundle holds in one file: a log's promise
//! and a timestamp, each a JSON document of its own.
//!
//! ```text
//! {"SignedEntryTimestamp":"<base64>","Payload":{"body":"<base64>","integratedTime":1,"logIndex":1,"logID":"<hex>"}}
//! {"SignedRFC3161Timestamp":"<base64 of a DER TimeStampResp>"}
//! ```
//!
//! sigstore/cosign `pkg/cosign/bundle/{rekor,tsa}.go`. Neither has room for an inclusion proof or a
//! checkpoint, so that an entry of a v2 log, which makes no promise, cannot be kept this way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::JsonError;
use crate::entry::TransparencyLogEntry;

/// Longest of these documents; the body of an attestation's entry holds the attestation's digest,
/// not the attestation.
const MAX_BYTES: usize = 1 << 20;

/// Why a text is not one of the pieces.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PieceError {
    /// Not base64 or hexadecimal.
    #[error("{0} is not readable")]
    Encoding(&'static str),
    /// Not JSON, or JSON of another shape.
    #[error("it does not parse: {0}")]
    Json(#[from] JsonError),
    /// A negative index.
    #[error("logIndex is negative")]
    Negative,
    /// Longer than 1 MiB.
    #[error("it is longer than 1 MiB")]
    TooLong,
    /// The body names no kind of entry.
    #[error("body is no entry of a log")]
    UnknownKind,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WirePromise {
    signed_entry_timestamp: String,
    payload: WirePayload,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePayload {
    body: String,
    integrated_time: i64,
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Serialize, Deserialize)]
struct WireTimestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed: String,
}

/// What every entry says about itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    api_version: String,
    kind: String,
}

/// Reads a promise with the entry it is about: an entry with a SET and without a proof.
pub fn parse_promise(json: &[u8]) -> Result<TransparencyLogEntry, PieceError> {
    let wire: WirePromise = read(json)?;
    let body = decode("body", &wire.payload.body)?;
    let Kind { api_version, kind } =
        serde_json::from_slice(&body).map_err(|_| PieceError::UnknownKind)?;
    Ok(TransparencyLogEntry {
        log_index: u64::try_from(wire.payload.log_index).map_err(|_| PieceError::Negative)?,
        log_id: hex::decode(&wire.payload.log_id).map_err(|_| PieceError::Encoding("logID"))?,
        kind,
        version: api_version,
        integrated_time: Some(wire.payload.integrated_time),
        inclusion_promise: Some(decode("SignedEntryTimestamp", &wire.signed_entry_timestamp)?),
        inclusion_proof: None,
        canonicalized_body: body,
    })
}

/// Writes the promise of an entry; `None` for one without a promise, as those of v2 logs are.
#[must_use]
pub fn promise_json(entry: &TransparencyLogEntry) -> Option<String> {
    let wire = WirePromise {
        signed_entry_timestamp: STANDARD.encode(entry.inclusion_promise.as_ref()?),
        payload: WirePayload {
            body: STANDARD.encode(&entry.canonicalized_body),
            integrated_time: entry.integrated_time?,
            log_index: i64::try_from(entry.log_index).ok()?,
            log_id: hex::encode(&entry.log_id),
        },
    };
    serde_json::to_string(&wire).ok()
}

/// Reads a timestamp: a DER `TimeStampResp`.
pub fn parse_timestamp(json: &[u8]) -> Result<Vec<u8>, PieceError> {
    let wire: WireTimestamp = read(json)?;
    decode("SignedRFC3161Timestamp", &wire.signed)
}

/// Writes a timestamp.
#[must_use]
pub fn timestamp_json(der: &[u8]) -> String {
    // One string always serialises.
    serde_json::to_string(&WireTimestamp { signed: STANDARD.encode(der) }).unwrap_or_default()
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, PieceError> {
    if json.len() > MAX_BYTES {
        return Err(PieceError::TooLong);
    }
    serde_json::from_slice(json).map_err(|error| JsonError::from(error).into())
}

fn decode(member: &'static str, text: &str) -> Result<Vec<u8>, PieceError> {
    STANDARD.decode(text).map_err(|_| PieceError::Encoding(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> TransparencyLogEntry {
        TransparencyLogEntry {
            log_index: 7,
            log_id: vec![0xab; 32],
            kind: "hashedrekord".to_owned(),
            version: "0.0.1".to_owned(),
            integrated_time: Some(1_700_000_000),
            inclusion_promise: Some(b"set".to_vec()),
            inclusion_proof: None,
            canonicalized_body: br#"{"apiVersion":"0.0.1","kind":"hashedrekord"}"#.to_vec(),
        }
    }

    #[test]
    fn a_promise_survives_the_round_trip() {
        let json = promise_json(&entry()).unwrap();
        assert!(
            json.starts_with(r#"{"SignedEntryTimestamp":"c2V0","Payload":{"body":""#),
            "{json}"
        );
        assert_eq!(parse_promise(json.as_bytes()), Ok(entry()));
    }

    #[test]
    fn an_entry_without_a_promise_cannot_be_written() {
        assert_eq!(
            promise_json(&TransparencyLogEntry { inclusion_promise: None, ..entry() }),
            None
        );
        assert_eq!(promise_json(&TransparencyLogEntry { integrated_time: None, ..entry() }), None);
    }

    #[test]
    fn a_timestamp_survives_the_round_trip() {
        let json = timestamp_json(b"der");
        assert_eq!(json, r#"{"SignedRFC3161Timestamp":"ZGVy"}"#);
        assert_eq!(parse_timestamp(json.as_bytes()), Ok(b"der".to_vec()));
    }

    #[test]
    fn refuses_what_is_no_piece() {
        let good = promise_json(&entry()).unwrap();
        for (from, to, error) in [
            ("c2V0", "?", PieceError::Encoding("SignedEntryTimestamp")),
            ("abab", "xyzz", PieceError::Encoding("logID")),
            (r#""logIndex":7"#, r#""logIndex":-7"#, PieceError::Negative),
            (r#""body":""#, r#""body":"AAAA"#, PieceError::UnknownKind),
        ] {
            let changed = good.replacen(from, to, 1);
            assert_ne!(changed, good);
            assert_eq!(parse_promise(changed.as_bytes()), Err(error));
        }
        assert!(matches!(parse_promise(b"{}"), Err(PieceError::Json(_))));
        assert!(matches!(parse_timestamp(b"[]"), Err(PieceError::Json(_))));
        assert_eq!(parse_timestamp(&vec![b' '; MAX_BYTES + 1]), Err(PieceError::TooLong));
    }
}
