//! The registry as a server: its folder, its routes, its housekeeping.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lite_time::Clock;

use crate::app::{App, blocking};
use crate::config::Config;
use crate::refusal::Refusal;
use crate::router;
use crate::store::{Collected, Store, StoreError};

/// Why the registry does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
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
}

impl Server {
    /// Opens the folder, making it where it does not exist. Reads every manifest: a thousand take
    /// about as long as it takes to find them on the disk.
    pub fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        if !config.public_url.starts_with("http://") && !config.public_url.starts_with("https://") {
            return Err(OpenError::Url(config.public_url.clone()));
        }
        let store = Store::open(&config.dir, config.limits(), clock)?;
        let host = config.public_url.split_once("://").map_or("", |(_, host)| host);
        Ok(Self {
            app: App { store: Arc::new(store), host: host.trim_end_matches('/').into() },
            pause: Duration::from_secs(config.collect_every_secs.max(1)),
        })
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
