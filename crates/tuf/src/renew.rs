//! What a repository has to write next: the life of its metadata.

use std::collections::BTreeMap;
use std::time::Duration;

use lite_time::Time;

use crate::key::{Key, KeyId, RoleKey};
use crate::metadata::{
    Metadata, Role, RoleName, RoleThreshold, Root, Snapshot, Target, Targets, Timestamp,
};
use crate::names::metadata_name;
use crate::signed::{SignError, Signed};
use crate::state::{Online, State};

/// The private keys at hand. They must differ from each other: sigstore-java refuses repeated ids.
#[derive(Debug)]
pub struct RepositoryKeys {
    /// The root key, where it is not kept offline.
    pub root: Option<RoleKey>,
    /// The root key that `root` replaces, for the one root version that changes it.
    pub replaced_root: Option<RoleKey>,
    /// Signs targets.
    pub targets: RoleKey,
    /// Signs snapshot.
    pub snapshot: RoleKey,
    /// Signs timestamp.
    pub timestamp: RoleKey,
}

/// For how long each role is valid when it is signed. It is renewed when half of that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    /// Of root.
    pub root: Duration,
    /// Of targets.
    pub targets: Duration,
    /// Of snapshot.
    pub snapshot: Duration,
    /// Of timestamp.
    pub timestamp: Duration,
}

/// A metadata file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in the repository.
    pub name: String,
    /// Its contents.
    pub contents: Vec<u8>,
}

/// What to write, and what clients see once it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The files in the order in which they must become durable; empty when all is fresh.
    pub files: Vec<File>,
    /// The metadata afterwards.
    pub state: State,
}

/// Why nothing new can be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenewError {
    /// Keys changed, so a new root is needed, and the root key is elsewhere.
    #[error("the keys differ from those in the root, and the root key is not here to say so")]
    RootKeyAbsent,
    /// The root key changed, and the one that it replaces is not here to sign for it.
    #[error("the root key is another than the root names, and the replaced key is not here")]
    ReplacedRootKeyAbsent,
    /// Two roles have the same key.
    #[error("two roles have the same key")]
    SharedKey,
    /// A file cannot be written.
    #[error("the metadata cannot be written")]
    Sign(#[from] SignError),
}

/// Brings a repository up to `targets`, `keys` and `now`.
///
/// The order of the files is the crash safety: each names only files that are durable before it,
/// and timestamp, which makes the rest visible, is last. A crash between two of them leaves a
/// state from which the same call goes on.
pub fn renew(
    state: Option<&State>,
    targets: &BTreeMap<String, Target>,
    keys: &RepositoryKeys,
    periods: &Periods,
    now: Time,
) -> Result<Renewal, RenewError> {
    let mut files = Vec::new();
    let online = state.and_then(|state| state.online.as_ref());

    // (1) Root, when it names other keys than we have, or is half through.
    let root = renew_root(state.map(|state| &state.root), keys, periods, now, &mut files)?;

    // (2) Targets, when the target files are others.
    let signer = Signer { root: &root.signed.role, now };
    let targets = Targets { targets: targets.clone() };
    let current = online.map(|online| &online.targets);
    let targets = signer.renew(current, targets, &keys.targets, periods.targets, &mut files)?;

    // (3) Snapshot, when it names other targets.
    let wanted = Snapshot::of(targets.signed.version);
    let current = online.map(|online| &online.snapshot);
    let snapshot = signer.renew(current, wanted, &keys.snapshot, periods.snapshot, &mut files)?;

    // (4) Timestamp, when it names another snapshot.
    let wanted = Timestamp::of(snapshot.signed.version);
    let current = online.map(|online| &online.timestamp);
    let timestamp =
        signer.renew(current, wanted, &keys.timestamp, periods.timestamp, &mut files)?;

    let online = Some(Online { targets, snapshot, timestamp });
    Ok(Renewal { files, state: State { root, online } })
}

