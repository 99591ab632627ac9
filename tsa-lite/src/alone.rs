//! `tsa-lite serve`: the authority in a process of its own.

use std::sync::Arc;

use axum::Router;
use lite_http::Health;
use lite_http::standalone::{BoxError, Standalone};
use lite_store::{SystemClock, public};

use crate::config::Config;
use crate::server::Server;

/// A timestamp authority that runs alone.
pub struct Alone(Arc<Server>);

impl Standalone for Alone {
    const NAME: &'static str = "tsa-lite";
    const ABOUT: &'static str = "The timestamp authority: RFC 3161 over HTTP";
    const LISTEN: &'static str = "localhost:7074";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        let opened = tokio::task::spawn_blocking(move || -> Result<Server, BoxError> {
            let server = Server::open(&config, Arc::new(SystemClock))?;
            let fragment = server.fragment().to_json();
            public::write(&config.dir, public::FRAGMENT, fragment.as_bytes())?;
            Ok(server)
        });
        Ok(Self(Arc::new(opened.await??)))
    }

    fn router(&self) -> Router {
        self.0.router().merge(self.0.standalone())
    }

    fn watch(&self, health: &Health) {
        let server = Arc::clone(&self.0);
        health.add("tsa", move || server.health());
    }

    fn close(self) {}
}
