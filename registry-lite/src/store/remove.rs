//! How files go: what names before what is named, and each durably before the next.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use lite_oci::{Digest, Tag};
use lite_store::durable;

use super::layout::TAGS;
use super::repository::{Made, Repository, State};
use crate::refusal::Refusal;

impl Made {
    /// Removes tags.
    pub(super) fn remove_tags(
        &mut self,
        repository: &Repository,
        tags: &[Tag],
    ) -> Result<(), Refusal> {
        if tags.is_empty() {
            return Ok(());
        }
        {
            let mut state = repository.change();
            state.tags.retain(|tag, _| !tags.contains(tag));
        }
        let files: Vec<PathBuf> = tags.iter().map(|tag| repository.folder.tag(tag)).collect();
        let folder = repository.folder.kind(TAGS);
        self.certain(durable::remove_all(&folder, files.iter().map(PathBuf::as_path)))
    }

    /// Removes manifests, and before them the tags that lead to them.
    pub(super) fn remove_manifests(
        &mut self,
        repository: &Repository,
        doomed: BTreeSet<Digest>,
    ) -> Result<(), Refusal> {
        let tags: Vec<Tag> = {
            let state = repository.read();
            let to_doomed = state.tags.iter().filter(|(_, to)| doomed.contains(&to.digest));
            to_doomed.map(|(tag, _)| tag.clone()).collect()
        };
        self.remove_tags(repository, &tags)?;
        let mut left = doomed;
        while !left.is_empty() {
            let first = named_by_none(&repository.read(), &left);
            {
                let mut state = repository.change();
                for digest in &first {
                    state.remove_manifest(digest);
                }
            }
            self.remove_files(first.iter().map(|digest| repository.folder.manifest(digest)))?;
            left.retain(|digest| !first.contains(digest));
        }
        Ok(())
    }

    /// Removes blobs that no manifest names.
    pub(super) fn remove_blobs(
        &mut self,
        repository: &Repository,
        doomed: &[Digest],
    ) -> Result<(), Refusal> {
        {
            let mut state = repository.change();
            for digest in doomed {
                state.blobs.remove(digest);
            }
        }
        self.remove_files(doomed.iter().map(|digest| repository.folder.blob(digest)))
    }

    fn remove_files(&mut self, files: impl Iterator<Item = PathBuf>) -> Result<(), Refusal> {
        let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        for file in files {
            if let Some(folder) = file.parent() {
                folders.entry(folder.to_owned()).or_default().push(file);
            }
        }
        let removed = folders.iter().try_for_each(|(folder, files)| {
            durable::remove_all(folder, files.iter().map(PathBuf::as_path))
        });
        self.certain(removed)
    }

    /// Passes an outcome on, and remembers when it leaves the disk uncertain.
    pub(super) fn certain(&mut self, outcome: io::Result<()>) -> Result<(), Refusal> {
        if outcome.is_err() {
            self.doubt();
        }
        Ok(outcome?)
    }
}

/// Those of `some` that no other of them lists or is about: they go first. Digests make no circles.
fn named_by_none(state: &State, some: &BTreeSet<Digest>) -> BTreeSet<Digest> {
    let entries = some.iter().filter_map(|digest| state.manifests.get(digest));
    let named: BTreeSet<&Digest> =
        entries.flat_map(|entry| entry.children.iter().chain(&entry.subject)).collect();
    let first: BTreeSet<Digest> =
        some.iter().filter(|digest| !named.contains(digest)).cloned().collect();
    if first.is_empty() { some.clone() } else { first }
}
