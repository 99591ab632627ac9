//! What may be logged: a path that leads to a configured root, submitted whole.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use lite_pki::sct::EntryError;
use lite_pki::{Certificate, CtEntry, Purpose, chain};

/// Which of the two submissions it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `add-chain`: a certificate.
    Certificate,
    /// `add-pre-chain`: a precertificate.
    Precertificate,
}

/// A submission that may be logged.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    /// What is logged.
    pub(crate) entry: CtEntry,
    /// The precertificate, where it is one.
    pub(crate) precertificate: Option<Certificate>,
    /// The certificates above the leaf, nearest first; the last one is a root.
    pub(crate) issuers: Arc<[Certificate]>,
}

/// Why a submission is not logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The chain does not lead to a root of this log by valid signatures.
    #[error("the chain is not acceptable: {0}")]
    Chain(#[from] chain::ChainError),
    /// One of the certificates is not one.
    #[error("certificate {0} of the chain is not valid DER of a certificate")]
    Certificate(usize),
    /// There is nothing to log.
    #[error("the chain is empty")]
    Empty,
    /// The wrong kind of leaf for this endpoint, or a malformed poison.
    #[error("the leaf is not acceptable: {0}")]
    Leaf(#[from] EntryError),
    /// More certificates than any chain of an authority has.
    #[error("the chain has more than {MAX_CHAIN} certificates")]
    TooLong,
    /// The chain ends at a certificate that no root of this log has issued.
    #[error("the chain does not lead to a root of this log")]
    UnknownRoot,
}

/// The longest chain, leaf and root included.
const MAX_CHAIN: usize = 10;
/// How many paths of issuers are remembered as valid. An authority has one or two.
const MAX_PATHS: usize = 64;

/// Decides what may be logged.
pub(crate) struct Acceptance {
    roots: Vec<Certificate>,
    /// Paths above the leaf whose signatures were checked, so that each submission costs one
    /// signature and not three. Only a configured CA can add to it.
    paths: Mutex<Paths>,
}

#[derive(Default)]
struct Paths {
    valid: HashMap<[u8; 32], Arc<[Certificate]>>,
    order: VecDeque<[u8; 32]>,
}

impl Acceptance {
    pub(crate) fn new(roots: Vec<Certificate>) -> Self {
        Self { roots, paths: Mutex::default() }
    }

    /// The roots, as `get-roots` lists them.
    pub(crate) fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// RFC 6962, Section 3.1: the log "MUST verify that the submitted end-entity certificate or
    /// Precertificate has a valid signature chain leading back to a trusted root CA certificate,
    /// using the chain of intermediate CA certificates provided by the submitter".
    ///
    /// The time does not matter: a log shows what was issued, not what is valid.
    pub(crate) fn accept(&self, kind: Kind, chain: &[Vec<u8>]) -> Result<Accepted, Refusal> {
        let (leaf, above) = chain.split_first().ok_or(Refusal::Empty)?;
        if chain.len() > MAX_CHAIN {
            return Err(Refusal::TooLong);
        }
        let leaf = Certificate::from_der(leaf).map_err(|_| Refusal::Certificate(0))?;
        let issuers = self.issuers(&leaf, above)?;
        // A path has at least its root.
        let issuer = issuers.first().ok_or(Refusal::UnknownRoot)?;
        let entry = match kind {
            Kind::Precertificate => CtEntry::of_precertificate(&leaf, issuer)?,
            Kind::Certificate if leaf.extension(&lite_pki::oid::CT_POISON).is_some() => {
                return Err(Refusal::Leaf(EntryError::Poisoned));
            }
            Kind::Certificate => CtEntry::X509(leaf.der().to_vec()),
        };
        chain::verify_leaf_of_path(&leaf, issuer, Purpose::CodeSigning)?;
        let precertificate = (kind == Kind::Precertificate).then_some(leaf);
        Ok(Accepted { entry, precertificate, issuers })
    }

    /// The path above the leaf, up to a root that may be left out (RFC 6962, Section 4.1).
    fn issuers(
        &self,
        leaf: &Certificate,
        above: &[Vec<u8>],
    ) -> Result<Arc<[Certificate]>, Refusal> {
        let name = name_of(leaf, above);
        if let Some(path) = self.paths().valid.get(&name) {
            return Ok(Arc::clone(path));
        }
        let mut path = Vec::with_capacity(above.len() + 1);
        for (at, der) in above.iter().enumerate() {
            let certificate = Certificate::from_der(der);
            path.push(certificate.map_err(|_| Refusal::Certificate(at + 1))?);
        }
        let path = self.verified(leaf, path)?;
        let path: Arc<[Certificate]> = path.into();
        self.paths().remember(name, &path);
        Ok(path)
    }

    /// The path with a root of ours at its end, its signatures checked.
    fn verified(
        &self,
        leaf: &Certificate,
        path: Vec<Certificate>,
    ) -> Result<Vec<Certificate>, Refusal> {
        if path.last().is_some_and(|last| self.roots.contains(last)) {
            chain::verify_path(&path, Purpose::CodeSigning)?;
            return Ok(path);
        }
        // An authority that changes its root may keep its name, so there can be several.
        let last = path.last().unwrap_or(leaf);
        let named = |root: &&Certificate| names(last, root);
        let mut refusal = Refusal::UnknownRoot;
        for root in self.roots.iter().filter(named).filter(|_| !last.is_self_issued()) {
            let whole = [&path[..], std::slice::from_ref(root)].concat();
            match chain::verify_path(&whole, Purpose::CodeSigning) {
                Ok(()) => return Ok(whole),
                Err(error) => refusal = error.into(),
            }
        }
        Err(refusal)
    }

    fn paths(&self) -> std::sync::MutexGuard<'_, Paths> {
        // Every change of it is one insertion, so it is whole even after a panic.
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Paths {
    fn remember(&mut self, name: [u8; 32], path: &Arc<[Certificate]>) {
        if self.valid.insert(name, Arc::clone(path)).is_none() {
            self.order.push_back(name);
        }
        if self.order.len() > MAX_PATHS
            && let Some(oldest) = self.order.pop_front()
        {
            self.valid.remove(&oldest);
        }
    }
}

/// Whether `certificate` says that `root` has issued it.
fn names(certificate: &Certificate, root: &Certificate) -> bool {
    let same_key = match (certificate.authority_key_id(), root.subject_key_id()) {
        (Some(named), Some(has)) => named == has,
        _ => true,
    };
    same_key && certificate.issuer_der() == root.subject_der()
}

/// What the path depends on: the certificates as submitted, and, where the root was left out, the
/// names by which it is found.
fn name_of(leaf: &Certificate, above: &[Vec<u8>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for der in above {
        hash.update((der.len() as u64).to_be_bytes());
        hash.update(der);
    }
    if above.is_empty() {
        hash.update(leaf.issuer_der());
        hash.update(leaf.authority_key_id().unwrap_or_default());
    }
    hash.finalize().into()
}
