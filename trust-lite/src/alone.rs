//! `trust-lite serve`: the trust root in a process of its own, fed by files and URLs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use url::Url;

use lite_bundle::trust::Fragment;
use lite_http::Health;
use lite_http::client::{Client, ClientConfig};
use lite_http::standalone::{BoxError, Standalone, chain};
use lite_store::{SystemClock, durable};

use crate::config::Config;
use crate::server::{Renewer, Server, TICK, log_failure};

/// A trust root that runs alone.
pub struct Alone {
    server: Server,
    _renewer: Renewer,
}

/// Why the other servers' shares cannot be had.
#[derive(Debug, thiserror::Error)]
enum GatherError {
    #[error("the configuration names no fragments; list the other servers' fragment.json files")]
    NoneListed,
    #[error("the fragment {0} cannot be had")]
    Source(String, #[source] BoxError),
}

impl Standalone for Alone {
    const NAME: &'static str = "trust-lite";
    const ABOUT: &'static str = "The trust root: TUF repository, trusted root and signing config";
    const LISTEN: &'static str = "localhost:7076";
    type Config = Config;

    async fn open(config: Config) -> Result<Self, BoxError> {
        let sources = Sources::new(&config)?;
        let fragment = sources.first().await?;
        let server = tokio::task::spawn_blocking(move || {
            Server::open(&config, Arc::new(SystemClock), fragment)
        });
        let server = server.await??;
        let renewer = Renewer::spawn(follow(sources, server.clone()));
        Ok(Self { server, _renewer: renewer })
    }

    fn router(&self) -> Router {
        self.server.router()
    }

    fn watch(&self, health: &Health) {
        let server = self.server.clone();
        health.add("trust", move || server.health());
    }

    fn close(self) {
        self.server.close();
    }
}

/// Publishes what the sources say now, every minute; what they said last while one is away.
async fn follow(sources: Sources, server: Server) {
    loop {
        tokio::time::sleep(TICK).await;
        let fragment = sources.gather().await;
        if let Err(error) = &fragment {
            tracing::warn!(error = chain(error), "the trust documents stay as they are");
        }
        let (server, sources) = (server.clone(), sources.clone());
        let updated = tokio::task::spawn_blocking(move || {
            if let Ok(fragment) = fragment
                && fragment != server.fragment()
            {
                log_failure(server.publish(fragment.clone()).err());
                sources.remember(&server.fragment());
            }
            server.tick()
        });
        log_failure(updated.await.ok().and_then(Result::err));
    }
}

/// Where the fragments come from.
#[derive(Clone)]
struct Sources {
    names: Vec<String>,
    client: Client,
    wait: Duration,
    /// The sum of the fragments as it was last, so that this server can start without the others.
    remembered: PathBuf,
}

impl Sources {
    fn new(config: &Config) -> Result<Self, GatherError> {
        if config.fragments.is_empty() {
            return Err(GatherError::NoneListed);
        }
        let limits = ClientConfig { deadline: Duration::from_secs(5), ..ClientConfig::default() };
        Ok(Self {
            names: config.fragments.clone(),
            client: Client::new(limits),
            wait: Duration::from_secs(config.wait_seconds),
            remembered: config.dir.join("fragment.json"),
        })
    }

    /// All fragments, or the last ones, or the first that come within the time to wait.
    async fn first(&self) -> Result<Fragment, GatherError> {
        const PAUSE: Duration = Duration::from_millis(250);
        let mut waited = Duration::ZERO;
        loop {
            let error = match self.gather().await {
                Ok(fragment) => {
                    self.remember(&fragment);
                    return Ok(fragment);
                }
                Err(error) => error,
            };
            if let Some(fragment) = read_fragment(&self.remembered).ok().flatten() {
                tracing::warn!(error = chain(&error), "starting with the fragments of before");
                return Ok(fragment);
            }
            if waited >= self.wait {
                return Err(error);
            }
            if waited.is_zero() {
                tracing::info!(error = chain(&error), "waiting for the other servers");
            }
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
        }
    }

    async fn gather(&self) -> Result<Fragment, GatherError> {
        let mut sum = Fragment::default();
        for name in &self.names {
            let fragment = self.read(name).await;
            sum.merge(fragment.map_err(|error| GatherError::Source(name.clone(), error))?);
        }
        Ok(sum)
    }

    async fn read(&self, name: &str) -> Result<Fragment, BoxError> {
        if !name.starts_with("http://") && !name.starts_with("https://") {
            return read_fragment(Path::new(name))?.ok_or_else(|| "no such file".into());
        }
        let answer = self.client.get(&Url::parse(name)?).await?;
        if !answer.status.is_success() {
            return Err(format!("the answer is {}", answer.status).into());
        }
        Ok(Fragment::parse(&answer.body)?)
    }

    /// A convenience for the next start, so that failing to write it is not worth more than a line.
    fn remember(&self, fragment: &Fragment) {
        let text = fragment.to_json();
        if std::fs::read(&self.remembered).is_ok_and(|found| found == text.as_bytes()) {
            return;
        }
        let dir = self.remembered.parent().unwrap_or(Path::new("."));
        let written = durable::create_dir_all(dir)
            .and_then(|()| durable::write(&self.remembered, text.as_bytes(), 0o644));
        if let Err(error) = written {
            tracing::warn!(%error, "the fragments are not remembered");
        }
    }
}

fn read_fragment(path: &Path) -> Result<Option<Fragment>, BoxError> {
    match std::fs::read(path) {
        Ok(text) => Ok(Some(Fragment::parse(&text)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
