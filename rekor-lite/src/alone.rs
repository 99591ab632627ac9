//! `rekor-lite serve`: the server on its own.

use std::sync::Arc;

use axum::Router;
use lite_http::Health;
use lite_http::standalone::{BoxError, Standalone};
use lite_store::{SystemClock, durable};

use crate::{Config, Server};

impl Standalone for Server {
    const NAME: &'static str = "rekor-lite";
    const ABOUT: &'static str = "The signature log: the API of Rekor v2, on tiles";
    const LISTEN: &'static str = "localhost:7071";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        let public = config.dir.join("public");
        let server = Self::open(config, Arc::new(SystemClock))?;
        // trust-lite composes the trust material of a set of servers from these.
        durable::create_dir_all(&public)?;
        let fragment = server.fragment().to_json();
        durable::write(&public.join("fragment.json"), fragment.as_bytes(), durable::PUBLIC)?;
        Ok(server)
    }

    fn router(&self) -> Router {
        self.router()
    }

    fn watch(&self, health: &Health) {
        health.add("rekor", self.health_check());
    }

    fn close(self) {
        self.close();
    }
}
