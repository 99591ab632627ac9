//! Metadata that was written before, read back and checked.

use lite_time::Time;

use crate::metadata::{Role, RoleName, Root, Snapshot, Targets, Timestamp};
use crate::signed::{Signed, VerifyError};

/// The metadata that clients see now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The newest root.
    pub root: Signed<Root>,
    /// The files that online keys sign; `None` until a repository is first complete.
    pub online: Option<Online>,
}

/// The three roles below root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Online {
    /// What the target files are.
    pub targets: Signed<Targets>,
    /// Which targets are current.
    pub snapshot: Signed<Snapshot>,
    /// Which snapshot is current.
    pub timestamp: Signed<Timestamp>,
}

/// Why a repository's files are not a state that can be continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file is not one that the root's keys have signed.
    #[error("the {0} metadata is not ours")]
    Role(RoleName, #[source] VerifyError),
    /// A file has another version than its name, or than the file above it, says.
    #[error("the {0} metadata has another version than expected")]
    Version(RoleName),
}

impl State {
    /// Reads the newest `root`, checking it by the one before, if there is one.
    pub fn read_root(previous: Option<&[u8]>, root: &[u8]) -> Result<Self, ReadError> {
        let root: Signed<Root> = read(root)?;
        verify(&root, &root.signed.role)?;
        if let Some(previous) = previous {
            let previous: Signed<Root> = read(previous)?;
            verify(&root, &previous.signed.role)?;
            if previous.signed.version.checked_add(1) != Some(root.signed.version) {
                return Err(ReadError::Version(RoleName::Root));
            }
        }
        Ok(Self { root, online: None })
    }

    /// Adds the files below root.
    ///
    /// A crash may have left them under the keys of the root before, which then is `previous`.
    pub fn with_online(
        self,
        previous: Option<&[u8]>,
        [targets, snapshot, timestamp]: [&[u8]; 3],
    ) -> Result<Self, ReadError> {
        let previous: Option<Signed<Root>> = previous.map(read).transpose()?;
        let roots = [Some(&self.root), previous.as_ref()];
        let timestamp: Signed<Timestamp> = read_under(&roots, timestamp)?;
        let snapshot: Signed<Snapshot> = read_under(&roots, snapshot)?;
        let targets: Signed<Targets> = read_under(&roots, targets)?;
        if timestamp.signed.role.snapshot_version() != Some(snapshot.signed.version) {
            return Err(ReadError::Version(RoleName::Snapshot));
        }
        if snapshot.signed.role.targets_version() != Some(targets.signed.version) {
            return Err(ReadError::Version(RoleName::Targets));
        }
        Ok(Self { online: Some(Online { targets, snapshot, timestamp }), ..self })
    }

    /// When the first of the four files expires.
    #[must_use]
    pub fn expires(&self) -> Time {
        let online = self.online.as_ref().map(|online| {
            let timestamp = online.timestamp.signed.expires;
            timestamp.min(online.snapshot.signed.expires).min(online.targets.signed.expires)
        });
        online.map_or(self.root.signed.expires, |at| at.min(self.root.signed.expires))
    }
}

fn read<R: Role>(file: &[u8]) -> Result<Signed<R>, ReadError> {
    Signed::parse(file).map_err(|error| ReadError::Role(R::NAME, error))
}

fn verify<R: Role>(signed: &Signed<R>, root: &Root) -> Result<(), ReadError> {
    signed.verify(root).map_err(|error| ReadError::Role(R::NAME, error))
}

fn read_under<R: Role>(
    roots: &[Option<&Signed<Root>>],
    file: &[u8],
) -> Result<Signed<R>, ReadError> {
    let signed: Signed<R> = read(file)?;
    let mut refusal = VerifyError::Threshold;
    for root in roots.iter().flatten() {
        match signed.verify(&root.signed.role) {
            Ok(()) => return Ok(signed),
            Err(error) => refusal = error,
        }
    }
    Err(ReadError::Role(R::NAME, refusal))
}
