//! Discovery document and key set of one issuer, over the network.

use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, StatusCode};
use lite_http::client::{Client, ClientConfig};
use lite_identity::{Discovery, KeySet, MAX_DISCOVERY_BYTES, MAX_KEY_SET_BYTES};
use lite_issuer::Issuer;
use lite_issuer::ports::IssuerKeys;
use url::Url;

use super::cluster::Cluster;

/// How long an issuer has for both answers together.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why an issuer's keys were not fetched: a word for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    Client(#[from] lite_http::client::ClientError),
    #[error(transparent)]
    Discovery(#[from] lite_identity::DiscoveryError),
    #[error("an https issuer names a key set without https")]
    Downgrade,
    #[error(transparent)]
    KeySet(#[from] lite_identity::KeySetError),
    #[error("{0} answered with status {1}")]
    Status(Url, u16),
    #[error("no answer within ten seconds")]
    Timeout,
    #[error("issuer is not a URL")]
    Url,
}

/// The client for one issuer, which alone may chain to the issuer's own authority.
pub(super) fn client(issuer: &Issuer, cluster: &Cluster) -> Client {
    let own = if Cluster::is_own(issuer) { cluster.ca() } else { String::new() };
    let authorities = [issuer.ca_cert.clone(), own];
    Client::new(ClientConfig {
        deadline: DEADLINE,
        max_body: MAX_DISCOVERY_BYTES.max(MAX_KEY_SET_BYTES),
        ca_pem: authorities.into_iter().filter(|pem| !pem.trim().is_empty()).collect(),
    })
}

/// Who asks whom.
pub(super) struct Fetch<'a> {
    pub(super) client: &'a Client,
    pub(super) cluster: &'a Cluster,
    pub(super) issuer: &'a Issuer,
}

impl Fetch<'_> {
    /// The issuer's keys.
    pub(super) async fn keys(&self) -> Result<IssuerKeys, FetchError> {
        let fetched = tokio::time::timeout(DEADLINE, self.both()).await;
        fetched.unwrap_or(Err(FetchError::Timeout))
    }

    async fn both(&self) -> Result<IssuerKeys, FetchError> {
        let issuer = &self.issuer.url;
        let url = Url::parse(&Discovery::url_of(issuer)).map_err(|_| FetchError::Url)?;
        let discovery = Discovery::parse(&self.get(&url).await?, issuer)?;
        if url.scheme() == "https" && discovery.jwks_uri().scheme() != "https" {
            return Err(FetchError::Downgrade);
        }
        let keys = KeySet::parse(&self.get(discovery.jwks_uri()).await?)?;
        Ok(IssuerKeys { keys: keys.into(), algorithms: discovery.algorithms().into() })
    }

    async fn get(&self, url: &Url) -> Result<Bytes, FetchError> {
        let authorization = self.cluster.authorization(self.issuer, url);
        let headers = authorization.into_iter().map(|value| (AUTHORIZATION, value)).collect();
        let answer = self.client.send(Method::GET, url, headers, Bytes::new()).await?;
        if answer.status == StatusCode::OK {
            Ok(answer.body)
        } else {
            Err(FetchError::Status(url.clone(), answer.status.as_u16()))
        }
    }
}
