//! One repository: what is known of it in memory, and who may write to its folder.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use lite_oci::{Annotations, Descriptor, Digest, Manifest, RepositoryName, Tag};
use lite_store::durable;
use lite_time::Time;

use super::layout::Folder;
use super::tag_file::Former;
use crate::refusal::Refusal;

/// A repository. What it holds can be read while somebody writes: no lock that a reader needs is
/// held across a disk write.
pub(super) struct Repository {
    pub(super) name: RepositoryName,
    pub(super) folder: Folder,
    writer: Mutex<Made>,
    state: RwLock<State>,
}

/// The folders that are durably there. Whoever holds this is the only one to change the repository,
/// in the folder and in memory.
#[derive(Debug, Default)]
pub(super) struct Made {
    folders: HashSet<PathBuf>,
    uncertain: bool,
}

/// What a repository holds. Each name in it is durable on disk.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) blobs: HashMap<Digest, Blob>,
    pub(super) manifests: BTreeMap<Digest, Entry>,
    pub(super) tags: BTreeMap<Tag, Tagged>,
    /// Manifests by the digest that they are about, which may not be here.
    pub(super) referrers: HashMap<Digest, BTreeSet<Digest>>,
}

/// A blob.
#[derive(Debug)]
pub(super) struct Blob {
    pub(super) size: u64,
    touched: Touched,
}

/// A manifest: what must be known of it without reading it again.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) media_type: String,
    pub(super) size: u64,
    pub(super) artifact_type: Option<String>,
    pub(super) annotations: Annotations,
    pub(super) subject: Option<Digest>,
    /// The blobs it is made of. Those that can be had elsewhere are not among them.
    pub(super) blobs: Vec<Digest>,
    /// The manifests it lists.
    pub(super) children: Vec<Digest>,
    /// Bytes of everything it is made of, itself included.
    pub(super) whole_size: u64,
    touched: Touched,
    /// Its lifetime tag is over: nobody means to keep it.
    released: AtomicBool,
}

/// Where a tag leads, and since when.
#[derive(Clone, Debug)]
pub(super) struct Tagged {
    pub(super) digest: Digest,
    pub(super) at: Time,
    /// Where it led before, newest first.
    pub(super) former: Vec<Former>,
}

/// When somebody last pushed something, or asked whether it is here in order not to push it.
#[derive(Debug)]
struct Touched(AtomicI64);

impl Repository {
    pub(super) fn new(name: RepositoryName, folder: Folder, state: State) -> Self {
        Self { name, folder, writer: Mutex::default(), state: RwLock::new(state) }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what readers see. Only for the holder of [`Self::writer`], and only after the disk
    /// has it, or, for what goes, before.
    pub(super) fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, Made> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Made {
    /// Makes the folder of `path` durably, once.
    pub(super) fn folder_of(&mut self, path: &std::path::Path) -> std::io::Result<()> {
        let Some(folder) = path.parent() else { return Ok(()) };
        if !self.folders.contains(folder) {
            durable::create_dir_all(folder)?;
            self.folders.insert(folder.to_owned());
        }
        Ok(())
    }

    /// From now on it is not known what the disk has: nothing may be removed any more, because a
    /// manifest that nobody knows of may name it.
    pub(super) fn doubt(&mut self) {
        self.uncertain = true;
    }

    /// Whether it is known what the disk has.
    pub(super) fn is_certain(&self) -> bool {
        !self.uncertain
    }
}

impl State {
    pub(super) fn insert_manifest(&mut self, digest: Digest, entry: Entry) {
        if let Some(subject) = &entry.subject {
            self.referrers.entry(subject.clone()).or_default().insert(digest.clone());
        }
        self.manifests.insert(digest, entry);
    }

    pub(super) fn remove_manifest(&mut self, digest: &Digest) {
        let Some(entry) = self.manifests.remove(digest) else { return };
        let Some(subject) = entry.subject else { return };
        if let Some(others) = self.referrers.get_mut(&subject) {
            others.remove(digest);
            if others.is_empty() {
                self.referrers.remove(&subject);
            }
        }
    }

    /// Whether everything is here that a manifest is made of, and as large as it says.
    pub(super) fn holds_all_of(&self, manifest: &Manifest) -> Result<(), Refusal> {
        let size_of = |descriptor: &Descriptor| match manifest {
            Manifest::Index(_) => self.manifests.get(&descriptor.digest).map(|entry| entry.size),
            Manifest::Image(_) => self.blobs.get(&descriptor.digest).map(|blob| blob.size),
        };
        let mut missing = Vec::new();
        for descriptor in manifest.referenced() {
            match size_of(descriptor) {
                Some(size) if size == descriptor.size => {}
                Some(_) => return Err(Refusal::ManifestSize(descriptor.digest.clone())),
                None if is_elsewhere(descriptor) => {}
                None => missing.push(descriptor.digest.clone()),
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(Refusal::ManifestBlobUnknown(missing)) }
    }
}

/// A layer that may not be given away is named with the address of who may.
fn is_elsewhere(descriptor: &Descriptor) -> bool {
    !descriptor.urls.is_empty()
}

impl Blob {
    pub(super) fn new(size: u64, at: Time) -> Self {
        Self { size, touched: Touched::at(at) }
    }

    pub(super) fn touch(&self, now: Time) {
        self.touched.set(now);
    }

    pub(super) fn touched(&self) -> Time {
        self.touched.get()
    }
}

impl Entry {
    pub(super) fn new(manifest: &Manifest, size: u64, at: Time) -> Self {
        let digests = || {
            let here = manifest.referenced().filter(|one| !is_elsewhere(one));
            here.map(|one| one.digest.clone()).collect::<Vec<_>>()
        };
        let is_index = matches!(manifest, Manifest::Index(_));
        let parts = manifest.referenced().fold(size, |sum, one| sum.saturating_add(one.size));
        Self {
            media_type: manifest.media_type().to_owned(),
            size,
            artifact_type: manifest.artifact_type().map(str::to_owned),
            annotations: manifest.annotations().clone(),
            subject: manifest.subject().map(|subject| subject.digest.clone()),
            blobs: if is_index { Vec::new() } else { digests() },
            children: if is_index { digests() } else { Vec::new() },
            whole_size: parts,
            touched: Touched::at(at),
            released: AtomicBool::new(false),
        }
    }

    /// OCI distribution specification, "Listing Referrers": `artifactType` and annotations are those
    /// of the manifest.
    pub(super) fn descriptor(&self, digest: &Digest) -> Descriptor {
        let mut descriptor = Descriptor::new(&self.media_type, digest.clone(), self.size);
        descriptor.artifact_type.clone_from(&self.artifact_type);
        descriptor.annotations.clone_from(&self.annotations);
        descriptor
    }

    pub(super) fn touch(&self, now: Time) {
        self.touched.set(now);
        self.released.store(false, Ordering::Relaxed);
    }

    pub(super) fn release(&self) {
        self.released.store(true, Ordering::Relaxed);
    }

    /// When it was last wanted; `None` if it is known not to be wanted any more.
    pub(super) fn wanted(&self) -> Option<Time> {
        (!self.released.load(Ordering::Relaxed)).then(|| self.touched.get())
    }
}

impl Touched {
    fn at(time: Time) -> Self {
        Self(AtomicI64::new(time.millis()))
    }

    fn set(&self, now: Time) {
        self.0.fetch_max(now.millis(), Ordering::Relaxed);
    }

    fn get(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::Relaxed))
    }
}
