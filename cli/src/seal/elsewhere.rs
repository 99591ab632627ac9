//! Where there is no kernel that we know how to ask.

use super::{Locks, Rights};
use crate::failure::{Failure, Outcome};

/// Refuses: a seal that holds nothing would be worse than none.
pub(super) fn lock(_: &Rights) -> Outcome<Locks> {
    Err(Failure::usage("--sealed is for Linux on x86-64 and 64-bit ARM")
        .hint("leave it out: the verdict is the same, and no socket is opened either"))
}

/// Nothing was laid.
pub(super) const fn is_filtered() -> bool {
    false
}
