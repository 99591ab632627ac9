//! What is submitted, and what it becomes.

use std::fmt;
use std::sync::Arc;

use lite_time::Time;
use lite_tlog::{Hash, leaf_hash};

use crate::DedupKey;

/// The largest [`Leaf::extra`].
pub const MAX_EXTRA_BYTES: usize = 1 << 18;

/// A leaf in the order of the tree, with its *margin*: what is known of it and not hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The bytes that are hashed.
    pub bytes: Arc<[u8]>,
    /// When it was sequenced. Never earlier than that of the leaf before.
    pub time: Time,
    /// The identity that the caller gave it, if it gave one: another leaf of the same identity is
    /// a duplicate.
    pub identity: Option<Hash>,
    /// Bytes kept beside the leaf (a CT log's certificate chain). Durable, and not hashed.
    pub extra: Arc<[u8]>,
}

impl Leaf {
    /// RFC 6962, Section 2.1: the hash of the leaf.
    #[must_use]
    pub fn hash(&self) -> Hash {
        leaf_hash(&self.bytes)
    }
}

/// Makes a leaf's bytes from its index and its time.
pub(crate) type Builder = Box<dyn FnOnce(u64, Time) -> Vec<u8> + Send>;

/// A leaf that wants to be sequenced.
pub struct Submission {
    pub(crate) source: Source,
    pub(crate) extra: Arc<[u8]>,
    pub(crate) identity: Option<Hash>,
}

/// Where a leaf's bytes come from.
pub(crate) enum Source {
    /// They are known; the hash is computed by the submitting thread, not by the sequencer.
    Bytes { bytes: Arc<[u8]>, hash: Hash },
    /// They depend on the leaf's index and time.
    Built { builder: Builder, expected_bytes: usize },
}

impl Submission {
    /// A leaf whose bytes are known. Another leaf with the same bytes is a duplicate.
    #[must_use]
    pub fn leaf(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let hash = leaf_hash(&bytes);
        let (extra, identity) = (Arc::from([]), None);
        Self { source: Source::Bytes { bytes, hash }, extra, identity }
    }

    /// A leaf whose bytes depend on its index and its time, as a CT log's do. Another leaf with
    /// the same `identity` is a duplicate. `expected_bytes` is about how long the leaf will be.
    ///
    /// The builder runs in the sequencer: it must be quick. It may run for a leaf that is never
    /// committed, so what it computes must not be shown to anyone.
    #[must_use]
    pub fn built(
        identity: Hash,
        expected_bytes: usize,
        builder: impl FnOnce(u64, Time) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let source = Source::Built { builder: Box::new(builder), expected_bytes };
        Self { source, extra: Arc::from([]), identity: Some(identity) }
    }

    /// Keeps `extra` beside the leaf: durable, and not hashed.
    #[must_use]
    pub fn with_extra(mut self, extra: impl Into<Arc<[u8]>>) -> Self {
        self.extra = extra.into();
        self
    }

    /// Another leaf with this identity is a duplicate, and only that: equal bytes are not.
    #[must_use]
    pub fn with_identity(mut self, identity: Hash) -> Self {
        self.identity = Some(identity);
        self
    }

    /// What it occupies while it waits.
    pub(crate) fn expected_bytes(&self) -> usize {
        let leaf = match &self.source {
            Source::Bytes { bytes, .. } => bytes.len(),
            Source::Built { expected_bytes, .. } => *expected_bytes,
        };
        leaf.saturating_add(self.extra.len())
    }

    /// What makes it a duplicate of another.
    pub(crate) fn key(&self) -> DedupKey {
        match (&self.identity, &self.source) {
            (Some(identity), _) => DedupKey::Identity(*identity),
            (None, Source::Bytes { hash, .. }) => DedupKey::Leaf(*hash),
            // `built` always gives an identity, and nothing takes it away.
            (None, Source::Built { .. }) => DedupKey::Identity([0; 32]),
        }
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("key", &self.key()).finish_non_exhaustive()
    }
}

impl From<Vec<u8>> for Submission {
    fn from(bytes: Vec<u8>) -> Self {
        Self::leaf(bytes)
    }
}
