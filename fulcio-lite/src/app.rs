//! What a door may reach: from a request to the machine, and back.

use std::sync::Arc;

use lite_issuer::{Authority, IssueError, Issued, Request};
use lite_pki::Certificate;
use tokio::sync::Semaphore;

use crate::issuers::keys::Keys;

/// What the doors share.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    authority: Arc<Authority>,
    keys: Arc<Keys>,
    chain: Vec<Certificate>,
    permits: Arc<Semaphore>,
}

/// Why a door gives no certificate.
#[derive(Debug)]
pub(crate) enum Failure {
    /// As many certificates as allowed are being issued.
    Busy,
    /// The machine says why.
    Issue(IssueError),
    /// The machine panicked, or the process ends.
    Lost,
}

impl App {
    pub(crate) fn new(
        authority: Authority,
        keys: Arc<Keys>,
        chain: Vec<Certificate>,
        max_concurrent: usize,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(max_concurrent));
        Self(Arc::new(Inner { authority: Arc::new(authority), keys, chain, permits }))
    }

    /// The authority's chain: issuing certificate first, root last.
    pub(crate) fn chain(&self) -> &[Certificate] {
        &self.0.chain
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// Issues a certificate.
    pub(crate) async fn issue(&self, request: Request) -> Result<Issued, Failure> {
        // The issuer's keys are brought first, while nothing is held: an issuer that does not answer then
        // costs its own callers ten seconds, and everybody else nothing.
        if let Some((issuer, key_id)) = self.0.authority.foresee(&request.token) {
            self.0.keys.bring(&issuer, key_id.as_deref()).await;
        }
        let permit = Arc::clone(&self.0.permits).try_acquire_owned().map_err(|_| Failure::Busy)?;
        let authority = Arc::clone(&self.0.authority);
        // The machine is synchronous: it checks and makes signatures, and waits for the journal and the log.
        // None of that belongs on a thread that serves sockets.
        let issued = tokio::task::spawn_blocking(move || {
            let issued = authority.issue(&request);
            drop(permit);
            issued
        });
        let issued = issued.await.map_err(|_| Failure::Lost)?;
        count(&issued);
        issued.map_err(Failure::Issue)
    }
}

fn count(issued: &Result<Issued, IssueError>) {
    match issued {
        Ok(_) => metrics::counter!("fulcio_new_certs").increment(1),
        Err(why) => {
            metrics::counter!("fulcio_no_certs", "reason" => why.kind()).increment(1);
        }
    }
}
