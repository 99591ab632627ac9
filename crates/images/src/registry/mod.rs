//! A session with registries: connections, who asks, and what is sent again.
//!
//! Read in this order: [`Registry`] (the session), `request` (how one request goes out and what its
//! answer means), `challenge` and `token` (how a registry is told who asks), then [`Remote`] (a
//! repository): `manifests`, `blobs`, `referrers`, `lists`.

mod answer;
mod blobs;
mod challenge;
mod connect;
mod lists;
mod manifests;
mod referrers;
mod request;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use lite_oci::{Reference, RepositoryName};
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use crate::access::{Access, Credential};
use crate::error::ImageError;
use crate::repository::Repository;
use challenge::Challenge;
use token::Tokens;

/// A session with any number of registries. Clones share connections and tokens.
#[derive(Clone, Debug)]
pub struct Registry(Arc<Session>);

#[derive(Debug)]
struct Session {
    access: Access,
    /// Plain HTTP to this machine: no proxy, and no certificates to load.
    near: OnceLock<reqwest::Client>,
    far: OnceLock<reqwest::Client>,
    endpoints: Mutex<HashMap<String, Arc<OnceCell<Endpoint>>>>,
    credentials: Mutex<HashMap<String, Option<Credential>>>,
    tokens: Tokens,
}

/// How a registry is reached, found out once.
#[derive(Clone, Debug)]
struct Endpoint {
    /// `SCHEME://HOST:PORT/`.
    base: Url,
    /// What it wants to hear before anything else; some ask only later.
    challenge: Option<Challenge>,
}

impl Registry {
    /// A session. Nothing is sent before it is needed.
    pub fn new(access: Access) -> Result<Self, ImageError> {
        let session = Self(Arc::new(Session {
            access,
            near: OnceLock::new(),
            far: OnceLock::new(),
            endpoints: Mutex::default(),
            credentials: Mutex::default(),
            tokens: Tokens::default(),
        }));
        // What the command line said about TLS is refused here, rather than halfway through.
        if session.0.names_certificates() {
            session.0.far("the registry")?;
        }
        Ok(session)
    }

    /// The repository of a reference.
    #[must_use]
    pub fn repository(&self, reference: &Reference) -> Repository {
        Repository::Remote(self.remote(reference))
    }

    /// The repository of a reference, as one that is in a registry.
    #[must_use]
    pub fn remote(&self, reference: &Reference) -> Remote {
        Remote {
            session: Arc::clone(&self.0),
            registry: reference.registry().to_owned(),
            name: reference.repository().clone(),
            allow_plain: reference.is_plain_http(),
        }
    }
}

/// A repository in a registry.
#[derive(Clone, Debug)]
pub struct Remote {
    session: Arc<Session>,
    registry: String,
    name: RepositoryName,
    /// Whether plain HTTP may be tried unasked.
    allow_plain: bool,
}

impl Remote {
    /// `HOST` or `HOST:PORT`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry.
    #[must_use]
    pub const fn name(&self) -> &RepositoryName {
        &self.name
    }

    /// What a person calls something in here.
    fn shown(&self, target: &impl std::fmt::Display) -> String {
        let target = target.to_string();
        let separator = if target.contains(':') { '@' } else { ':' };
        format!("{}/{}{separator}{target}", self.registry, self.name)
    }
}
