//! The authority as a server: opened, routed, described, closed.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use lite_bundle::trust::{CertificateAuthority, Fragment, LegacyTarget, Service, Services};
use lite_http::grpc::GrpcServices;
use lite_issuer::algorithms::{ClientAlgorithms, UnknownAlgorithm};
use lite_issuer::ports::{CtLog, Event, IssuanceJournal, JournalError, KeySource, Randomness};
use lite_issuer::{Authority, Issuer, Issuers};
use lite_pki::Certificate;
use lite_time::Clock;

use crate::app::App;
use crate::folder::{CaFolder, FolderError};
use crate::issuers::cluster::Cluster;
use crate::issuers::file::{self, IssuersFileError};
use crate::issuers::keys::Keys;
use crate::journal::Journal;
use crate::{Config, grpc, router};

/// What the assembly brings.
pub struct Ports {
    /// The CT log.
    pub ct_log: Box<dyn CtLog>,
    /// Issuers in the same process, whose keys need no network.
    pub embedded: Vec<EmbeddedIssuer>,
}

/// An identity provider in the same process.
pub struct EmbeddedIssuer {
    /// The issuer; [`Issuer::siglite`] makes one.
    pub issuer: Issuer,
    /// Its keys as they are now.
    pub keys: Arc<dyn KeySource>,
}

/// The certificate authority.
pub struct Server {
    config: Config,
    folder: CaFolder,
    journal: Arc<Journal>,
    app: App,
}

/// Why the authority does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A name in `client_signing_algorithms` is unknown.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// The folder is not an authority's.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The issuers' file cannot be used.
    #[error("issuers cannot be read")]
    Issuers(#[from] IssuersFileError),
    /// The journal cannot be opened.
    #[error("{0} cannot be opened")]
    Journal(PathBuf, #[source] io::Error),
    /// `public_url` has no scheme, or a path.
    #[error("public_url must be http:// or https:// with a host and no path")]
    PublicUrl,
}

impl Server {
    /// Opens the authority in a folder that [`CaFolder::open`] holds.
    pub fn open(
        config: Config,
        folder: CaFolder,
        clock: Arc<dyn Clock>,
        ports: Ports,
    ) -> Result<Self, OpenError> {
        check_url(&config.public_url)?;
        let mut issuers = match &config.issuers_file {
            Some(path) => file::read(path)?,
            None => Issuers::default(),
        };
        let mut embedded = HashMap::new();
        for one in ports.embedded {
            embedded.insert(one.issuer.url.clone(), one.keys);
            issuers.insert(one.issuer);
        }
        let cluster = Cluster {
            ca_file: config.kubernetes_ca_file.clone(),
            token_file: config.kubernetes_token_file.clone(),
        };
        let keys = Arc::new(Keys::new(embedded, cluster, Arc::clone(&clock)));
        let journal_dir = folder.dir.join("journal");
        let journal =
            Journal::open(&journal_dir).map_err(|why| OpenError::Journal(journal_dir, why))?;
        let journal = Arc::new(journal);
        let authority = Authority {
            issuers,
            algorithms: ClientAlgorithms::from_names(&config.client_signing_algorithms)?,
            keys: Box::new(SharedKeys(Arc::clone(&keys))),
            signer: Box::new(Arc::clone(&folder.ca)),
            log: ports.ct_log,
            journal: Box::new(SharedJournal(Arc::clone(&journal))),
            clock,
            randomness: Box::new(SystemRandom),
        };
        let app = App::new(authority, keys, folder.chain().to_vec(), config.max_concurrent);
        Ok(Self { config, folder, journal, app })
    }

    /// The routes, without a fallback.
    pub fn router(&self) -> Router {
        router::router(self.app.clone())
    }

    /// The same API in gRPC.
    #[must_use]
    pub fn grpc(&self) -> GrpcServices {
        grpc::services(self.app.clone())
    }

    /// This server's share of the trust material.
    #[must_use]
    pub fn fragment(&self) -> Fragment {
        let (url, chain) = (self.config.public_url.trim_end_matches('/'), self.folder.chain());
        let organization = &self.config.organization;
        let start = self.folder.ca.certificate().not_before();
        let der = chain.iter().map(|one| one.der().to_vec()).collect();
        let common_name = format!("{organization}-intermediate");
        Fragment {
            certificate_authorities: vec![CertificateAuthority::new(
                organization,
                &common_name,
                url,
                der,
                start,
            )],
            services: Services {
                ca: vec![Service::new(url, 1, start, &self.config.operator)],
                ..Services::default()
            },
            legacy: vec![
                legacy("fulcio_v1.crt.pem", url, self.folder.root()),
                legacy("fulcio_intermediate_v1.crt.pem", url, self.folder.ca.certificate()),
            ],
            ..Fragment::default()
        }
    }

    /// Whether the authority can issue.
    pub fn health(&self) -> Result<(), String> {
        check(&self.journal)
    }

    /// The same question, for whoever asks it again and again.
    pub fn health_check(&self) -> impl Fn() -> Result<(), String> + Send + Sync + 'static {
        let journal = Arc::clone(&self.journal);
        move || check(&journal)
    }

    /// Ends the authority after everything it recorded is on disk.
    pub fn close(self) {
        self.journal.close();
        drop(self.folder.lock);
    }
}

fn check(journal: &Journal) -> Result<(), String> {
    if journal.is_ok() {
        Ok(())
    } else {
        Err("the issuance journal cannot be written: no certificate is signed until a restart"
            .to_owned())
    }
}

/// sigstore-python joins paths to the host alone, so a path here would be lost.
fn check_url(url: &str) -> Result<(), OpenError> {
    let url = url::Url::parse(url).map_err(|_| OpenError::PublicUrl)?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let holds = matches!(url.scheme(), "http" | "https") && url.has_host() && plain;
    if holds { Ok(()) } else { Err(OpenError::PublicUrl) }
}

fn legacy(name: &str, url: &str, certificate: &Certificate) -> LegacyTarget {
    LegacyTarget {
        name: name.to_owned(),
        usage: "Fulcio".to_owned(),
        status: "Active".to_owned(),
        uri: url.to_owned(),
        contents: certificate.to_pem().into_bytes(),
    }
}

struct SharedKeys(Arc<Keys>);

impl KeySource for SharedKeys {
    fn keys(
        &self,
        issuer: &Issuer,
        key_id: Option<&str>,
    ) -> Result<lite_issuer::ports::IssuerKeys, lite_issuer::ports::KeySourceError> {
        self.0.keys(issuer, key_id)
    }
}

struct SharedJournal(Arc<Journal>);

impl IssuanceJournal for SharedJournal {
    fn record(&self, event: &Event<'_>) -> Result<(), JournalError> {
        self.0.record(event)
    }
}

/// The operating system's randomness.
struct SystemRandom;

impl Randomness for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        lite_keys::fill_random(bytes);
    }
}
