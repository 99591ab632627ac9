//! The server: opened, routed, described, closed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use lite_bundle::trust::Fragment;
use lite_http::grpc::GrpcServices;
use lite_keys::KeyKind;
use lite_search::Search;
use lite_store::{FolderLock, Log};
use lite_time::Clock;
use url::{Host, Url};

use crate::app::{App, Limits};
use crate::entry::Rules;
use crate::search::Leaves;
use crate::tree::{self, OpenTree, TreeFiles, create_folder};
use crate::v1::app::V1;
use crate::{Config, Dsse, KeyFileError, fragment, grpc, router, v1};

/// A signature log behind the APIs of Rekor v2 and v1, a tree for each.
pub struct Server {
    app: App,
    v1: Option<V1>,
    config: Config,
    url: Url,
    trees: Trees,
    _lock: FolderLock,
}

/// The trees as clients know them.
struct Trees {
    v2: OpenTree,
    v1: Option<OpenTree>,
}

/// Why the server does not start. What was there before is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder cannot be created.
    #[error("{path} cannot be created")]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The folder is not ours.
    #[error(transparent)]
    Lock(#[from] lite_store::LockError),
    /// The log does not start.
    #[error(transparent)]
    Log(#[from] lite_store::OpenError),
    /// The public URL is not one that clients can use.
    #[error(
        "public URL must be http or https with a host name or IPv4 address, and no more than a path"
    )]
    PublicUrl,
    /// The search index cannot be opened.
    #[error(transparent)]
    Search(#[from] lite_search::OpenError),
    /// The seed entry cannot be read back.
    #[error("first entry of the log is not readable")]
    Seed(#[source] lite_store::ReadError),
    /// The seed entry was not made.
    #[error("first entry of the log cannot be signed")]
    Signing(#[from] lite_keys::SignError),
    /// The tree is gone, and checkpoints of it were promised.
    #[error("{0} is gone, and its log has promised entries: restore the newest copy of it")]
    TreeMissing(PathBuf),
}

impl Server {
    /// Opens the logs in `config.dir`, or creates each with its key and its first entry.
    pub fn open(config: Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let url = public_url(&config.public_url)?;
        let host = url.host_str().ok_or(OpenError::PublicUrl)?.to_owned();
        create_folder(&config.dir, 0o755)?;
        let lock = FolderLock::acquire(&config.dir)?;
        let files = |name, kind| TreeFiles { dir: &config.dir, name, kind, host: &host };
        let v2 = tree::open_v2(&files("v2", config.key.kind()), Arc::clone(&clock))?;
        let app = App {
            log: Arc::clone(&v2.log),
            log_id: v2.verifier.log_id(),
            rules: Arc::new(Rules {
                translate_dsse: config.dsse == Dsse::Translate,
                algorithms: config.algorithms.iter().map(|algorithm| algorithm.0).collect(),
            }),
            search: open_search(&config.dir, "v2", &v2)?,
            self_check: Arc::clone(&v2.self_check),
            limits: Limits::new(&config),
        };
        let mut trees = Trees { v2, v1: None };
        let mut v1 = None;
        if config.v1 {
            let (tree, tree_id) = tree::open_v1(&files("v1", KeyKind::EcdsaP256), clock)?;
            let search = open_search(&config.dir, "v1", &tree)?;
            v1 = Some(V1::new(&tree, tree_id, search, app.limits.clone()));
            trees.v1 = Some(tree);
        }
        Ok(Self { app, v1, config, url, trees, _lock: lock })
    }

    /// The routes, without a fallback.
    pub fn router(&self) -> Router {
        let v2 = router::router(self.app.clone());
        match &self.v1 {
            Some(v1) => v2.merge(v1::router::router(v1.clone())),
            None => v2,
        }
    }

    /// API v2 in gRPC.
    #[must_use]
    pub fn grpc(&self) -> GrpcServices {
        grpc::services(&self.app)
    }

    /// What clients need to know to trust and to use these logs.
    #[must_use]
    pub fn fragment(&self) -> Fragment {
        fragment::of(&self.url, &self.config.operator, &self.trees.v2, self.trees.v1.as_ref())
    }

    /// Whether the log does what it promises.
    pub fn health(&self) -> Result<(), String> {
        self.health_check()()
    }

    /// A check for [`lite_http::Health`], which may outlive the server.
    pub fn health_check(&self) -> impl Fn() -> Result<(), String> + Send + Sync + 'static {
        let v2 = Arc::clone(&self.app.log);
        let v1 = self.v1.as_ref().map(|v1| Arc::clone(&v1.log));
        move || {
            let named = |name: &str, log: &Log| {
                log.health().verdict().map_err(|why| format!("API {name}: {why}"))
            };
            named("v2", &v2)?;
            v1.as_ref().map_or(Ok(()), |log| named("v1", log))
        }
    }

    /// The log behind API v2.
    #[must_use]
    pub fn log(&self) -> &Arc<Log> {
        &self.app.log
    }

    /// The log behind API v1, if it is served.
    #[must_use]
    pub fn v1_log(&self) -> Option<&Arc<Log>> {
        self.v1.as_ref().map(|v1| &v1.log)
    }

    /// Answers what waits, publishes what is promised, and ends.
    pub fn close(self) {
        // The indexes let go of their folders when the last holder of the logs is gone.
        self.app.log.close();
        if let Some(v1) = self.v1 {
            v1.log.close();
        }
    }
}

fn open_search(dir: &Path, name: &str, tree: &OpenTree) -> Result<Arc<Search>, OpenError> {
    let leaves = Arc::new(Leaves(Arc::clone(&tree.log)));
    Ok(Arc::new(Search::open(&dir.join("search").join(name), leaves)?))
}

/// The public URL, normalised. Its host is the origin, without the port: sigstore-go takes
/// `url.Hostname()` of the base URL as it is written, so both must come from one spelling.
/// sigstore-java takes `URI.getHost()`, which differs for IPv6 literals, so those are refused.
fn public_url(text: &str) -> Result<Url, OpenError> {
    let url = Url::parse(text).map_err(|_| OpenError::PublicUrl)?;
    let named = matches!(url.host(), Some(Host::Domain(_) | Host::Ipv4(_)));
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if named && plain { Ok(url) } else { Err(OpenError::PublicUrl) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_the_host_without_port_and_path() {
        for (url, origin) in [
            ("http://localhost:7070", "localhost"),
            ("http://127.0.0.1:3003/", "127.0.0.1"),
            ("https://Rekor.Example/base/", "rekor.example"),
        ] {
            assert_eq!(public_url(url).unwrap().host_str(), Some(origin));
        }
        for url in [
            "",
            "rekor.example",
            "ftp://rekor.example",
            "https://[::1]:80",
            "https://user@rekor.example",
            "https://rekor.example/?a",
            "https://rekor.example/#a",
        ] {
            assert!(matches!(public_url(url), Err(OpenError::PublicUrl)), "{url}");
        }
    }
}
