//! The transparency log, API v2: entries in; tiles and checkpoints out. What API v1 says differently
//! is in [`super::rekor_v1`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use lite_bundle::TransparencyLogEntry;
use lite_bundle::body::{EntryVerifier, HashedRekord002};
use serde::Deserialize;
use serde_json::json;

use super::{Web, below};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

pub(super) const WHAT: &str = "the transparency log";

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
/// of the partial one has the full one, of which it is a prefix. `base` is that of the tree's API.
pub(crate) async fn resource(
    web: &Web,
    base: &str,
    path: &str,
    full_path: &str,
) -> Outcome<Vec<u8>> {
    let get = |path: &str| below(base, path);
    let mut answer = web.get(WHAT, &get(path)).await?;
    if answer.status == StatusCode::NOT_FOUND && path != full_path {
        answer = web.get(WHAT, &get(full_path)).await?;
    }
    if answer.status == StatusCode::NOT_FOUND {
        return Err(Failure::new(Exit::Instance, format!("{WHAT} does not serve {path}"))
            .note("server", base)
            .hint(
                "does this log serve tiles? every log of API v2 does, and of those of API v1 only \
                 siglite's",
            ));
    }
    Ok(answer.with_status(WHAT, StatusCode::OK)?.body.to_vec())
}

/// The indexes that the log's search gives for a query string, and how many entries it looked at.
/// Unverified: a search can leave out, and what it names is to be fetched and looked at.
pub(crate) async fn search(
    web: &Web,
    base: &str,
    query: &[(&str, String)],
) -> Outcome<(Vec<u64>, u64)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Found {
        log_indexes: Vec<String>,
        reached: String,
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let answer = web.get(WHAT, &below(base, &format!("api/v2/index?{query}"))).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Err(Failure::new(Exit::Instance, "the log has no search")
            .note("server", base)
            .hint("logs of API v2 that are not siglite's have none: siglite log get INDEX reads one entry"));
    }
    let answer = answer.with_status(WHAT, StatusCode::OK)?;
    let Found { log_indexes, reached } = answer.json(WHAT)?;
    let number = |text: &String| text.parse().map_err(|_| answer.nonsense(WHAT));
    Ok((log_indexes.iter().map(number).collect::<Outcome<_>>()?, number(&reached)?))
}
