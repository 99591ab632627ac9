//! `siglite log upload`: a signature into the log, and the log's answer verified.

use lite_tlog::leaf_hash;

use super::Said;
use super::entry::Entry;
use super::place::Place;
use super::submission::SubmissionFlags;
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
    let mut lines = vec![format!("logIndex:     {}", entry.index)];
    if let (Some(uuid), Some(promised)) = (entry.uuid(), &entry.promised) {
        lines.push(format!("uuid:         {uuid}"));
        lines.push(format!("integrated:   {}", promised.at.to_rfc3339()));
    }
    let text = lines.join("\n");
    Ok(Said { text, data, words: entry.sentence() })
}

#[cfg(test)]
#[path = "verbs_tests.rs"]
mod tests;
