//! `fulcio-lite serve`: the authority on its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lite_http::Health;
use lite_http::standalone::{BoxError, Standalone};
use lite_keys::PublicKey;
use lite_store::{SystemClock, durable};
use lite_time::Clock as _;

use crate::ct::{HttpLog, read_key};
use crate::{CaFolder, Config, Ports, Server};

impl Standalone for Server {
    const NAME: &'static str = "fulcio-lite";
    const ABOUT: &'static str =
        "The certificate authority: an ID token in, a ten-minute certificate out";
    const LISTEN: &'static str = "localhost:7073";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        // The root is on disk before the CT log's key is waited for: a `ct-lite` beside us waits for the root.
        let folder = CaFolder::open(&config, SystemClock.now())?;
        let public = config.dir.join("public");
        if config.issuers_file.is_none() {
            return Err("issuers_file is missing: no token would be believed".into());
        }
        let url = config
            .ct_log_url
            .as_deref()
            .ok_or("ct_log_url is missing: every certificate is logged")?;
        let file = config.ct_log_public_key_file.as_deref();
        let file =
            file.ok_or("ct_log_public_key_file is missing: the log's answers are verified")?;
        let key = wait_for_key(file, Duration::from_secs(config.wait_seconds)).await?;
        let log = HttpLog::new(url, key).ok_or("ct_log_url is not an http or https URL")?;
        let ports = Ports { ct_log: Box::new(log), embedded: Vec::new() };
        let server = Self::open(config, folder, Arc::new(SystemClock), ports)?;
        // trust-lite composes the trust material of a set of servers from these.
        let fragment = server.fragment().to_json();
        durable::write(&public.join("fragment.json"), fragment.as_bytes(), durable::PUBLIC)?;
        Ok(server)
    }

    fn router(&self) -> Router {
        self.router()
    }

    fn watch(&self, health: &Health) {
        health.add("fulcio", self.health_check());
    }

    fn close(self) {
        self.close();
    }
}

async fn wait_for_key(file: &Path, patience: Duration) -> Result<PublicKey, BoxError> {
    let deadline = tokio::time::Instant::now() + patience;
    while !file.exists() && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(read_key(file)?)
}
