//! `rekor-lite serve`: the log in a process of its own.

use std::sync::Arc;

use axum::Router;
use lite_http::Health;
use lite_http::grpc::GrpcServices;
use lite_http::standalone::{BoxError, Standalone};
use lite_store::{SystemClock, public};

use crate::{Config, Server};

/// A signature log that runs alone.
pub struct Alone(Server);

impl Standalone for Alone {
    const NAME: &'static str = "rekor-lite";
    const ABOUT: &'static str = "The signature log: the APIs of Rekor v2 and v1, on tiles";
    const LISTEN: &'static str = "localhost:7071";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        let dir = config.dir.clone();
        let server = Server::open(config, Arc::new(SystemClock))?;
        public::write(&dir, public::FRAGMENT, server.fragment().to_json().as_bytes())?;
        Ok(Self(server))
    }

    fn router(&self) -> Router {
        self.0.router()
    }

    fn grpc(&self) -> GrpcServices {
        self.0.grpc()
    }

    fn watch(&self, health: &Health) {
        health.add("rekor", self.0.health_check());
    }

    fn close(self) {
        self.0.close();
    }
}
