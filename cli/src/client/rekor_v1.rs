//! The transparency log, API v1: entries by name and by what they are found by, and proofs.

use std::collections::BTreeMap;

use http::StatusCode;
use lite_bundle::TransparencyLogEntry;
use lite_tlog::Hash;
use serde::Deserialize;
use serde_json::Value;

use super::rekor::{EntryOfV1, WHAT};
use super::{Answer, Web, below};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// How an entry is named.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<'a> {
    /// By its index over all trees of the log.
    Index(u64),
    /// By 64 hexadecimal digits of its leaf hash, or 80 with its tree.
    Uuid(&'a str),
}

/// An entry; `None` if the log has none of this name. Its proof and promise are unverified.
pub(crate) async fn entry(
    web: &Web,
    base: &str,
    name: Name<'_>,
) -> Outcome<Option<TransparencyLogEntry>> {
    let path = match name {
        Name::Index(index) => format!("api/v1/log/entries?logIndex={index}"),
        Name::Uuid(uuid) => format!("api/v1/log/entries/{uuid}"),
    };
    let answer = web.get(WHAT, &below(base, &path)).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    only_entry(&answer.with_status(WHAT, StatusCode::OK)?).map(Some)
}

/// Asks the log to take an entry; `None` if it has it already and does not show it here. The
/// answer's proof and promise are unverified.
pub(crate) async fn upload(
    web: &Web,
    base: &str,
    proposed: &Value,
) -> Outcome<Option<TransparencyLogEntry>> {
    let answer = web.post_json(WHAT, &below(base, "api/v1/log/entries"), proposed, None).await?;
    match answer.status {
        StatusCode::CREATED => only_entry(&answer).map(Some),
        StatusCode::CONFLICT => Ok(None),
        _ => Err(answer.refusal(WHAT)),
    }
}

/// The names of entries that the log's search gives. Unverified: a search can leave out, and what
/// it names is to be fetched and looked at.
pub(crate) async fn search(web: &Web, base: &str, query: &Value) -> Outcome<Vec<String>> {
    let answer = web.post_json(WHAT, &below(base, "api/v1/index/retrieve"), query, None).await?;
    if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED) {
        return Err(Failure::new(Exit::Instance, "the log has no search")
            .note("server", base)
            .hint("siglite log get INDEX reads one entry"));
    }
    answer.with_status(WHAT, StatusCode::OK)?.json(WHAT)
}

/// The newest checkpoint, unverified.
pub(crate) async fn checkpoint(web: &Web, base: &str) -> Outcome<Vec<u8>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Info {
        signed_tree_head: String,
    }
    let answer = web.get(WHAT, &below(base, "api/v1/log")).await?;
    let info: Info = answer.with_status(WHAT, StatusCode::OK)?.json(WHAT)?;
    Ok(info.signed_tree_head.into_bytes())
}

/// A consistency proof between two sizes of the tree that is named, unverified.
pub(crate) async fn consistency(
    web: &Web,
    base: &str,
    tree: &str,
    old: u64,
    new: u64,
) -> Outcome<Vec<Hash>> {
    #[derive(Deserialize)]
    struct Proof {
        hashes: Vec<String>,
    }
    let query = format!("firstSize={old}&lastSize={new}&treeID={tree}");
    let answer = web.get(WHAT, &below(base, &format!("api/v1/log/proof?{query}"))).await?;
    let answer = answer.with_status(WHAT, StatusCode::OK)?;
    let Proof { hashes } = answer.json(WHAT)?;
    let hash = |text: &String| {
        let mut hash = Hash::default();
        hex::decode_to_slice(text, &mut hash).map_err(|_| answer.nonsense(WHAT))?;
        Ok(hash)
    };
    hashes.iter().map(hash).collect()
}

/// `{"<name>": {entry}}`, as all answers about one entry are.
fn only_entry(answer: &Answer) -> Outcome<TransparencyLogEntry> {
    let entries: BTreeMap<String, EntryOfV1> = answer.json(WHAT)?;
    let nonsense = || answer.nonsense(WHAT);
    let (_, entry) = entries.into_iter().next().ok_or_else(nonsense)?;
    entry.read().ok_or_else(nonsense)
}
