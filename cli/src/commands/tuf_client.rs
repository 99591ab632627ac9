//! `siglite tuf-client`: the client that TUF's conformance suite drives.
//!
//! The protocol is `CLIENT-CLI.md` of `tuf-conformance`. Underneath are the library and the mirror
//! that `siglite use` and `siglite initialize` fetch an instance's trust with
//! ([`crate::client::tuf`]); what differs is only where the documents are kept. Hidden: people say
//! `siglite use`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use sigstore_tuf::{MetadataStore, Updater};

use crate::client::{Web, tuf};
use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files::{self, MAX_DOCUMENT_BYTES, Reader};

/// Follow a TUF repository, as TUF's conformance suite asks for it
///
/// The exit code is the verdict: 0 everything was done, 1 something was not, whatever the reason.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the trusted metadata is kept
    #[arg(long, value_name = "DIR")]
    metadata_dir: PathBuf,

    /// Where the repository's metadata is
    #[arg(long, value_name = "URL")]
    metadata_url: Option<String>,

    /// A target to download; repeat for more
    #[arg(long, value_name = "PATH")]
    target_name: Vec<String>,

    /// Where the repository's targets are
    #[arg(long, value_name = "URL")]
    target_base_url: Option<String>,

    /// Where downloaded targets are kept
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,

    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Start from a trusted root
    #[command(after_help = "Examples:
  siglite tuf-client --metadata-dir DIR init root.json")]
    Init {
        /// The root that trust starts from
        #[arg(value_name = "TRUSTED_ROOT")]
        root: PathBuf,
    },
    /// Update the metadata
    #[command(after_help = "Examples:
  siglite tuf-client --metadata-dir DIR --metadata-url URL refresh")]
    Refresh,
    /// Update the metadata and download targets
    #[command(after_help = "Examples:
  siglite tuf-client --metadata-dir DIR --metadata-url URL --target-name PATH \\
      --target-base-url URL --target-dir DIR download")]
    Download,
}

/// What cannot be fetched and what does not verify are one verdict to the suite. A fault of ours is
/// none.
pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    args.run(context).map_err(|failure| match failure.exit {
        Exit::Internal => failure,
        _ => Failure { exit: Exit::Refused, ..failure },
    })
}

impl Args {
    fn run(&self, context: &Context) -> Outcome {
        match &self.step {
            Step::Init { root } => {
                let root = files::read(root, MAX_DOCUMENT_BYTES, Exit::Trust)?;
                files::write(&self.metadata_dir.join(ROOT), &root, Reader::Everyone)
            }
            Step::Refresh => block_on(self.refresh(context)).map(|_| ()),
            Step::Download => block_on(self.download(context)),
        }
    }

    /// The repository, followed to its newest documents.
    async fn refresh(&self, context: &Context) -> Outcome<Updater> {
        let url = given(self.metadata_url.as_ref(), "--metadata-url")?;
        let targets = self.target_base_url.as_ref().unwrap_or(url);
        // The newest root that was believed, not the first: a rotation is never taken back.
        let root = files::read(&self.metadata_dir.join(ROOT), MAX_DOCUMENT_BYTES, Exit::Trust)?;
        let mirror = tuf::Mirror::web(&Web::default(), url, targets);
        let kept = Kept { metadata: self.metadata_dir.clone(), targets: self.target_dir.clone() };
        let now = context.clock().now();
        let refuse = |error: sigstore_tuf::Error| tuf::distrust(url, error, now);
        let mut updater = Updater::new(mirror, &root).map_err(refuse)?.with_store(kept);
        updater.refresh(tuf::instant(now)?).await.map_err(refuse)?;
        Ok(updater)
    }

    async fn download(&self, context: &Context) -> Outcome {
        given(self.target_base_url.as_ref(), "--target-base-url")?;
        given(self.target_dir.as_ref(), "--target-dir")?;
        let mut updater = self.refresh(context).await?;
        for name in &self.target_name {
            let now = tuf::instant(context.clock().now())?;
            updater.get_target(name, now).await.map_err(|error| {
                Failure::new(Exit::Trust, format!("cannot download {name}")).because(&error)
            })?;
        }
        Ok(())
    }
}

const ROOT: &str = "root.json";

fn given<'a, T>(value: Option<&'a T>, flag: &str) -> Outcome<&'a T> {
    value.ok_or_else(|| Failure::usage(format!("{flag} is missing")))
}

/// The two folders of the protocol: metadata under the names of its roles, without versions, and
/// each target in one file.
struct Kept {
    metadata: PathBuf,
    targets: Option<PathBuf>,
}

impl Kept {
    /// Where the library's document is kept, if it is.
    fn place(&self, name: &str) -> Option<PathBuf> {
        if let Some(target) = name.strip_prefix("targets/") {
            return Some(self.targets.as_ref()?.join(one_file(target)));
        }
        // Older roots are not started from again, and a snapshot is kept once.
        let is_older_root = name.starts_with("root_history/");
        let is_versioned = name.starts_with(|first: char| first.is_ascii_digit())
            && name.ends_with(".snapshot.json");
        (!is_older_root && !is_versioned).then(|| self.metadata.join(one_file(name)))
    }
}

/// A name as one file's: whatever else is in it stays within the folder.
fn one_file(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F").replace('\0', "%00")
}

impl MetadataStore for Kept {
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        match self.place(name) {
            Some(path) => read(&path),
            None => Ok(None),
        }
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        let Some(path) = self.place(name) else { return Ok(()) };
        files::write(&path, bytes, Reader::Everyone)
            .map_err(|failure| sigstore_tuf::Error::Malformed(failure.sentence))
    }
}

/// More than the library downloads.
const MAX_KEPT_BYTES: u64 = 64 * 1024 * 1024;

fn read(path: &Path) -> sigstore_tuf::Result<Option<Vec<u8>>> {
    files::read_if_there(path, MAX_KEPT_BYTES)
        .map_err(|failure| sigstore_tuf::Error::Malformed(failure.sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_kept_under_its_roles_name_within_its_folder() {
        let kept = Kept { metadata: "m".into(), targets: Some("t".into()) };
        let place = |name: &str| kept.place(name).map(|path| path.display().to_string());
        assert_eq!(place("timestamp.json").as_deref(), Some("m/timestamp.json"));
        assert_eq!(place("7.snapshot.json"), None);
        assert_eq!(place("root_history/2.root.json"), None);
        assert_eq!(place("..%2Frole.json").as_deref(), Some("m/..%252Frole.json"));
        assert_eq!(place("targets/../a/b").as_deref(), Some("t/..%2Fa%2Fb"));
        let none = Kept { metadata: "m".into(), targets: None };
        assert_eq!(none.place("targets/a"), None);
    }
}
