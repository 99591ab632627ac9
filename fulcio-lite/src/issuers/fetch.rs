//! Discovery document and key set of one issuer, over the network.

use std::time::Duration;

use lite_http::client::{Client, ClientConfig};
use lite_identity::{Discovery, KeySet, MAX_DISCOVERY_BYTES, MAX_KEY_SET_BYTES};
use lite_issuer::Issuer;
use lite_issuer::ports::IssuerKeys;
use url::Url;

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
pub(super) fn client(issuer: &Issuer) -> Client {
    let ca = issuer.ca_cert.trim();
    Client::new(ClientConfig {
        deadline: DEADLINE,
        max_body: MAX_DISCOVERY_BYTES.max(MAX_KEY_SET_BYTES),
        ca_pem: if ca.is_empty() { Vec::new() } else { vec![ca.to_owned()] },
    })
}

pub(super) async fn fetch(client: &Client, issuer: &Issuer) -> Result<IssuerKeys, FetchError> {
    let fetched = tokio::time::timeout(DEADLINE, both(client, issuer)).await;
    fetched.unwrap_or(Err(FetchError::Timeout))
}

async fn both(client: &Client, issuer: &Issuer) -> Result<IssuerKeys, FetchError> {
    let url = Url::parse(&Discovery::url_of(&issuer.url)).map_err(|_| FetchError::Url)?;
    let discovery = Discovery::parse(&get(client, &url).await?, &issuer.url)?;
    if url.scheme() == "https" && discovery.jwks_uri().scheme() != "https" {
        return Err(FetchError::Downgrade);
    }
    let keys = KeySet::parse(&get(client, discovery.jwks_uri()).await?)?;
    Ok(IssuerKeys { keys: keys.into(), algorithms: discovery.algorithms().into() })
}

async fn get(client: &Client, url: &Url) -> Result<bytes::Bytes, FetchError> {
    let answer = client.get(url).await?;
    if answer.status == http::StatusCode::OK {
        Ok(answer.body)
    } else {
        Err(FetchError::Status(url.clone(), answer.status.as_u16()))
    }
}
