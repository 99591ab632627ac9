//! `siglite log upload`: a signature into the log, and the log's answer verified.

use lite_tlog::leaf_hash;
use serde_json::json;

use super::entry::Entry;
use super::place::Place;
use super::submission::SubmissionFlags;
use super::{Said, read};
use crate::client::rekor;
use crate::client::rekor_v1::{self, Name};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::render::Screen;
use crate::trust::LogVersion;

/// Log a signature
///
/// The signature is verified before it is sent, and the log's answer after: that it holds this
/// entry, in a tree that it signed. A signature that is logged already is answered with the entry
/// that there is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite log upload --artifact FILE --signature FILE.sig --public-key cosign.pub
  siglite log upload --tree v1 --artifact FILE --signature FILE.sig --public-key cert.pem
  siglite log upload --type dsse --artifact envelope.json --public-key cosign.pub
  siglite log upload --artifact-hash 9f86d0… --signature FILE.sig --public-key cosign.pub -o json")]
pub(super) struct Args {
    #[command(flatten)]
    submission: SubmissionFlags,
}

pub(super) async fn upload(args: &Args, place: &Place, screen: Screen) -> Outcome<Said> {
    let submission = args.submission.read()?;
    let (web, url) = (&place.web, &place.log.url);
    let (entry, leaf) = match place.log.version {
        LogVersion::V2 => {
            let ours = submission.for_v2();
            let answer = rekor::create_entry(web, url, &ours).await?;
            (Entry::verify(&answer, &place.root, LogVersion::V2)?, ours.canonical())
        }
        LogVersion::V1 => {
            let leaf = submission.leaf_of_v1()?;
            let proposed = submission.for_v1();
            let entry = if let Some(answer) = rekor_v1::upload(web, url, &proposed).await? {
                Entry::verify(&answer, &place.root, LogVersion::V1)?
            } else {
                screen.say("logged already: this is the entry that there is");
                let uuid = hex::encode(leaf_hash(&leaf));
                place.open().await?.entry_of_v1(Name::Uuid(&uuid)).await?
            };
            (entry, leaf)
        }
    };
    if entry.leaf != leaf {
        return Err(Failure::new(
            Exit::Refused,
            "the log answers with another entry than was sent",
        )
        .note("expected", String::from_utf8_lossy(&leaf))
        .note("found", String::from_utf8_lossy(&entry.leaf)));
    }
    let data = entry.json();
    let mut short = json!({ "logIndex": entry.index });
    if let (Some(uuid), Some(promised)) = (entry.uuid(), &entry.promised) {
        short["uuid"] = json!(uuid);
        short["integratedTime"] = json!(promised.at.to_rfc3339());
    }
    Ok(Said { text: read::lines(&short), data, words: entry.sentence() })
}

#[cfg(test)]
#[path = "verbs_tests.rs"]
mod tests;
