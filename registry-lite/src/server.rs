//! The registry as a server: its folder, its routes, its housekeeping.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lite_time::Clock;

use crate::access::bearer::Bearers;
use crate::access::callers::{Callers, KeySource};
use crate::access::fetched::Fetched;
use crate::access::htpasswd::{Htpasswd, HtpasswdError};
use crate::access::{Access, Mode, Tokens, token};
use crate::app::{App, blocking};
use crate::config::{Auth, Config};
use crate::refusal::Refusal;
use crate::router;
use crate::store::{Collected, Store, StoreError};

/// Why the registry does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Everybody on the network could overwrite every image.
    #[error(
        "{0} is reached from other machines, and auth is none: set auth to tokens or to a file of \
         users, or say insecure_anonymous if everybody there may overwrite every image"
    )]
    Anonymous(SocketAddr),
    /// The issuer's certificate authority cannot be read.
    #[error("{0} cannot be read")]
    Authority(PathBuf, #[source] io::Error),
    /// `auth: tokens` without an issuer.
    #[error("auth is tokens, and issuer does not say whose")]
    Issuer,
    /// The file of users cannot be used.
    #[error(transparent)]
    Htpasswd(#[from] HtpasswdError),
    /// The folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `public_url` is no URL of the web.
    #[error("public_url is neither http:// nor https://: {0}")]
    Url(String),
}

/// An open registry with its folder.
pub struct Server {
    app: App,
    pause: Duration,
    insecure_anonymous: bool,
}

impl Server {
    /// Opens the folder, making it where it does not exist. Reads every manifest: a thousand take
    /// about as long as it takes to find them on the disk.
    ///
    /// `keys` are those of the configuration's issuer, where they are at hand; else they are fetched,
    /// and this must be called in a runtime.
    pub fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        keys: Option<Arc<dyn KeySource>>,
    ) -> Result<Self, OpenError> {
        let url = config.public_url.trim_end_matches('/');
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        let host = host.ok_or_else(|| OpenError::Url(config.public_url.clone()))?;
        let mode = match &config.auth {
            Auth::None => Mode::Nobody,
            Auth::Htpasswd(path) => Mode::Htpasswd(Arc::new(Htpasswd::open(path)?)),
            Auth::Tokens => {
                let issuer = config.issuer.clone().ok_or(OpenError::Issuer)?;
                let keys = match keys {
                    Some(keys) => keys,
                    None => Arc::new(fetched(config, &issuer, &clock)?),
                };
                Mode::Tokens(Arc::new(Tokens {
                    bearers: Bearers::new(),
                    callers: Callers { issuer, audience: config.audience.clone(), keys },
                    realm: format!("{url}{}", token::PATH),
                    service: host.to_owned(),
                }))
            }
        };
        let access =
            Access { mode, anonymous_pull: config.anonymous_pull, clock: Arc::clone(&clock) };
        let store = Store::open(&config.dir, config.limits(), clock)?;
        Ok(Self {
            app: App { store: Arc::new(store), access, host: host.into() },
            pause: Duration::from_secs(config.collect_every_secs.max(1)),
            insecure_anonymous: config.insecure_anonymous,
        })
    }

    /// Refuses to be reached from other machines where everybody may do everything, unless the
    /// configuration says so by name.
    pub fn check_listen(&self, addresses: &[SocketAddr]) -> Result<(), OpenError> {
        let open = matches!(self.app.access.mode, Mode::Nobody) && !self.insecure_anonymous;
        let far = addresses.iter().find(|address| !address.ip().is_loopback());
        far.filter(|_| open).map_or(Ok(()), |far| Err(OpenError::Anonymous(*far)))
    }

    /// `/v2/…` and `/registry`.
    pub fn router(&self) -> Router {
        router::router(self.app.clone())
    }

    /// What the disk said when it last refused, if no write has succeeded since.
    pub fn health(&self) -> Result<(), String> {
        self.app.store.health()
    }

    /// Removes what nothing leads to. It waits for the disk, so not on a reactor's thread.
    pub fn collect_garbage(&self) -> Result<Collected, Refusal> {
        self.app.store.collect_garbage()
    }

    /// Collects garbage now and then, for as long as it is polled.
    pub fn housekeeping(&self) -> impl Future<Output = ()> + Send + use<> {
        let (store, pause) = (Arc::clone(&self.app.store), self.pause);
        async move {
            loop {
                let store = Arc::clone(&store);
                match blocking(move || store.collect_garbage()).await {
                    Ok(collected) if collected == Collected::default() => {}
                    Ok(collected) => tracing::info!(?collected, "garbage was collected"),
                    Err(error) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "garbage was not collected"
                        );
                    }
                }
                tokio::time::sleep(pause).await;
            }
        }
    }
}

fn fetched(config: &Config, issuer: &str, clock: &Arc<dyn Clock>) -> Result<Fetched, OpenError> {
    let authority = config.issuer_ca_file.as_ref().map(|path| {
        std::fs::read_to_string(path).map_err(|error| OpenError::Authority(path.clone(), error))
    });
    Ok(Fetched::new(issuer, authority.transpose()?.into_iter().collect(), Arc::clone(clock)))
}
