//! The TUF repository's folder, which any web server could serve.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use lite_store::durable;
use lite_time::Time;
use lite_tuf::{
    Periods, ReadError, RenewError, Renewal, RepositoryKeys, RoleName, State, Target,
    metadata_name, renew, target_name,
};

use crate::documents::{Documents, is_plain};
use crate::error::{OpenError, UpdateError};

/// The files that clients may ask for, by path below the repository.
pub(crate) type Files = BTreeMap<String, Bytes>;

/// An open repository. What is in memory is on disk.
pub(crate) struct Repository {
    dir: PathBuf,
    periods: Periods,
    state: Option<State>,
    files: Files,
    /// A write whose outcome is not known; only a new start may look.
    stopped: bool,
}

const TIMESTAMP: &str = "timestamp.json";
/// Far more than a renewal each day for a century.
const MAX_ROOTS: u64 = 100_000;

impl Repository {
    /// Reads what the folder holds; an absent or empty folder is a repository to come.
    pub(crate) fn open(dir: PathBuf, periods: Periods) -> Result<Self, OpenError> {
        let targets = dir.join("targets");
        durable::create_dir_all(&targets)
            .map_err(|source| OpenError::Io { path: targets, source })?;
        let (state, mut files) = read_state(&dir)?;
        if let Some(State { online: Some(online), .. }) = &state {
            // Clients that are halfway through an update may still ask for earlier versions.
            read_earlier(&dir, RoleName::Snapshot, online.snapshot.signed.version, &mut files)?;
            read_earlier(&dir, RoleName::Targets, online.targets.signed.version, &mut files)?;
            read_targets(&dir, &mut files)?;
        }
        Ok(Self { dir, periods, state, files, stopped: false })
    }

    /// Whether there is a root that clients may have.
    pub(crate) fn exists(&self) -> bool {
        self.state.is_some()
    }

    /// The metadata as it stands.
    pub(crate) fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// The files as they stand.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// The newest root, as clients are given it to start from.
    pub(crate) fn root_file(&self) -> Bytes {
        let name = self
            .state
            .as_ref()
            .map(|state| metadata_name(RoleName::Root, state.root.signed.version));
        name.and_then(|name| self.files.get(&name).cloned()).unwrap_or_default()
    }

    /// Brings the repository up to `documents` and `now`; the names of the metadata files that
    /// this wrote.
    pub(crate) fn update(
        &mut self,
        documents: &Documents,
        keys: &RepositoryKeys,
        now: Time,
    ) -> Result<Vec<String>, UpdateError> {
        if self.stopped {
            return Err(UpdateError::Stopped);
        }
        let Renewal { files: metadata, state } = self.renewal(documents, keys, now)?;
        self.stopped = true;
        let mut files = self.files.clone();
        // Target files first: metadata names only what is there. Their names are their hashes, so
        // one that is there already is the same; one that was lost comes back.
        for (name, document) in &documents.targets {
            let name = target_name(name, &document.target);
            if let Entry::Vacant(absent) = files.entry(name) {
                self.write(absent.key(), &document.contents)?;
                absent.insert(document.contents.clone().into());
            }
        }
        for file in &metadata {
            self.write(&file.name, &file.contents)?;
            files.insert(file.name.clone(), file.contents.clone().into());
        }
        self.stopped = false;
        self.files = files;
        self.state = Some(state);
        Ok(metadata.into_iter().map(|file| file.name).collect())
    }

    fn renewal(
        &self,
        documents: &Documents,
        keys: &RepositoryKeys,
        now: Time,
    ) -> Result<Renewal, RenewError> {
        renew(self.state.as_ref(), &documents.metadata(), keys, &self.periods, now)
    }

    fn write(&self, name: &str, contents: &[u8]) -> Result<(), UpdateError> {
        let path = self.dir.join(name);
        durable::write(&path, contents, 0o644).map_err(|source| UpdateError::Write { path, source })
    }
}

