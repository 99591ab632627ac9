//! Connections: which client, which scheme, which trust.

use std::time::Duration;

use http::StatusCode;
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::challenge::Challenge;
use super::{Endpoint, Remote, Session, answer};
use crate::error::ImageError;

/// The longest time to a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest time in which nothing comes.
const SILENCE: Duration = Duration::from_secs(60);
/// Blobs often lie elsewhere, once removed.
const MAX_REDIRECTS: usize = 5;

impl Session {
    pub(super) fn names_certificates(&self) -> bool {
        !self.access.ca_pem.is_empty() || self.access.client_identity_pem.is_some()
    }

    /// The client for a URL.
    pub(super) fn client(&self, url: &Url, registry: &str) -> Result<&reqwest::Client, ImageError> {
        if url.scheme() == "http" && is_loopback(url) {
            self.near(registry)
        } else {
            self.far(registry)
        }
    }

    fn near(&self, registry: &str) -> Result<&reqwest::Client, ImageError> {
        if let Some(client) = self.near.get() {
            return Ok(client);
        }
        use_one_crypto_provider();
        let no_roots = rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let builder = reqwest::Client::builder().tls_backend_preconfigured(no_roots).no_proxy();
        let client = finish(builder, registry)?;
        Ok(self.near.get_or_init(|| client))
    }

    pub(super) fn far(&self, registry: &str) -> Result<&reqwest::Client, ImageError> {
        if let Some(client) = self.far.get() {
            return Ok(client);
        }
        use_one_crypto_provider();
        let setup = |source| ImageError::Setup { registry: registry.to_owned(), source };
        let mut builder = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(self.access.insecure_skip_tls_verify);
        for pem in self.access.ca_pem.iter().chain(&self.access.instance_ca_pem) {
            let bundle = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(setup)?;
            builder = builder.tls_certs_merge(bundle);
        }
        if let Some(pem) = &self.access.client_identity_pem {
            let identity = reqwest::Identity::from_pem(pem.reveal().as_bytes()).map_err(setup)?;
            builder = builder.identity(identity);
        }
        let client = finish(builder, registry)?;
        Ok(self.far.get_or_init(|| client))
    }
}

fn finish(builder: reqwest::ClientBuilder, registry: &str) -> Result<reqwest::Client, ImageError> {
    builder
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(never_down_to_http())
        .user_agent(concat!("siglite/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|source| ImageError::Setup { registry: registry.to_owned(), source })
}

/// The client drops `Authorization` where a redirect leaves the host; what TLS protected must not
/// go on without.
fn never_down_to_http() -> Policy {
    Policy::custom(|attempt| {
        let was_tls = attempt.previous().last().is_some_and(|last| last.scheme() == "https");
        let down = was_tls && attempt.url().scheme() != "https";
        if down || attempt.previous().len() > MAX_REDIRECTS {
            attempt.stop()
        } else {
            attempt.follow()
        }
    })
}

/// Makes aws-lc-rs the TLS library's provider. The second call finds it done.
fn use_one_crypto_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Remote {
    /// How the registry is reached. It is asked once a session.
    pub(super) async fn endpoint(&self) -> Result<Endpoint, ImageError> {
        let cell = {
            let mut known = self.session.endpoints.lock().await;
            known.entry(self.registry.clone()).or_default().clone()
        };
        cell.get_or_try_init(|| self.ping()).await.cloned()
    }

    /// `GET /v2/` over the schemes that are allowed, the likelier first.
    async fn ping(&self) -> Result<Endpoint, ImageError> {
        let schemes: &[&str] = match (self.allow_plain, self.session.access.allow_http) {
            (true, _) => &["http", "https"],
            (false, true) => &["https", "http"],
            (false, false) => &["https"],
        };
        let mut first_error = None;
        for scheme in schemes {
            match self.ping_over(scheme).await {
                Ok(Some(endpoint)) => return Ok(endpoint),
                Ok(None) => {}
                // With two schemes, the error of the one that somebody listens to says more.
                Err(error) => {
                    let keeps = matches!(first_error, Some(ref first) if !is_silence(first));
                    if !keeps {
                        first_error = Some(error);
                    }
                }
            }
        }
        Err(first_error.unwrap_or(ImageError::PlainHttp { registry: self.registry.clone() }))
    }

    /// `None` where plain HTTP is answered by a server of TLS.
    async fn ping_over(&self, scheme: &str) -> Result<Option<Endpoint>, ImageError> {
        // A `Reference` holds nothing in front of its first slash that is not a host and a port.
        let not_a_host = || ImageError::NotFound { name: self.registry.clone() };
        let host = if self.registry == lite_oci::DEFAULT_REGISTRY {
            "registry-1.docker.io"
        } else {
            &self.registry
        };
        let base = Url::parse(&format!("{scheme}://{host}/")).map_err(|_| not_a_host())?;
        let url = base.join("v2/").map_err(|_| not_a_host())?;
        let client = self.session.client(&url, &self.registry)?;
        let sent = client.get(url).send().await;
        let answer = sent.map_err(|error| answer::no_answer(&self.registry, error))?;
        // Go's servers of TLS say so in plain HTTP, with 400.
        if scheme == "http" && answer.status() == StatusCode::BAD_REQUEST {
            return Ok(None);
        }
        let challenge = Challenge::of(answer.headers());
        Ok(Some(Endpoint { base, challenge }))
    }
}

fn is_silence(error: &ImageError) -> bool {
    matches!(error, ImageError::Unreachable { .. })
}
