//! The four private keys on disk.

use std::path::Path;

use lite_keys::KeyKind;
use lite_store::key_file::{self, KeyFileError};
use lite_tuf::{RepositoryKeys, RoleKey};

use crate::error::OpenError;

/// Whether keys that are not there may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// There is no repository yet, so no client can miss the old ones.
    Make,
    /// There is one. Only the root key may be elsewhere.
    Refuse,
}

/// Reads the keys in `dir`, or makes them.
///
/// `root.pem` may be moved to where no network is, once the repository exists. To change the root
/// key, put the new one in its place and the old one beside it as `root.replaced.pem`.
pub(crate) fn open(dir: &Path, absent: Absent) -> Result<RepositoryKeys, OpenError> {
    let online = |name: &str| {
        let path = dir.join(name);
        read(&path)?.map_or_else(
            || match absent {
                Absent::Make => make(&path),
                Absent::Refuse => Err(OpenError::KeyMissing(path.clone())),
            },
            Ok,
        )
    };
    let root = match absent {
        Absent::Make => Some(online("root.pem")?),
        Absent::Refuse => read(&dir.join("root.pem"))?,
    };
    Ok(RepositoryKeys {
        root,
        replaced_root: read(&dir.join("root.replaced.pem"))?,
        targets: online("targets.pem")?,
        snapshot: online("snapshot.pem")?,
        timestamp: online("timestamp.pem")?,
    })
}

fn read(path: &Path) -> Result<Option<RoleKey>, OpenError> {
    let unusable = || OpenError::KeyUnusable(path.to_owned());
    let key = match key_file::read(path) {
        Ok(key) => key,
        Err(KeyFileError::Content(_)) => return Err(unusable()),
        Err(KeyFileError::Io(source)) => {
            return Err(OpenError::Io { path: path.to_owned(), source });
        }
    };
    key.map(RoleKey::new).transpose().map_err(|_| unusable())
}

fn make(path: &Path) -> Result<RoleKey, OpenError> {
    let key = key_file::make(path, KeyKind::EcdsaP256)
        .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
    RoleKey::new(key).map_err(|_| OpenError::KeyUnusable(path.to_owned()))
}
