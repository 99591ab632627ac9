//! `oidc-lite serve`: the identity provider alone.

use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use lite_http::Health;
use lite_http::standalone::{self, BoxError, Standalone};
use lite_store::SystemClock;
use oidc_lite::{Config, Server};

struct OidcLite(Server);

impl Standalone for OidcLite {
    const NAME: &'static str = "oidc-lite";
    const ABOUT: &'static str = "The identity provider: login page, device code, machine tokens";
    const LISTEN: &'static str = "localhost:7075";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        let server = Server::open(config, Arc::new(SystemClock))?;
        server.publish_fragment()?;
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

fn main() -> ExitCode {
    standalone::main::<OidcLite>()
}
