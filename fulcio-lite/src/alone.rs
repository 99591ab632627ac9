//! `fulcio-lite serve`: the authority in a process of its own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lite_http::grpc::GrpcServices;
use lite_http::standalone::{BoxError, Standalone};
use lite_http::{Health, wait};
use lite_store::{SystemClock, public};
use lite_time::Clock as _;

use crate::ct::{HttpLog, read_key};
use crate::{CaFolder, Config, Ports, Server};

/// A certificate authority that runs alone.
pub struct Alone(Server);

impl Standalone for Alone {
    const NAME: &'static str = "fulcio-lite";
    const ABOUT: &'static str =
        "The certificate authority: an ID token in, a ten-minute certificate out";
    const LISTEN: &'static str = "localhost:7073";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        // The root is on disk before the CT log's key is waited for: a `ct-lite` beside us waits for the root.
        let folder = CaFolder::open(&config, SystemClock.now())?;
        if config.issuers_file.is_none() {
            return Err("issuers_file is missing: no token would be believed".into());
        }
        let url = config
            .ct_log_url
            .as_deref()
            .ok_or("ct_log_url is missing: every certificate is logged")?;
        let file = config.ct_log_public_key_file.as_ref();
        let file =
            file.ok_or("ct_log_public_key_file is missing: the log's answers are verified")?;
        wait::for_files(std::slice::from_ref(file), Duration::from_secs(config.wait_seconds)).await;
        let log =
            HttpLog::new(url, read_key(file)?).ok_or("ct_log_url is not an http or https URL")?;
        let ports = Ports { ct_log: Box::new(log), embedded: Vec::new() };
        let dir = config.dir.clone();
        let server = Server::open(config, folder, Arc::new(SystemClock), ports)?;
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
        health.add("fulcio", self.0.health_check());
    }

    fn close(self) {
        self.0.close();
    }
}
