//! What makes a leaf a duplicate, and the keys that the index does not have yet.

use std::collections::{HashMap, VecDeque};

use lite_tlog::Hash;

/// What makes a leaf a duplicate of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DedupKey {
    /// An identity that the caller gave: a CT log's certificate without its time.
    Identity(Hash),
    /// The leaf hash.
    Leaf(Hash),
}

impl DedupKey {
    /// The 32 bytes of the key.
    #[must_use]
    pub fn bytes(&self) -> &Hash {
        match self {
            Self::Identity(hash) | Self::Leaf(hash) => hash,
        }
    }
}

/// The keys of committed leaves that the index does not have yet: exact, in memory.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    map: HashMap<DedupKey, u64>,
    order: VecDeque<(DedupKey, u64)>,
    /// The tree size up to which every key was added here.
    size: u64,
}

impl Recent {
    pub(crate) fn starting_at(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    pub(crate) fn find(&self, key: &DedupKey) -> Option<u64> {
        self.map.get(key).copied()
    }

    /// Adds the keys of a committed batch.
    pub(crate) fn add(&mut self, keys: impl IntoIterator<Item = (DedupKey, u64)>, size: u64) {
        for (key, index) in keys {
            self.map.entry(key).or_insert(index);
            self.order.push_back((key, index));
        }
        self.size = size;
    }

    /// The oldest keys, at most `limit`, and the tree size up to which every key is in the index
    /// once these are.
    pub(crate) fn oldest(&self, limit: usize) -> (Vec<(DedupKey, u64)>, u64) {
        let keys: Vec<_> = self.order.iter().take(limit).copied().collect();
        let reached = self.order.get(limit).map_or(self.size, |(_, index)| *index);
        (keys, reached)
    }

    /// Forgets the oldest `count` keys, because the index has them now.
    pub(crate) fn forget(&mut self, count: usize) {
        for (key, index) in self.order.drain(..count.min(self.order.len())) {
            if self.map.get(&key) == Some(&index) {
                self.map.remove(&key);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }
}
