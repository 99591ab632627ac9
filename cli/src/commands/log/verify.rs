//! `siglite log verify`: whether the log holds a signature.

use lite_tlog::leaf_hash;

use super::entry::Entry;
use super::place::{Place, Tree};
use super::read::Named;
use super::reader::LogReader;
use super::submission::{Submission, SubmissionFlags};
use super::{Said, read};
use crate::client::rekor;
use crate::client::rekor_v1::Name;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::render::{Line, Mark, OutputForm, Screen};
use crate::trust::LogVersion;
use crate::verify::explain;
use crate::verify::own::Own;

/// Verify that the log holds a signature
///
/// The entry must be the one that this artifact, signature and key make, byte for byte, and in a
/// tree that a trusted log signed. Whether the signer may be trusted is not the log's to say: siglite
/// verify-blob does.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite log verify --artifact FILE --signature FILE.sig --public-key cosign.pub
  siglite log verify --entry 7 --artifact FILE --signature FILE.sig --public-key cosign.pub
  siglite log verify --tree v1 --type dsse --artifact envelope.json --public-key cert.pem

Exit codes: 0 it is in the log, 1 it is not; siglite exit-codes shows all.")]
pub(super) struct Args {
    /// Which entry it is, where the log need not be searched
    #[arg(long, value_name = "INDEX|UUID")]
    entry: Option<Named>,

    /// Print every step with what it found
    #[arg(long)]
    explain: bool,

    #[command(flatten)]
    submission: SubmissionFlags,
}

impl Args {
    pub(super) fn named_tree(&self) -> Option<Tree> {
        matches!(self.entry, Some(Named::Uuid(_))).then_some(Tree::V1)
    }
}

/// Verifies, and explains where that is asked for. What a script reads stays as it is.
pub(super) async fn told(args: &Args, place: &Place, screen: Screen) -> Outcome<Said> {
    let found = find(args, place).await;
    if args.explain {
        let lines = match &found {
            Ok(entry) => steps(entry),
            Err(failure) => explain::lines(None, Some(failure)),
        };
        match place.output {
            OutputForm::Text => screen.explain(&lines)?,
            OutputForm::Json => screen.explain_aside(&lines),
        }
    }
    found.map(|entry| said(&entry))
}

#[cfg(test)]
pub(super) async fn verify(args: &Args, place: &Place) -> Outcome<Said> {
    find(args, place).await.map(|entry| said(&entry))
}

fn said(entry: &Entry) -> Said {
    Said { text: entry.line(), data: entry.json(), words: entry.sentence() }
}

/// What was asked of an entry that holds, in the order in which it was asked.
fn steps(entry: &Entry) -> Vec<Line> {
    let checkpoint = &entry.signed.checkpoint;
    let mut lines = vec![
        format!(
            "Which leaf do artifact, signature and key make? {} bytes, leaf hash {}",
            entry.leaf.len(),
            hex::encode(leaf_hash(&entry.leaf))
        ),
        format!(
            "Did a log that we trust sign its tree? Against the logs of the trusted root: {}, {} \
             entries, root hash {}",
            checkpoint.origin,
            checkpoint.size,
            hex::encode(checkpoint.root)
        ),
        format!(
            "Is the leaf in that tree? Against its root hash: leaf index {}, by a path of {} hashes",
            entry.leaf_index,
            entry.proof.len()
        ),
    ];
    if let Some(promised) = &entry.promised {
        lines
            .push(format!("Did the log promise it a time? Against the log's key: {}", promised.at));
    }
    lines.into_iter().map(|line| Line::marked(Mark::Good, line)).collect()
}

/// The entry that artifact, signature and key make, proven to be in the log.
async fn find(args: &Args, place: &Place) -> Outcome<Entry> {
    let submission = args.submission.read()?;
    let mut reader = place.open().await?;
    let leaf = match place.log.version {
        LogVersion::V1 => submission.leaf_of_v1()?,
        LogVersion::V2 => submission.for_v2().canonical(),
    };
    let entry = match (&args.entry, place.log.version) {
        (Some(Named::Index(index)), _) => Some(reader.entry(*index).await?),
        (Some(Named::Uuid(uuid)), _) => Some(reader.entry_of_v1(Name::Uuid(uuid)).await?),
        (None, LogVersion::V1) => {
            let uuid = hex::encode(leaf_hash(&leaf));
            match reader.entry_of_v1(Name::Uuid(&uuid)).await {
                Err(failure) if failure.exit == Exit::Usage => None,
                found => Some(found?),
            }
        }
        (None, LogVersion::V2) => searched(place, &mut reader, &submission, &leaf).await?,
    };
    match entry {
        Some(entry) if entry.leaf == leaf => Ok(entry),
        other => Err(missing(place, other.as_ref(), &leaf)),
    }
}

/// The entry with this leaf, among those of the same digest.
async fn searched(
    place: &Place,
    reader: &mut LogReader,
    submission: &Submission,
    leaf: &[u8],
) -> Outcome<Option<Entry>> {
    let digest = submission.digest();
    let hash = format!("{}:{}", digest.algorithm.short_name(), digest.hex());
    let (found, _) = rekor::search(&place.web, &place.log.url, &[("hash", hash)]).await?;
    for index in found {
        let entry = reader.entry(index).await?;
        if entry.leaf == leaf {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

fn missing(place: &Place, other: Option<&Entry>, leaf: &[u8]) -> Failure {
    let word = match other {
        Some(_) => Own::LogEntryOther,
        None => Own::LogEntryMissing,
    };
    let failure =
        word.failure().note("log", &place.log.url).note("expected", String::from_utf8_lossy(leaf));
    match other {
        Some(entry) => failure
            .note("found", read::lines(&entry.json()))
            .teach(word.lesson(format!("siglite log get {}", entry.index))),
        None => {
            failure.hint("siglite log upload logs it; --tree v1 looks in the other tree").teach(
                word.lesson("siglite log upload --artifact FILE --signature SIG --public-key KEY"),
            )
        }
    }
}
