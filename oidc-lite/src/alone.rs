//! `oidc-lite serve`: the identity provider in a process of its own.

use std::sync::Arc;

use axum::Router;
use lite_http::Health;
use lite_http::standalone::{BoxError, Standalone};
use lite_store::{SystemClock, public};

use crate::{Config, Server};

/// An identity provider that runs alone.
pub struct Alone(Server);

impl Standalone for Alone {
    const NAME: &'static str = "oidc-lite";
    const ABOUT: &'static str = "The identity provider: login page, device code, machine tokens";
    const LISTEN: &'static str = "localhost:7075";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        let dir = config.dir.clone();
        let server = Server::open(config, Arc::new(SystemClock))?;
        public::write(&dir, public::FRAGMENT, server.fragment().to_json().as_bytes())?;
        Ok(Self(server))
    }

    fn router(&self) -> Router {
        self.0.router_at_issuer_path()
    }

    fn watch(&self, health: &Health) {
        health.add("oidc", self.0.health_check());
    }

    fn close(self) {
        self.0.close();
    }
}
