//! Checks a log's folder.

/// placeholder
pub struct Finding;
/// placeholder
pub struct Report;
/// placeholder
pub fn fsck() {}
