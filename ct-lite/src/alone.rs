//! `ct-lite serve`: the log in a process of its own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::task::JoinHandle;

use lite_http::standalone::{BoxError, Standalone};
use lite_http::{Health, wait};
use lite_store::{SystemClock, public};

use crate::config::Config;
use crate::server::Server;

/// A CT log that runs alone.
pub struct Alone {
    server: Arc<Server>,
    upkeep: JoinHandle<()>,
}

impl Standalone for Alone {
    const NAME: &'static str = "ct-lite";
    const ABOUT: &'static str =
        "The certificate transparency log: every certificate of the authority, before it is used";
    const LISTEN: &'static str = "localhost:7072";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        // The authority that owns the roots may be starting at the same time.
        wait::for_files(&config.root_files, Duration::from_secs(config.wait_seconds)).await;
        let opened = tokio::task::spawn_blocking(move || -> Result<Server, BoxError> {
            let server = Server::open(&config, Arc::new(SystemClock))?;
            let fragment = server.fragment().to_json();
            public::write(&config.dir, public::FRAGMENT, fragment.as_bytes())?;
            Ok(server)
        });
        let server = Arc::new(opened.await??);
        let upkeep = tokio::spawn(server.upkeep());
        Ok(Self { server, upkeep })
    }

    fn router(&self) -> Router {
        self.server.router()
    }

    fn watch(&self, health: &Health) {
        let server = Arc::clone(&self.server);
        health.add("ct", move || server.health());
    }

    fn close(self) {
        self.upkeep.abort();
        self.server.log().close();
    }
}
