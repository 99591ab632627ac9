//! The port of an engine that finds rows.

use lite_time::Time;

use crate::query::Query;

/// A cause that an adapter or a source reports; it is for people and logs. Two are looked for:
/// [`crate::Damaged`] and [`crate::TooBroad`].
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What is known of one leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The index of the leaf, from 0.
    pub index: u64,
    /// When the log took it.
    pub time: Time,
    /// What it is found by: opaque here, of any length, in any order. Repeating one does no harm.
    pub keys: Vec<Vec<u8>>,
}

/// Which leaves have which keys, and when they came.
///
/// *Not* trusted: it is derived from the log, may lag, and may be lost. Whoever hands out what it
/// finds checks that against the tree; a wrong index hides entries and cannot invent one.
pub trait Index: Send + Sync {
    /// Adds rows and, in the same transaction, says that every row below `reached` is in. On return
    /// both are in the file; a crash keeps both or neither. A row that is there already is no
    /// error. `reached` never goes back: a smaller one is ignored.
    fn add(&self, rows: &[Row], reached: u64) -> Result<(), Cause>;

    /// The indexes of the leaves that `query` asks for, in its order, each once.
    fn find(&self, query: &Query) -> Result<Vec<u64>, Cause>;

    /// The tree size up to which every row is in.
    fn reached(&self) -> Result<u64, Cause>;
}
