//! Waiting for what another server writes, while both are starting.

use std::path::PathBuf;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(200);

/// Waits until all files are there, but no longer than `patience`. When one does not come, reading
/// it says which one is missing, so that this need not.
pub async fn for_files(files: &[PathBuf], patience: Duration) {
    let missing = || files.iter().find(|file| !file.exists());
    if let Some(file) = missing() {
        tracing::info!(file = %file.display(), "waiting for a file of another server");
    }
    let come = async {
        while missing().is_some() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let _ = tokio::time::timeout(patience, come).await;
}
