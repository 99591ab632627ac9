//! The life of a submission: from a chain to an SCT.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lite_keys::{PublicKey, SigningKey};
use lite_pki::{Certificate, CtEntry, Sct, sct};
use lite_sequencer::ports::CheckpointRefusal;
use lite_store::{Leaf, Log, ReadError, Sequenced, Tree, View};
use lite_tlog::Hash;

use crate::acceptance::{Acceptance, Accepted, Kind, Refusal};
use crate::checkpoint::{self, TreeHead, millis};
use crate::error::SubmitError;
use crate::hashes::{FindError, Hashes};
use crate::issuers::Issuers;
use crate::stored;

/// An open CT log. Clones share it.
#[derive(Clone)]
pub struct CtLog(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) acceptance: Acceptance,
    pub(crate) hashes: Mutex<Hashes>,
    pub(crate) issuers: Issuers,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) leaf_index: bool,
    pub(crate) log: Log,
}

impl CtLog {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// `add-pre-chain`: logs a precertificate, and promises it. `chain` is DER, the precertificate
    /// first, its issuers after it; the root may be left out.
    pub async fn submit_pre_chain(&self, chain: &[Vec<u8>]) -> Result<Sct, SubmitError> {
        self.submit(Kind::Precertificate, chain).await
    }

    /// `add-chain`: logs a certificate, and promises it.
    pub async fn submit_chain(&self, chain: &[Vec<u8>]) -> Result<Sct, SubmitError> {
        self.submit(Kind::Certificate, chain).await
    }

    /// The key that signs SCTs and checkpoints.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        self.0.key.public()
    }

    /// The log ID: SHA-256 of the key.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        sct::log_id(self.key())
    }

    /// Answers what waits, and takes no more.
    pub(crate) fn close(&self) {
        self.0.log.close();
    }

    async fn submit(&self, kind: Kind, chain: &[Vec<u8>]) -> Result<Sct, SubmitError> {
        // (1) Accept. Two or three signatures, a tenth of a millisecond each: less than it would
        // cost to hand the work to another thread. The paths of our own CA are remembered.
        let accepted = self.0.acceptance.accept(kind, chain)?;
        // The limit on certificates keeps each length within its field.
        let beside = stored::beside(&accepted).ok_or(Refusal::Certificate(0))?;
        let identity = stored::identity(&accepted.entry).ok_or(Refusal::Certificate(0))?;

        // (2) What the leaf refers to is there before the leaf is.
        self.keep_issuers(&accepted).await?;

        // (3) Sequence. On return the leaf is durable, under a signed checkpoint.
        let (leaf_index, entry) = (self.0.leaf_index, accepted.entry.clone());
        let expected = chain.first().map_or(0, Vec::len) + 64;
        let build =
            move |index, time| stored::leaf(&entry, time, &stored::extensions(leaf_index, index));
        let sequenced = self.0.log.append_with(identity, beside, expected, build).await?;
        let counter = metrics::counter!("ct_submissions_total", "duplicate" => if sequenced.duplicate { "true" } else { "false" });
        counter.increment(1);

        // (4) Promise what is kept already.
        self.promise(&accepted.entry, &sequenced)
    }

    async fn keep_issuers(&self, accepted: &Accepted) -> Result<(), SubmitError> {
        if self.0.issuers.has_all(&accepted.issuers) {
            return Ok(());
        }
        let (parts, issuers) = (Arc::clone(&self.0), Arc::clone(&accepted.issuers));
        // This writes and waits for the disk, once for each CA.
        let kept = tokio::task::spawn_blocking(move || parts.issuers.add(&issuers)).await;
        kept.map_err(std::io::Error::other).and_then(|kept| kept).map_err(SubmitError::Issuers)
    }

    fn promise(&self, entry: &CtEntry, sequenced: &Sequenced) -> Result<Sct, SubmitError> {
        let (timestamp, extensions) = if sequenced.duplicate {
            // The setting may have been another when the leaf was built: the leaf knows.
            let leaf = self.0.log.leaf(sequenced.index).map_err(|_| SubmitError::Unreadable)?;
            let leaf = stored::parse(&leaf).ok_or(SubmitError::Unreadable)?;
            (leaf.timestamp, leaf.extensions)
        } else {
            let extensions = stored::extensions(self.0.leaf_index, sequenced.index);
            (millis(sequenced.time), extensions)
        };
        Ok(Sct::sign(&self.0.key, timestamp, extensions, entry)?)
    }

    pub(crate) fn roots(&self) -> &[Certificate] {
        self.0.acceptance.roots()
    }

    pub(crate) fn issuers(&self) -> &Issuers {
        &self.0.issuers
    }

    pub(crate) fn engine(&self) -> &Log {
        &self.0.log
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.0.log.view()
    }

    /// The signed tree head of a tree of ours.
    pub(crate) fn tree_head(&self, tree: &Tree) -> Result<TreeHead, CheckpointRefusal> {
        checkpoint::read(&tree.checkpoint, self.0.log.origin(), &self.id())
    }

    /// The leaf with this hash. Blocks while the index catches up with the tree.
    pub(crate) fn find(&self, view: &View, hash: &Hash) -> Result<Option<u64>, FindError> {
        self.hashes().find(view, hash)
    }

    /// Brings the index of leaf hashes up to the tree. Blocks.
    pub(crate) fn index_hashes(&self) -> Result<(), FindError> {
        let view = self.view();
        self.hashes().catch_up(&view)
    }

    /// The certificates above a leaf, nearest first, in DER.
    pub(crate) fn chain_of(&self, leaf: &Leaf) -> Result<LeafParts, ReadError> {
        let damaged = || ReadError::Damaged("leaf".to_owned());
        let parsed = stored::parse(leaf).ok_or_else(damaged)?;
        let issuer = |name: &[u8; 32]| {
            let name_text = || format!("issuer {}", hex::encode(name));
            self.0.issuers.get(name).ok_or_else(|| ReadError::Missing(name_text()))
        };
        let issuers = parsed.chain.iter().map(issuer).collect::<Result<_, _>>()?;
        let precertificate = match parsed.entry {
            CtEntry::Precert { .. } => Some(parsed.precertificate),
            CtEntry::X509(_) => None,
        };
        Ok(LeafParts { precertificate, issuers })
    }

    fn hashes(&self) -> MutexGuard<'_, Hashes> {
        // The index is derived, and each change of it is one transaction.
        self.0.hashes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `extra_data` of RFC 6962 is made of.
pub(crate) struct LeafParts {
    pub(crate) precertificate: Option<Vec<u8>>,
    pub(crate) issuers: Vec<bytes::Bytes>,
}
