//! The configured issuers: which tokens are looked at at all, and how they are read.

mod file;
mod kind;
mod read;

use std::sync::Arc;

use regex::Regex;

pub use file::{CiMetadata, ConfigFile, IssuerSection};
pub use kind::Kind;
pub use read::{ConfigError, ConfigReason};

/// One issuer, checked.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its URL. For a meta-issuer that a token has matched: the token's.
    pub url: String,
    /// What `aud` of a token must contain.
    pub client_id: String,
    /// How a token becomes a principal.
    pub kind: Kind,
    /// Certificates in PEM that its HTTPS server may chain to; empty: the usual ones.
    pub ca_cert: String,
    /// The section as it was read, for those who ask for the configuration.
    pub section: IssuerSection,
}

/// All configured issuers.
#[derive(Clone, Debug, Default)]
pub struct Issuers {
    exact: Vec<Arc<Issuer>>,
    meta: Vec<MetaIssuer>,
}

#[derive(Clone, Debug)]
struct MetaIssuer {
    pattern: Regex,
    issuer: Arc<Issuer>,
}

impl Issuers {
    /// Checks the file and keeps what it says.
    pub fn new(file: &ConfigFile) -> Result<Self, ConfigError> {
        let exact = read::exact(file)?.into_iter().map(Arc::new).collect();
        let meta = read::meta(file)?
            .into_iter()
            .map(|(pattern, issuer)| MetaIssuer { pattern, issuer: Arc::new(issuer) })
            .collect();
        Ok(Self { exact, meta })
    }

    /// Adds an issuer, or replaces the one with its URL: the assembly knows its own identity provider
    /// without a file.
    pub fn insert(&mut self, issuer: Issuer) {
        self.exact.retain(|one| one.url != issuer.url);
        self.exact.push(Arc::new(issuer));
    }

    /// The issuer that `url` names: an exact one, else the first meta-issuer whose pattern is the
    /// *whole* of it. Nothing else is ever asked for keys.
    #[must_use]
    pub fn find(&self, url: &str) -> Option<Arc<Issuer>> {
        if let Some(issuer) = self.exact.iter().find(|issuer| issuer.url == url) {
            return Some(Arc::clone(issuer));
        }
        let meta = self.meta.iter().find(|meta| meta.pattern.is_match(url))?;
        Some(Arc::new(Issuer { url: url.to_owned(), ..Issuer::clone(&meta.issuer) }))
    }

    /// The exact issuers.
    pub fn exact(&self) -> impl Iterator<Item = &Issuer> {
        self.exact.iter().map(AsRef::as_ref)
    }

    /// The meta-issuers; their URL is the pattern as it was written.
    pub fn meta(&self) -> impl Iterator<Item = &Issuer> {
        self.meta.iter().map(|meta| meta.issuer.as_ref())
    }
}

impl Issuer {
    /// The embedded identity provider: type `siglite`.
    #[must_use]
    pub fn siglite(url: &str, client_id: &str) -> Self {
        let section = IssuerSection {
            issuer_url: url.to_owned(),
            client_id: client_id.to_owned(),
            kind: "siglite".to_owned(),
            ..IssuerSection::default()
        };
        Self {
            url: url.to_owned(),
            client_id: client_id.to_owned(),
            kind: Kind::Siglite,
            ca_cert: String::new(),
            section,
        }
    }
}

#[cfg(test)]
mod tests;
