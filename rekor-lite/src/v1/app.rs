//! What a handler of the v1 API may reach.

use std::sync::Arc;

use lite_entries::Rules;
use lite_search::Search;
use lite_store::{Log, NoteCheckpointSigner};
use lite_tlog::LogId;

use super::entry_id::TreeId;
use crate::app::{Limits, SelfCheck};
use crate::tree::OpenTree;

/// The v1 log, and the limits around it. Clones share everything.
#[derive(Clone)]
pub(crate) struct V1 {
    pub(crate) log: Arc<Log>,
    pub(crate) log_id: LogId,
    pub(crate) tree_id: TreeId,
    /// Signs checkpoints; its key signs promises, too.
    pub(crate) signer: Arc<NoteCheckpointSigner>,
    /// The log's public key, PEM.
    pub(crate) public_key: Arc<str>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) search: Arc<Search>,
    pub(crate) self_check: Arc<SelfCheck>,
    pub(crate) limits: Limits,
}

impl V1 {
    /// The log behind the API.
    pub(crate) fn new(
        tree: &OpenTree,
        tree_id: TreeId,
        search: Arc<Search>,
        limits: Limits,
    ) -> Self {
        Self {
            log: Arc::clone(&tree.log),
            log_id: tree.verifier.log_id(),
            tree_id,
            signer: Arc::clone(&tree.signer),
            public_key: Arc::from(tree.verifier.key().to_pem()),
            rules: Arc::new(Rules::default()),
            search,
            self_check: Arc::clone(&tree.self_check),
            limits,
        }
    }
}
