//! `ct-lite serve`: the log in a process of its own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::task::JoinHandle;

use lite_http::Health;
use lite_http::standalone::{BoxError, Standalone};
use lite_store::{SystemClock, durable};

use crate::config::Config;
use crate::server::Server;

/// A CT log that runs alone.
pub struct Alone {
    server: Arc<Server>,
    upkeep: JoinHandle<()>,
}

impl Standalone for Alone {
    const NAME: &'static str = "ct-lite";
    const ABOUT: &'static str = "The certificate transparency log the authority writes to";
    const LISTEN: &'static str = "localhost:7072";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        wait_for_roots(&config).await;
        let opened = tokio::task::spawn_blocking(move || -> Result<Server, BoxError> {
            let server = Server::open(&config, Arc::new(SystemClock))?;
            let public = config.dir.join("public");
            durable::create_dir_all(&public)?;
            let fragment = server.fragment().to_json();
            durable::write(&public.join("fragment.json"), fragment.as_bytes(), durable::PUBLIC)?;
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

/// The authority that owns the roots may be starting at the same time. When they do not come,
/// opening says which one is missing.
async fn wait_for_roots(config: &Config) {
    const PAUSE: Duration = Duration::from_millis(250);
    let mut waited = Duration::ZERO;
    while let Some(missing) = config.root_files.iter().find(|path| !path.exists()) {
        if waited >= Duration::from_secs(config.wait_seconds) {
            return;
        }
        if waited.is_zero() {
            tracing::info!(file = %missing.display(), "waiting for a root certificate");
        }
        tokio::time::sleep(PAUSE).await;
        waited += PAUSE;
    }
}
