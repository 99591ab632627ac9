//! Blobs: how one comes into a repository, and how one is read.

use std::fs::File;
use std::io;
use std::sync::Arc;

use lite_oci::{Digest, RepositoryName};
use lite_store::durable::{self, Growing};

use super::repository::{Blob, Repository};
use super::upload::Content;
use super::{Store, date};
use crate::refusal::Refusal;

impl Store {
    /// The size of a blob. Whoever asks may be about not to push it, so it is kept for a while.
    pub(crate) fn blob_size(&self, name: &RepositoryName, digest: &Digest) -> Result<u64, Refusal> {
        let repository = self.find(name).ok_or(Refusal::BlobUnknown)?;
        let state = repository.read();
        let blob = state.blobs.get(digest).ok_or(Refusal::BlobUnknown)?;
        blob.touch(self.now());
        Ok(blob.size)
    }

    /// A blob's bytes and their number. What is being read stays readable when the blob goes.
    pub(crate) fn open_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<(File, u64), Refusal> {
        let size = self.blob_size(name, digest)?;
        let repository = self.find(name).ok_or(Refusal::BlobUnknown)?;
        match File::open(repository.folder.blob(digest)) {
            Ok(file) => Ok((file, size)),
            // It went between the two.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Refusal::BlobUnknown),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the bytes of an upload a blob. On return it is durable.
    ///
    /// The order is the crash safety: before (3) nothing has the blob's name; after (3) the name
    /// leads to durable bytes of this digest. A blob that nobody was told about is taken by the
    /// garbage collection.
    pub(crate) fn commit_blob(
        &self,
        name: &RepositoryName,
        content: &mut Content,
        digest: &Digest,
    ) -> Result<u64, Refusal> {
        // (1) The bytes: they have the digest, and are durable under their temporary name. This can
        // take long, so no lock is held.
        let finished = content.finish(digest, self.now());
        let file = self.noted(finished)?;
        let size = file.length();

        // (2) One writer, so that no collection takes the blob for garbage meanwhile.
        let repository = self.find_or_make(name);
        let mut made = repository.writer();
        if let Some(blob) = repository.read().blobs.get(digest) {
            blob.touch(self.now());
            return Ok(size);
        }

        // (3) The name. Another repository's bytes are shared where they can be.
        let path = repository.folder.blob(digest);
        let placed = made.folder_of(&path).and_then(|()| self.place(&repository, digest, file));
        self.noted(placed.map_err(Refusal::from))?;

        // (4) Memory.
        repository.change().blobs.insert(digest.clone(), Blob::new(size, self.now()));
        metrics::counter!("registry_blobs_pushed_total").increment(1);
        Ok(size)
    }

    /// Lets a repository have a blob of another one: of `from`, or of any.
    ///
    /// `false` where nobody has it, and where the file system cannot give a file two names: then the
    /// client uploads.
    pub(crate) fn mount(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        from: Option<&RepositoryName>,
    ) -> Result<bool, Refusal> {
        if self.blob_size(name, digest).is_ok() {
            return Ok(true);
        }
        let source = match from {
            Some(from) => self.find(from),
            None => self.elsewhere(digest, name),
        };
        let Some(source) = source else { return Ok(false) };
        let Some(size) = source.read().blobs.get(digest).map(|blob| blob.size) else {
            return Ok(false);
        };
        let repository = self.find_or_make(name);
        let mut made = repository.writer();
        let path = repository.folder.blob(digest);
        let folder = made.folder_of(&path).map_err(Refusal::from);
        self.noted(folder)?;
        if let Err(error) = durable::link(&source.folder.blob(digest), &path) {
            tracing::debug!(%error, %digest, "a blob was not mounted");
            return Ok(false);
        }
        date(&path, self.now());
        repository.change().blobs.insert(digest.clone(), Blob::new(size, self.now()));
        Ok(true)
    }

    /// Removes a blob that no manifest names.
    pub(crate) fn delete_blob(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<(), Refusal> {
        let repository = self.find(name).ok_or(Refusal::BlobUnknown)?;
        let mut made = repository.writer();
        {
            let state = repository.read();
            if !state.blobs.contains_key(digest) {
                return Err(Refusal::BlobUnknown);
            }
            if state.manifests.values().any(|entry| entry.blobs.contains(digest)) {
                return Err(Refusal::BlobNamed);
            }
        }
        let removed = made.remove_blobs(&repository, std::slice::from_ref(digest));
        self.noted(removed)
    }

    /// Gives a file its name, or gives the same bytes of another repository a second one.
    fn place(
        &self,
        repository: &Arc<Repository>,
        digest: &Digest,
        file: Growing,
    ) -> io::Result<()> {
        let path = repository.folder.blob(digest);
        if let Some(source) = self.elsewhere(digest, &repository.name)
            && durable::link(&source.folder.blob(digest), &path).is_ok()
        {
            return Ok(());
        }
        file.place(&path)
    }
}
