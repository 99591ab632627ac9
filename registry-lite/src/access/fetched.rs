//! The keys of an issuer elsewhere: fetched, and kept for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lite_http::client::{Client, ClientConfig};
use lite_identity::{Discovery, KeySet, MAX_DISCOVERY_BYTES, MAX_KEY_SET_BYTES};
use lite_time::{Clock, Time};
use tokio::runtime::Handle;
use url::Url;

use super::callers::{IssuerKeys, KeySource};

/// How long keys are used without a second look.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// The shortest time between two fetches, whoever asks for what.
const PAUSE: Duration = Duration::from_secs(10);
/// How long the issuer has for each answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// One issuer, asked over the network.
pub(crate) struct Fetched {
    issuer: String,
    client: Client,
    clock: Arc<dyn Clock>,
    runtime: Handle,
    /// Held while somebody asks, so that one does.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Option<(IssuerKeys, Time)>,
    tried: Option<Time>,
}

impl Fetched {
    /// `authorities` in PEM are trusted beside those of the machine. Must be called in a runtime.
    pub(crate) fn new(issuer: &str, authorities: Vec<String>, clock: Arc<dyn Clock>) -> Self {
        let client = Client::new(ClientConfig {
            deadline: DEADLINE,
            max_body: MAX_DISCOVERY_BYTES.max(MAX_KEY_SET_BYTES),
            ca_pem: authorities,
        });
        let runtime = Handle::current();
        Self { issuer: issuer.to_owned(), client, clock, runtime, known: Mutex::default() }
    }

    async fn fetch(&self) -> Result<IssuerKeys, Box<dyn std::error::Error + Send + Sync>> {
        let url = Url::parse(&Discovery::url_of(&self.issuer))?;
        let discovery = Discovery::parse(&self.get(&url).await?, &self.issuer)?;
        if url.scheme() == "https" && discovery.jwks_uri().scheme() != "https" {
            return Err("an https issuer names a key set without https".into());
        }
        let keys = KeySet::parse(&self.get(discovery.jwks_uri()).await?)?;
        Ok(IssuerKeys { keys: Arc::new(keys), algorithms: discovery.algorithms().into() })
    }

    async fn get(
        &self,
        url: &Url,
    ) -> Result<bytes::Bytes, Box<dyn std::error::Error + Send + Sync>> {
        let answer = self.client.get(url).await?;
        if answer.status == http::StatusCode::OK {
            Ok(answer.body)
        } else {
            Err(format!("{url} answered with status {}", answer.status.as_u16()).into())
        }
    }
}

impl KeySource for Fetched {
    fn keys(&self, key_id: Option<&str>) -> Option<IssuerKeys> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        // A clock that went back makes neither true: then a fetch is due.
        let within = |at: Time, span| at <= now && now.since(at) < span;
        let serves =
            |(keys, at): &(IssuerKeys, Time)| within(*at, FRESH) && keys.keys.knows(key_id);
        let is_due = !known.tried.is_some_and(|at| within(at, PAUSE));
        if !known.keys.as_ref().is_some_and(serves) && is_due {
            known.tried = Some(now);
            match self.runtime.block_on(self.fetch()) {
                Ok(keys) => known.keys = Some((keys, now)),
                Err(error) => {
                    tracing::warn!(issuer = self.issuer, %error, "the issuer's keys are not fetched");
                }
            }
        }
        known.keys.as_ref().map(|(keys, _)| keys.clone())
    }
}
