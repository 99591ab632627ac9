//! What a handler of the v1 API may reach.

use std::sync::Arc;

use lite_entries::Rules;
use lite_keys::SigningKey;
use lite_search::Search;
use lite_store::Log;
use lite_tlog::LogId;

use super::entry_id::TreeId;
use crate::app::{App, BodyMemory, SelfCheck};
use crate::tree::OpenV1;
use crate::workers::Workers;

/// The v1 log, and the limits around it. Clones share everything.
#[derive(Clone)]
pub(crate) struct V1 {
    pub(crate) log: Arc<Log>,
    pub(crate) log_id: LogId,
    pub(crate) tree_id: TreeId,
    /// Signs promises; the same key signs checkpoints.
    pub(crate) signer: Arc<SigningKey>,
    /// The log's public key, PEM.
    pub(crate) public_key: Arc<str>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) search: Arc<Search>,
    pub(crate) strict_duplicates: bool,
    pub(crate) read_only: bool,
    pub(crate) self_check: Arc<SelfCheck>,
    pub(crate) body_memory: BodyMemory,
    pub(crate) max_body_bytes: usize,
    /// Verify signatures.
    pub(crate) workers: Workers,
    /// Read leaves and tiles.
    pub(crate) readers: Workers,
}

impl V1 {
    /// The log behind the API, with the limits that `v2` has: both share them.
    pub(crate) fn new(
        opened: OpenV1,
        search: Arc<Search>,
        v2: &App,
        max_body_bytes: usize,
    ) -> Self {
        let OpenV1 { tree, tree_id, signer } = opened;
        Self {
            log: Arc::clone(&tree.log),
            log_id: tree.verifier.log_id(),
            tree_id,
            signer: Arc::new(signer),
            public_key: Arc::from(tree.verifier.key().to_pem()),
            rules: Arc::new(Rules::default()),
            search,
            strict_duplicates: v2.strict_duplicates,
            read_only: v2.read_only,
            self_check: Arc::clone(&tree.self_check),
            body_memory: v2.body_memory.clone(),
            max_body_bytes,
            workers: v2.workers.clone(),
            readers: v2.readers.clone(),
        }
    }
}
