//! The log, read for indexing.

use crate::index::{Cause, Row};

/// A log whose rows can be read again and again.
///
/// *Trusted* to be the log: rows below its size never change.
pub trait Source: Send + Sync {
    /// The tree size now. Cheap: it is asked about once a second and for each query.
    fn size(&self) -> u64;

    /// The rows from index `from` on: at least one where `from` is below the size, at most `limit`,
    /// without gaps. An error is tried again later.
    fn rows(&self, from: u64, limit: usize) -> Result<Vec<Row>, Cause>;

    /// Which scheme of keys the rows have. An index of another scheme begins again.
    fn scheme(&self) -> u32 {
        1
    }
}
