//! Uploads that are not complete: bytes so far, and the digest of them.
//!
//! They live as long as the process, because the state of the digest does. A client whose
//! connection broke asks where the upload stands and goes on from there; what nobody goes on with
//! is dropped, and a start empties the folder.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lite_oci::{Digest, DigestAlgorithm, Hasher, RepositoryName};
use lite_store::durable::{self, Growing};
use lite_time::Time;
use tokio::sync::OwnedMutexGuard;

use crate::refusal::Refusal;

/// Uploads at the same time. Each that has bytes holds a file open.
const MAX_UPLOADS: usize = 512;
/// Bytes that wait for the disk at most, so that the end of a large upload is no longer than that of
/// a small one, and its client is not left without an answer.
const SYNC_EVERY: u64 = 64 << 20;
/// When all places are taken, the one that has done nothing for the longest time gives its up, if
/// that is at least this long.
const IDLE: Duration = Duration::from_secs(60);

/// All uploads.
#[derive(Debug)]
pub(super) struct Uploads {
    folder: PathBuf,
    open: Mutex<HashMap<String, Arc<Upload>>>,
}

/// One upload.
#[derive(Debug)]
pub(crate) struct Upload {
    id: String,
    repository: RepositoryName,
    touched: AtomicI64,
    /// Held by the one request that may add to it.
    content: Arc<tokio::sync::Mutex<Content>>,
}

/// The bytes of an upload.
#[derive(Debug)]
pub(crate) struct Content {
    path: PathBuf,
    /// Made with the first byte, so that who sends none costs no file.
    file: Option<Growing>,
    hasher: Hasher,
    /// The disk has failed under it.
    is_lost: bool,
}

impl Uploads {
    /// Empties the folder: what a dead process left cannot be gone on with.
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        durable::create_dir_all_with_mode(&folder, 0o700)?;
        for entry in std::fs::read_dir(&folder)? {
            std::fs::remove_file(entry?.path())?;
        }
        Ok(Self { folder, open: Mutex::default() })
    }

    /// Begins an upload whose digest will most likely be of this algorithm.
    pub(super) fn begin(
        &self,
        repository: &RepositoryName,
        algorithm: DigestAlgorithm,
        now: Time,
    ) -> Result<Arc<Upload>, Refusal> {
        let mut random = [0; 16];
        lite_keys::fill_random(&mut random);
        let id = hex::encode(random);
        let content = Content {
            path: self.folder.join(&id),
            file: None,
            hasher: Hasher::new(algorithm),
            is_lost: false,
        };
        let upload = Arc::new(Upload {
            id: id.clone(),
            repository: repository.clone(),
            touched: AtomicI64::new(now.millis()),
            content: Arc::new(tokio::sync::Mutex::new(content)),
        });
        let mut open = self.lock();
        if open.len() >= MAX_UPLOADS {
            let longest = open.values().min_by_key(|upload| upload.touched());
            let idle = longest.filter(|upload| upload.touched().plus(IDLE) <= now);
            let id = idle.map(|upload| upload.id.clone()).ok_or(Refusal::TooManyUploads)?;
            open.remove(&id);
        }
        open.insert(id, Arc::clone(&upload));
        Ok(upload)
    }

    /// The upload of this name, if it is one of this repository.
    pub(super) fn find(
        &self,
        repository: &RepositoryName,
        id: &str,
    ) -> Result<Arc<Upload>, Refusal> {
        let open = self.lock();
        let found = open.get(id).filter(|upload| upload.repository == *repository);
        found.cloned().ok_or(Refusal::UploadUnknown)
    }

    /// Forgets it. Its file goes with the last request on it.
    pub(super) fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Forgets those that nobody has added to for so long; returns how many.
    pub(super) fn expire(&self, age: Duration, now: Time) -> usize {
        let mut open = self.lock();
        let before = open.len();
        open.retain(|_, upload| upload.touched().plus(age) > now);
        before - open.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Upload>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upload {
    /// Its name, of its own characters only.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The bytes, for the one request that may add to them. A request whose client is gone lets go
    /// of them when it notices, so this waits.
    pub(crate) async fn content(&self) -> OwnedMutexGuard<Content> {
        Arc::clone(&self.content).lock_owned().await
    }

    /// Somebody still cares.
    pub(crate) fn touch(&self, now: Time) {
        self.touched.fetch_max(now.millis(), Ordering::Relaxed);
    }

    fn touched(&self) -> Time {
        Time::from_millis(self.touched.load(Ordering::Relaxed))
    }
}

impl Content {
    /// Bytes so far.
    pub(crate) fn length(&self) -> u64 {
        self.file.as_ref().map_or(0, Growing::length)
    }

    /// Adds bytes, all of them or none.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = self.file()?;
        file.append(bytes)?;
        let unsynced = file.length() - file.synced();
        if unsynced >= SYNC_EVERY
            && let Err(error) = file.sync_so_far()
        {
            // Nobody knows what the disk has of it: it cannot be gone on with.
            self.file = None;
            self.is_lost = true;
            return Err(error);
        }
        self.hasher.update(bytes);
        Ok(())
    }

    /// The file and its length, once it is durable and has this digest.
    pub(super) fn finish(&mut self, digest: &Digest, now: Time) -> Result<Growing, Refusal> {
        self.file()?;
        let Some(file) = self.file.take() else { return Err(Refusal::UploadUnknown) };
        let mut found = self.hasher.clone().finish();
        if found.algorithm() != digest.algorithm() {
            found = digest_of(&file, digest.algorithm())?;
        }
        if found != *digest {
            return Err(Refusal::DigestMismatch);
        }
        file.sync(system_time(now))?;
        Ok(file)
    }

    fn file(&mut self) -> io::Result<&mut Growing> {
        if self.is_lost {
            return Err(io::Error::other("the disk failed under this upload: begin another"));
        }
        if self.file.is_none() {
            self.file = Some(Growing::create(&self.path, durable::PUBLIC)?);
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// The same instant as files are dated with.
pub(super) fn system_time(at: Time) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.millis()).unwrap_or(0))
}

/// The algorithm was not foreseen: the file is read once more.
fn digest_of(file: &Growing, algorithm: DigestAlgorithm) -> io::Result<Digest> {
    let mut hasher = Hasher::new(algorithm);
    let mut reader = std::fs::File::open(file.path())?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        match io::Read::read(&mut reader, &mut buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&buffer[..read]),
        }
    }
}