/// TUF specification, section 5.3.4: a root is signed by a threshold of the keys of the root
/// before it, and by a threshold of its own.
fn renew_root(
    current: Option<&Signed<Root>>,
    keys: &RepositoryKeys,
    periods: &Periods,
    now: Time,
    files: &mut Vec<File>,
) -> Result<Signed<Root>, RenewError> {
    let wanted = wanted_root(current.map(|current| &current.signed.role), keys)?;
    if let Some(current) = current {
        let same = current.signed.role == wanted;
        // An offline root key renews nothing by itself; `State::expires` says when it is due.
        if same && (keys.root.is_none() || is_fresh(current, periods.root, now)) {
            return Ok(current.clone());
        }
    }
    let own = keys.root.as_ref().ok_or(RenewError::RootKeyAbsent)?;
    let mut signers = vec![own];
    if let Some(role) = current.and_then(|root| root.signed.role.roles.get(&RoleName::Root)) {
        let known = |key: &&RoleKey| role.keyids.contains(key.id());
        let before = [Some(own), keys.replaced_root.as_ref()].into_iter().flatten().find(known);
        signers.push(before.ok_or(RenewError::ReplacedRootKeyAbsent)?);
    }
    let version = next_version(current);
    let root = Signed::new(Metadata::new(version, now.plus(periods.root), wanted), &signers)?;
    files.push(file(&root)?);
    Ok(root)
}

fn wanted_root(current: Option<&Root>, keys: &RepositoryKeys) -> Result<Root, RenewError> {
    let online = [
        (RoleName::Snapshot, &keys.snapshot),
        (RoleName::Targets, &keys.targets),
        (RoleName::Timestamp, &keys.timestamp),
    ];
    let mut named: Vec<(RoleName, KeyId, Key)> = (online.into_iter())
        .map(|(role, key)| (role, key.id().clone(), key.key().clone()))
        .collect();
    let (id, key) = match (&keys.root, current) {
        (Some(own), _) => (own.id().clone(), own.key().clone()),
        (None, Some(current)) => root_key(current).ok_or(RenewError::RootKeyAbsent)?,
        (None, None) => return Err(RenewError::RootKeyAbsent),
    };
    named.push((RoleName::Root, id, key));
    let mut root =
        Root { consistent_snapshot: true, keys: BTreeMap::new(), roles: BTreeMap::new() };
    for (role, id, key) in named {
        root.roles.insert(role, RoleThreshold { keyids: vec![id.clone()], threshold: 1 });
        if root.keys.insert(id, key).is_some() {
            return Err(RenewError::SharedKey);
        }
    }
    Ok(root)
}

fn root_key(root: &Root) -> Option<(KeyId, Key)> {
    let id = root.roles.get(&RoleName::Root)?.keyids.first()?;
    Some((id.clone(), root.keys.get(id)?.clone()))
}

/// What the three online roles have in common when they are renewed.
struct Signer<'a> {
    root: &'a Root,
    now: Time,
}

impl Signer<'_> {
    fn renew<R: Role + PartialEq>(
        &self,
        current: Option<&Signed<R>>,
        wanted: R,
        key: &RoleKey,
        period: Duration,
        files: &mut Vec<File>,
    ) -> Result<Signed<R>, RenewError> {
        if let Some(current) = current {
            let same = current.signed.role == wanted && current.verify(self.root).is_ok();
            if same && is_fresh(current, period, self.now) {
                return Ok(current.clone());
            }
        }
        let expires = self.now.plus(period);
        let signed = Signed::new(Metadata::new(next_version(current), expires, wanted), &[key])?;
        files.push(file(&signed)?);
        Ok(signed)
    }
}

fn is_fresh<R: Role>(current: &Signed<R>, period: Duration, now: Time) -> bool {
    current.signed.expires > now.plus(period / 2)
}

fn next_version<R>(current: Option<&Signed<R>>) -> u64 {
    // `Signed::parse` keeps versions below 2^53.
    current.map_or(1, |current| current.signed.version + 1)
}

fn file<R: Role>(signed: &Signed<R>) -> Result<File, SignError> {
    let name = metadata_name(R::NAME, signed.signed.version);
    Ok(File { name, contents: signed.to_file()? })
}