/// Reads the metadata that clients see now: the newest root, and what timestamp leads to.
fn read_state(dir: &Path) -> Result<(Option<State>, Files), OpenError> {
    let mut files = Files::new();
    let mut newest = 0;
    for version in 1..=MAX_ROOTS {
        let name = metadata_name(RoleName::Root, version);
        let Some(contents) = read(&dir.join(&name))? else { break };
        files.insert(name, contents);
        newest = version;
    }
    let root = |version: u64| files.get(&metadata_name(RoleName::Root, version)).cloned();
    let (newest_root, previous) = (root(newest), newest.checked_sub(1).and_then(root));
    let damaged = |source| OpenError::Damaged { path: dir.to_owned(), source };
    let Some(newest_root) = newest_root else {
        refuse_leftovers(dir, 0)?;
        return Ok((None, files));
    };
    let state = State::read_root(previous.as_deref(), &newest_root).map_err(damaged)?;
    let Some(timestamp) = read(&dir.join(TIMESTAMP))? else {
        refuse_leftovers(dir, 1)?;
        return Ok((Some(state), files));
    };
    let (snapshot_name, snapshot) = read_named(dir, RoleName::Snapshot, &timestamp)?;
    let (targets_name, targets) = read_named(dir, RoleName::Targets, &snapshot)?;
    let online = [&*targets, &*snapshot, &*timestamp];
    let state = state.with_online(previous.as_deref(), online).map_err(damaged)?;
    files.extend([
        (TIMESTAMP.to_owned(), timestamp),
        (snapshot_name, snapshot),
        (targets_name, targets),
    ]);
    Ok((Some(state), files))
}

/// A first start may have been cut off before timestamp, and before root. Anything later means
/// that files were taken away, and going on from version 1 would look like a rollback.
fn refuse_leftovers(dir: &Path, allowed: u64) -> Result<(), OpenError> {
    let later = metadata_name(RoleName::Snapshot, allowed + 1);
    if read(&dir.join(&later))?.is_some() {
        let missing =
            if allowed == 0 { metadata_name(RoleName::Root, 1) } else { TIMESTAMP.into() };
        return Err(OpenError::Incomplete(dir.join(missing)));
    }
    Ok(())
}

/// Reads the metadata file of `role` that `above` names.
fn read_named(dir: &Path, role: RoleName, above: &[u8]) -> Result<(String, Bytes), OpenError> {
    let version = match role {
        RoleName::Snapshot => lite_tuf::Signed::<lite_tuf::Timestamp>::parse(above)
            .map(|above| above.signed.role.snapshot_version()),
        _ => lite_tuf::Signed::<lite_tuf::Snapshot>::parse(above)
            .map(|above| above.signed.role.targets_version()),
    };
    let damaged = |source| OpenError::Damaged { path: dir.to_owned(), source };
    let version = version
        .map_err(|error| damaged(ReadError::Role(role, error)))?
        .ok_or_else(|| damaged(ReadError::Version(role)))?;
    let name = metadata_name(role, version);
    let path = dir.join(&name);
    match read(&path)? {
        Some(contents) => Ok((name, contents)),
        None => Err(OpenError::Incomplete(path)),
    }
}

fn read_earlier(dir: &Path, role: RoleName, current: u64, to: &mut Files) -> Result<(), OpenError> {
    for version in current.saturating_sub(3)..current {
        let name = metadata_name(role, version);
        if let Some(contents) = read(&dir.join(&name))? {
            to.insert(name, contents);
        }
    }
    Ok(())
}

fn read_targets(dir: &Path, to: &mut Files) -> Result<(), OpenError> {
    let dir = dir.join("targets");
    let io = |source| OpenError::Io { path: dir.clone(), source };
    for entry in std::fs::read_dir(&dir).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        // What this server did not write has another form of name, and is not served.
        let Some(name) = name.to_str().filter(|name| is_target_file(name)) else { continue };
        if let Some(contents) = read(&dir.join(name))? {
            // A damaged file is as good as none: clients would refuse it.
            if name.starts_with(&Target::of(&contents, None).hashes.sha256) {
                to.insert(format!("targets/{name}"), contents);
            }
        }
    }
    Ok(())
}

/// `<sha256>.<name>`
fn is_target_file(name: &str) -> bool {
    is_plain(name) && name.split_once('.').is_some_and(|(hash, _)| hash.len() == 64)
}

fn read(path: &Path) -> Result<Option<Bytes>, OpenError> {
    match std::fs::read(path) {
        Ok(contents) => Ok(Some(contents.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OpenError::Io { path: path.to_owned(), source }),
    }
}
