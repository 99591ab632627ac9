//! Outgoing requests, each with a deadline and a limit.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use reqwest::redirect::Policy;
use url::{Host, Url};

/// Why a request brought nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A certificate authority in PEM that cannot be read, or no TLS to be had.
    #[error("the client for {url} cannot be set up")]
    Setup {
        /// Where it should have gone.
        url: Url,
        /// What the library said.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is larger than allowed.
    #[error("the answer of {url} is larger than {limit} bytes")]
    TooLarge {
        /// Where it came from.
        url: Url,
        /// The limit in bytes.
        limit: usize,
    },
    /// No answer: nobody listens, the name is unknown, TLS failed, or the deadline passed.
    #[error("{url} does not answer")]
    Unreachable {
        /// Where it should have gone.
        url: Url,
        /// What the library said.
        #[source]
        source: reqwest::Error,
    },
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most the client's limit.
    pub body: Bytes,
}

/// The limits and the trust of a [`Client`].
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The longest a request may take, its body included.
    pub deadline: Duration,
    /// The largest answer in bytes.
    pub max_body: usize,
    /// Certificate authorities in PEM, trusted beside those of the machine.
    pub ca_pem: Vec<String>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(30), max_body: 4 << 20, ca_pem: Vec::new() }
    }
}

/// An HTTP client that does not follow redirects to another host, and never asks a proxy for an
/// address of this machine. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: ClientConfig,
    /// Plain HTTP to this machine: no proxy, and no certificates to load, which takes longer than
    /// most requests.
    near: OnceLock<reqwest::Client>,
    /// Everything else, through the proxy that the environment names.
    far: OnceLock<reqwest::Client>,
}

impl Default for Client {
    fn default() -> Self {
        Self::new(ClientConfig::default())
    }
}

impl Client {
    /// A client with these limits. Nothing is loaded before the first request.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self(Arc::new(Inner { config, near: OnceLock::new(), far: OnceLock::new() }))
    }

    /// Gets `url`.
    pub async fn get(&self, url: &Url) -> Result<Response, ClientError> {
        self.send(Method::GET, url, HeaderMap::new(), Bytes::new()).await
    }

    /// Posts `body` to `url`.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Result<Response, ClientError> {
        self.send(Method::POST, url, headers, body.into()).await
    }

    /// Sends a request and reads its answer, whatever its status.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, ClientError> {
        let unreachable = |source| ClientError::Unreachable { url: url.clone(), source };
        let request = self.0.client_for(url)?.request(method, url.clone()).headers(headers);
        let mut answer = request.body(body).send().await.map_err(unreachable)?;
        let limit = self.0.config.max_body;
        let mut read = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if read.len() + chunk.len() > limit {
                return Err(ClientError::TooLarge { url: url.clone(), limit });
            }
            read.extend_from_slice(&chunk);
        }
        Ok(Response {
            status: answer.status(),
            headers: std::mem::take(answer.headers_mut()),
            body: read.freeze(),
        })
    }
}

impl Inner {
    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, ClientError> {
        let near = url.scheme() == "http" && is_loopback(url);
        let cell = if near { &self.near } else { &self.far };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let builder = if near { near_builder() } else { self.far_builder(url)? };
        let client = builder
            .timeout(self.config.deadline)
            .connect_timeout(Duration::from_secs(5))
            .redirect(same_host_only())
            .user_agent(concat!("siglite/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| ClientError::Setup { url: url.clone(), source })?;
        Ok(cell.get_or_init(|| client))
    }

    fn far_builder(&self, url: &Url) -> Result<reqwest::ClientBuilder, ClientError> {
        use_one_crypto_provider();
        let mut builder = reqwest::Client::builder();
        for pem in &self.config.ca_pem {
            let bundle = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|source| ClientError::Setup { url: url.clone(), source })?;
            builder = builder.tls_certs_merge(bundle);
        }
        // HTTPS to this machine with a local authority is still this machine.
        Ok(if is_loopback(url) { builder.no_proxy() } else { builder })
    }
}

/// Whether `url` names this machine: `localhost`, a name below it, or a loopback address.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn near_builder() -> reqwest::ClientBuilder {
    use_one_crypto_provider();
    let no_roots = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(no_roots).no_proxy()
}

/// A redirect to another host would carry a token, or the trust in an issuer, to a stranger.
fn same_host_only() -> Policy {
    Policy::custom(|attempt| {
        let origin =
            |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port());
        let same =
            attempt.previous().last().is_some_and(|last| origin(last) == origin(attempt.url()));
        if same && attempt.previous().len() <= 3 { attempt.follow() } else { attempt.stop() }
    })
}

/// Makes aws-lc-rs the TLS library's provider. The second call finds it done.
fn use_one_crypto_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::response::Redirect;
    use axum::routing::get;

    use super::*;
    use crate::{Listeners, Shutdown};

    async fn serve(router: Router) -> (Url, Shutdown) {
        let shutdown = Shutdown::default();
        let listeners = Listeners::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://127.0.0.1:{}/", listeners.port()).parse().unwrap();
        tokio::spawn(listeners.serve(router, shutdown.clone()));
        (url, shutdown)
    }

    #[tokio::test]
    async fn stays_on_the_host_it_was_sent_to() {
        let (other, end_other) =
            serve(Router::new().route("/", get(|| async { "stranger" }))).await;
        let away = move || std::future::ready(Redirect::temporary(other.as_str()));
        let router = Router::new()
            .route("/", get(|| async { "home" }))
            .route("/near", get(|| async { Redirect::temporary("/") }))
            .route("/away", get(away));
        let (url, end) = serve(router).await;
        let client = Client::default();
        let near = client.get(&url.join("near").unwrap()).await.unwrap();
        assert_eq!((near.status.as_u16(), &near.body[..]), (200, &b"home"[..]));
        let away = client.get(&url.join("away").unwrap()).await.unwrap();
        assert_eq!(away.status.as_u16(), 307);
        end.begin();
        end_other.begin();
    }

    #[tokio::test]
    async fn an_answer_too_large_is_refused() {
        let (url, end) = serve(Router::new().route("/", get(|| async { "x".repeat(11) }))).await;
        let client = Client::new(ClientConfig { max_body: 10, ..ClientConfig::default() });
        assert!(matches!(client.get(&url).await, Err(ClientError::TooLarge { limit: 10, .. })));
        end.begin();
    }

    #[test]
    fn knows_this_machine() {
        for (url, want) in [
            ("http://localhost:7070", true),
            ("http://127.8.8.8", true),
            ("http://[::1]:80", true),
            ("http://log.localhost", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), want, "{url}");
        }
    }
}
