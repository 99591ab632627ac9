//! The transparency log, API v2: entries in; entries, tiles and checkpoints out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use lite_bundle::TransparencyLogEntry;
use lite_bundle::body::{EntryVerifier, HashedRekord002};
use serde_json::json;

use super::{Web, below};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

const WHAT: &str = "the transparency log";

/// Asks the log to take a signature. The answer's proof and checkpoint are unverified.
pub(crate) async fn create_entry(
    web: &Web,
    base: &str,
    entry: &HashedRekord002,
) -> Outcome<TransparencyLogEntry> {
    let verifier = match &entry.verifier {
        EntryVerifier::Certificate(der) => json!({
            "x509Certificate": { "rawBytes": STANDARD.encode(der) },
            "keyDetails": entry.key_details.name(),
        }),
        EntryVerifier::PublicKey(der) => json!({
            "publicKey": { "rawBytes": STANDARD.encode(der) },
            "keyDetails": entry.key_details.name(),
        }),
    };
    let body = json!({
        "hashedRekordRequestV002": {
            "digest": STANDARD.encode(&entry.digest),
            "signature": { "content": STANDARD.encode(&entry.signature), "verifier": verifier },
        },
    });
    let answer = web.post_json(WHAT, &below(base, "api/v2/log/entries"), &body, None).await?;
    match answer.status {
        StatusCode::CREATED => TransparencyLogEntry::parse(&answer.body)
            .map_err(|error| answer.nonsense(WHAT).because(&error)),
        // A log in strict mode keeps the proof of the earlier entry to itself.
        StatusCode::CONFLICT => Err(answer
            .refusal(WHAT)
            .hint("this very signature is logged already: use the bundle that was made then")),
        _ => Err(answer.refusal(WHAT)),
    }
}

/// The newest checkpoint, unverified.
pub(crate) async fn checkpoint(web: &Web, base: &str) -> Outcome<Vec<u8>> {
    let answer = web.get(WHAT, &below(base, "api/v2/checkpoint")).await?;
    Ok(answer.with_status(WHAT, StatusCode::OK)?.body.to_vec())
}

/// A tile or an entry bundle by its path, partial where the tree ends in it; a log that has let go
/// of the partial one has the full one, of which it is a prefix.
pub(crate) async fn resource(
    web: &Web,
    base: &str,
    path: &str,
    full_path: &str,
) -> Outcome<Vec<u8>> {
    let get = |path: &str| below(base, &format!("api/v2/{path}"));
    let mut answer = web.get(WHAT, &get(path)).await?;
    if answer.status == StatusCode::NOT_FOUND && path != full_path {
        answer = web.get(WHAT, &get(full_path)).await?;
    }
    if answer.status == StatusCode::NOT_FOUND {
        return Err(Failure::new(Exit::Instance, format!("{WHAT} does not serve {path}"))
            .note("server", base)
            .hint("does the log at this address belong to the checkpoint it serves?"));
    }
    Ok(answer.with_status(WHAT, StatusCode::OK)?.body.to_vec())
}
