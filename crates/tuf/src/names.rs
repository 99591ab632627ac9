//! File names under consistent snapshots (TUF specification, section 6.2).

use crate::metadata::{RoleName, Target};

/// The name of a metadata file: its version goes first, except for timestamp, which is the one
/// file that clients can ask for without knowing a version.
#[must_use]
pub fn metadata_name(role: RoleName, version: u64) -> String {
    match role {
        RoleName::Timestamp => "timestamp.json".to_owned(),
        other => format!("{version}.{other}.json"),
    }
}

/// The path of a target file under the repository: its hash goes first.
#[must_use]
pub fn target_name(name: &str, target: &Target) -> String {
    format!("targets/{}.{name}", target.hashes.sha256)
}
