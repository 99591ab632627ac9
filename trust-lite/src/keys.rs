//! The four private keys on disk.

use std::io;
use std::path::Path;

use lite_keys::{KeyKind, SigningKey};
use lite_store::durable;
use lite_tuf::{RepositoryKeys, RoleKey};
use zeroize::Zeroizing;

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
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(OpenError::Io { path: path.to_owned(), source }),
    };
    let unusable = || OpenError::KeyUnusable(path.to_owned());
    let key = SigningKey::from_pkcs8_pem(&text).map_err(|_| unusable())?;
    RoleKey::new(key).map(Some).map_err(|_| unusable())
}

fn make(path: &Path) -> Result<RoleKey, OpenError> {
    let key = SigningKey::generate(KeyKind::EcdsaP256);
    durable::write(path, key.to_pkcs8_pem().as_bytes(), 0o600)
        .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
    RoleKey::new(key).map_err(|_| OpenError::KeyUnusable(path.to_owned()))
}
