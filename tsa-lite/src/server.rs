//! The authority as a server: its folder, its routes, its share of the trust material.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lite_bundle::trust::{CertificateAuthority, Fragment, LegacyTarget, Service, Services};
use lite_pki::Certificate;
use lite_pki::oid::ObjectIdentifier;
use lite_store::{FolderLock, durable};
use lite_time::Clock;

use crate::config::Config;
use crate::error::OpenError;
use crate::stamper::Stamper;
use crate::{keep, router};

/// The version of the timestamp API, as a signing config counts it.
const API_VERSION: u32 = 1;

/// An open authority with its folder.
pub struct Server {
    stamper: Arc<Stamper>,
    endpoint: String,
    organization: String,
    _lock: FolderLock,
}

impl Server {
    /// Opens the authority, or makes keys and certificates where there never were any.
    pub fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        if !config.public_url.starts_with("http://") && !config.public_url.starts_with("https://") {
            return Err(OpenError::Url(config.public_url.clone()));
        }
        let policies = policies(config)?;
        durable::create_dir_all(&config.dir).map_err(keep::at(&config.dir))?;
        let lock = FolderLock::acquire(&config.dir)?;
        let authority = keep::open(config, clock.now())?;
        let tolerance = Duration::from_millis(config.clock_tolerance_ms);
        Ok(Self {
            stamper: Arc::new(Stamper::new(authority, policies, clock, tolerance)),
            endpoint: config.endpoint(),
            organization: config.organization.clone(),
            _lock: lock,
        })
    }

    /// `/api/v1/timestamp` and `/api/v1/timestamp/certchain`.
    pub fn router(&self) -> Router {
        router::router(Arc::clone(&self.stamper))
    }

    /// `/ping`, for an address that is this server's alone.
    pub fn standalone(&self) -> Router {
        router::ping()
    }

    /// What clients need to use this authority and to verify its timestamps.
    #[must_use]
    pub fn fragment(&self) -> Fragment {
        let chain = self.chain();
        let start = chain.first().map(Certificate::not_before).unwrap_or_default();
        let ders = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        let name = "timestamp authority";
        let uri = &self.endpoint;
        let service = Service::new(uri, API_VERSION, start, &self.organization);
        Fragment {
            timestamp_authorities: vec![CertificateAuthority::new(
                &self.organization,
                name,
                uri,
                ders,
                start,
            )],
            services: Services { tsa: vec![service], ..Services::default() },
            legacy: self.legacy(),
            ..Fragment::default()
        }
    }

    /// Leaf first, root last.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        self.stamper.chain()
    }

    /// Whether a timestamp would be given now.
    pub fn health(&self) -> Result<(), String> {
        self.stamper.check().map_err(|error| error.to_string())
    }

    /// Ends it. Nothing is kept that would have to be written.
    pub fn close(self) {}

    /// Older clients tell root and intermediates apart by their names, and want one leaf.
    fn legacy(&self) -> Vec<LegacyTarget> {
        let target = |name: &str, certificate: &Certificate| LegacyTarget {
            name: name.to_owned(),
            usage: "TSA".to_owned(),
            status: "Active".to_owned(),
            uri: self.endpoint.clone(),
            contents: certificate.to_pem().into_bytes(),
        };
        let chain = self.chain();
        let last = chain.len().saturating_sub(1);
        let name = |position: usize| match position {
            0 => "tsa_leaf.crt.pem".to_owned(),
            position if position == last => "tsa_root.crt.pem".to_owned(),
            position => format!("tsa_intermediate_{}.crt.pem", position - 1),
        };
        chain.iter().enumerate().map(|(i, certificate)| target(&name(i), certificate)).collect()
    }
}

fn policies(config: &Config) -> Result<Vec<ObjectIdentifier>, OpenError> {
    let read =
        |text: &String| ObjectIdentifier::new(text).map_err(|_| OpenError::Policy(text.clone()));
    let policies = config.policies.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if policies.is_empty() { Err(OpenError::Policy(String::new())) } else { Ok(policies) }
}
