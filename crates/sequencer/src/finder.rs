//! A promised leaf by its hash, for readers.

use std::sync::Arc;

use lite_tlog::Hash;

use crate::ports::DedupIndex;
use crate::{DedupKey, ReadError, Shared};

/// Finds leaves by what makes them duplicates. Clones share everything.
#[derive(Clone)]
pub struct Finder {
    index: Arc<dyn DedupIndex>,
    shared: Arc<Shared>,
}

impl Finder {
    pub(crate) fn new(index: Arc<dyn DedupIndex>, shared: Arc<Shared>) -> Self {
        Self { index, shared }
    }

    /// The index of the first promised leaf with this hash, unless it was given an identity of its
    /// own; `None` if there is none.
    pub fn leaf(&self, hash: &Hash) -> Result<Option<u64>, ReadError> {
        let key = DedupKey::Leaf(*hash);
        // In this order: a key leaves `recent` only after the index has it, and is there a moment
        // before readers see its tree.
        let recent = self.shared.recent().find(&key);
        let mut found = recent;
        if found.is_none() {
            let indexed = self.index.find(&[key]).map_err(ReadError::Index)?;
            found = indexed.first().copied().flatten();
        }
        let Some(index) = found else { return Ok(None) };
        // The index is not trusted: the leaf itself has the last word.
        let confirmed = self.shared.view().has_key(index, &key)?;
        Ok(confirmed.then_some(index))
    }
}
