//! `registry-lite serve`: the registry in a process of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use lite_http::Health;
use lite_http::standalone::{BoxError, Standalone};
use lite_store::SystemClock;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::server::Server;

/// A registry that runs alone.
pub struct Alone {
    server: Arc<Server>,
    housekeeping: JoinHandle<()>,
}

impl Standalone for Alone {
    const NAME: &'static str = "registry-lite";
    const ABOUT: &'static str = "The image registry: OCI distribution 1.1 with referrers";
    const LISTEN: &'static str = "localhost:7077";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        let opened =
            tokio::task::spawn_blocking(move || Server::open(&config, Arc::new(SystemClock), None));
        let server = Arc::new(opened.await??);
        Ok(Self { housekeeping: tokio::spawn(server.housekeeping()), server })
    }

    fn router(&self) -> Router {
        self.server.router()
    }

    fn listens_on(&self, addresses: &[SocketAddr]) -> Result<(), BoxError> {
        Ok(self.server.check_listen(addresses)?)
    }

    fn watch(&self, health: &Health) {
        let server = Arc::clone(&self.server);
        health.add("registry", move || server.health());
    }

    fn close(self) {
        self.housekeeping.abort();
    }
}
