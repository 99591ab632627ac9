//! The TUF repository of an instance, and what `siglite use` takes from it.

use std::path::{Path, PathBuf};

use http::StatusCode;
use lite_time::Time;
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{MetadataStore, Repository, Updater};

use crate::client::{Web, below};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::{files, web_page};

/// The targets of a repository that a client of ours needs.
const TRUSTED_ROOT: &str = "trusted_root.json";
const SIGNING_CONFIG: &str = "signing_config.v0.2.json";

/// What a verified repository holds for signers and verifiers.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    /// The newest TUF root that the given one leads to.
    pub(crate) root: Vec<u8>,
    /// Its version.
    pub(crate) root_version: u64,
    /// `trusted_root.json`.
    pub(crate) trusted_root: Vec<u8>,
    /// `signing_config.v0.2.json`, which older repositories lack.
    pub(crate) signing_config: Option<Vec<u8>>,
}

/// Follows the repository at `mirror` from `root` to its newest targets.
///
/// `store` keeps the metadata, so that a repository that goes back is noticed by the next run.
pub(crate) async fn fetch(
    web: &Web,
    mirror: &str,
    root: &[u8],
    store: impl MetadataStore + 'static,
    clock: Time,
) -> Outcome<Fetched> {
    let now = instant(clock)?;
    let repository = match mirror.strip_prefix("file://") {
        Some(folder) => Mirror::Folder(folder.into()),
        None => Mirror::web(web, mirror, &below(mirror, "targets")),
    };
    let refuse = |error: sigstore_tuf::Error| distrust(mirror, error, clock);
    let mut updater = Updater::new(repository, root).map_err(refuse)?.with_store(store);
    updater.refresh(now).await.map_err(refuse)?;
    let trusted_root = updater.get_target(TRUSTED_ROOT, now).await.map_err(refuse)?;
    let signing_config = match updater.get_target(SIGNING_CONFIG, now).await {
        Ok(text) => Some(text),
        Err(sigstore_tuf::Error::TargetNotFound(_)) => None,
        Err(error) => return Err(refuse(error)),
    };
    Ok(Fetched {
        root: updater.trusted().root_bytes().to_vec(),
        root_version: updater.trusted().root().version,
        trusted_root,
        signing_config,
    })
}

/// The time as the library takes it.
pub(crate) fn instant(now: Time) -> Outcome<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(now.millis())
        .map_err(|error| Failure::new(Exit::Internal, "the clock is off").because(&error))
}

/// A mirror over our own client with its limits, or a copy of one in a folder.
///
/// *Not* trusted: whoever controls it can withhold an update, and cannot make one.
pub(crate) enum Mirror {
    /// Over the network: the base URLs of metadata and of targets.
    Web { web: Web, metadata: String, targets: String },
    /// A folder with the metadata, and with the targets in a folder of their own.
    Folder(PathBuf),
}

impl Mirror {
    /// A mirror with metadata and targets below these URLs.
    pub(crate) fn web(web: &Web, metadata: &str, targets: &str) -> Self {
        Self::Web { web: web.clone(), metadata: metadata.to_owned(), targets: targets.to_owned() }
    }

    async fn fetch(
        web: &Web,
        base: &str,
        path: &str,
        limit: u64,
    ) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        let url = below(base, path);
        let answer = web
            .get("the TUF repository", &url)
            .await
            .map_err(|failure| sigstore_tuf::Error::transport_with_source(path, Lost(failure)))?;
        if web_page::title(&answer.body).is_some() {
            let failure = answer.nonsense("the TUF repository");
            return Err(sigstore_tuf::Error::transport_with_source(path, Lost(failure)));
        }
        match answer.status {
            StatusCode::OK if answer.body.len() as u64 <= limit => Ok(Some(answer.body.to_vec())),
            StatusCode::OK => {
                Err(sigstore_tuf::Error::transport(format!("{path} is larger than {limit} bytes")))
            }
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(sigstore_tuf::Error::transport(format!("{path}: status {status}"))),
        }
    }
}

impl Mirror {
    fn read(path: &Path, limit: u64) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        files::read_if_there(path, limit).map_err(|failure| {
            let path = path.display().to_string();
            sigstore_tuf::Error::transport_with_source(path, Lost(failure))
        })
    }
}

impl Repository for Mirror {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        match self {
            Self::Web { web, metadata, .. } => {
                Box::pin(Self::fetch(web, metadata, name, max_length))
            }
            Self::Folder(folder) => {
                Box::pin(async move { Self::read(&folder.join(name), max_length) })
            }
        }
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        match self {
            Self::Web { web, targets, .. } => Box::pin(Self::fetch(web, targets, path, max_length)),
            Self::Folder(folder) => {
                let path = folder.join("targets").join(path);
                Box::pin(async move { Self::read(&path, max_length) })
            }
        }
    }
}

/// A failure of ours on its way through the library's error.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.sentence)]
struct Lost(Failure);

/// What the library refuses, in our words: a repository that cannot be reached is the instance's
/// problem, everything else is one of trust.
pub(crate) fn distrust(mirror: &str, error: sigstore_tuf::Error, clock: Time) -> Failure {
    use sigstore_tuf::Error;
    let trust = |sentence: &str, error: &Error| {
        Failure::new(Exit::Trust, sentence).note("repository", mirror).because(error)
    };
    match error {
        Error::Transport { message, source } => lost(mirror, message, source),
        Error::Expired { expires, .. } => {
            let late = clock.millis().saturating_sub(expires.as_millisecond()) / 86_400_000;
            trust("the trust material of the instance has expired", &error)
                .note("this machine says", format!("{clock}, {late} days later"))
                .hint(
                    "is the clock of this machine right? If it is, the instance has not renewed \
                     its trust material: siglite up does, while it runs",
                )
        }
        Error::Rollback { .. } => trust("the TUF repository has gone back in time", &error)
            .hint("was the instance restored from an old backup, or is this another instance?"),
        _ => trust("the trust material does not verify", &error)
            .hint("is --root or --fingerprint of this instance?"),
    }
}

/// What did not arrive: our own words for it, where they took the way through the library.
fn lost(
    mirror: &str,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
) -> Failure {
    match source.map(<dyn std::error::Error + Send + Sync>::downcast::<Lost>) {
        Some(Ok(lost)) => lost.0.note("repository", mirror),
        _ => Failure::new(Exit::Instance, "cannot fetch the trust material")
            .note("repository", mirror)
            .note("cause", message)
            .hint("is the instance running? siglite up starts it"),
    }
}

#[cfg(test)]
#[path = "tuf_tests.rs"]
mod tests;
