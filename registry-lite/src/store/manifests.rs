//! Manifests: how one is pushed, found and deleted.

use std::collections::BTreeSet;
use std::io;

use lite_oci::{
    Descriptor, Digest, MAX_MANIFEST_BYTES, Manifest, ManifestError, RepositoryName, Tag, Target,
    signatures,
};
use lite_store::durable;
use lite_time::Time;

use super::repository::{Entry, Repository, State, Tagged};
use super::tag_file::{Former, TagFile, moved};
use super::{Store, date, is_full};
use crate::refusal::Refusal;

/// A manifest as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
    pub(crate) size: u64,
}

/// What is pushed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Push<'a> {
    pub(crate) bytes: &'a [u8],
    /// `Content-Type`, without parameters.
    pub(crate) sent_as: Option<&'a str>,
    /// What the bytes must hash to. Without it they are named by SHA-256.
    pub(crate) digest: Option<&'a Digest>,
    pub(crate) tags: &'a [Tag],
    /// The digest that the tags must lead to before.
    pub(crate) replaces: Option<&'a Digest>,
}

/// What a push has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pushed {
    pub(crate) digest: Digest,
    pub(crate) subject: Option<Digest>,
}

/// Descriptors in the order of their digests.
pub(crate) type Manifests = Vec<Descriptor>;

impl Store {
    /// The manifest that a tag or digest leads to. Whoever asks wants it, so it is kept for a while.
    pub(crate) fn resolve(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<Stored, Refusal> {
        let repository = self.find(name).ok_or(Refusal::ManifestUnknown)?;
        let state = repository.read();
        let digest = match target {
            Target::Digest(digest) => digest,
            Target::Tag(tag) => self.living(&state, tag).ok_or(Refusal::ManifestUnknown)?,
        };
        let entry = state.manifests.get(digest).ok_or(Refusal::ManifestUnknown)?;
        // A tag keeps what it leads to by itself, for as long as it lives.
        if matches!(target, Target::Digest(_)) {
            entry.touch(self.now());
        }
        let (media_type, size) = (entry.media_type.clone(), entry.size);
        Ok(Stored { digest: digest.clone(), media_type, size })
    }

    /// The bytes of a manifest.
    pub(crate) fn read_manifest(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<(Stored, Vec<u8>), Refusal> {
        let stored = self.resolve(name, target)?;
        let repository = self.find(name).ok_or(Refusal::ManifestUnknown)?;
        match std::fs::read(repository.folder.manifest(&stored.digest)) {
            Ok(bytes) => Ok((stored, bytes)),
            // It went between the two.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Refusal::ManifestUnknown),
            Err(error) => Err(error.into()),
        }
    }

    /// Pushes a manifest, with tags or without. On return everything is durable.
    ///
    /// The order is the crash safety: what (4) names was durable before, and cannot go while this
    /// holds the writer; a tag is written after the manifest that it leads to.
    pub(crate) fn put_manifest(
        &self,
        name: &RepositoryName,
        push: Push<'_>,
    ) -> Result<Pushed, Refusal> {
        // (1) A manifest of a type that we know, within limits.
        if push.bytes.len() > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLarge.into());
        }
        let manifest = Manifest::parse(push.bytes, push.sent_as)?;
        if push.sent_as.is_some_and(|sent_as| sent_as != manifest.media_type()) {
            return Err(Refusal::ManifestType);
        }

        // (2) Its digest.
        let digest = match push.digest {
            Some(digest) if !digest.matches(push.bytes) => return Err(Refusal::DigestMismatch),
            Some(digest) => digest.clone(),
            None => Digest::sha256(push.bytes),
        };

        // (3) One writer. All that the manifest is made of is here, and stays; its subject may come
        // later.
        if self.find(name).is_none() {
            // Who may not push this has not made a repository either.
            State::default().holds_all_of(&manifest)?;
        }
        let repository = self.find_or_make(name);
        let mut made = repository.writer();
        {
            let state = repository.read();
            if let Some(replaces) = push.replaces
                && push.tags.iter().any(|tag| self.living(&state, tag) != Some(replaces))
            {
                return Err(Refusal::Precondition);
            }
            state.holds_all_of(&manifest)?;
        }

        // (4) The manifest, then memory.
        let now = self.now();
        let entry = Entry::new(&manifest, push.bytes.len() as u64, now);
        let subject = entry.subject.clone();
        let known = repository.read().manifests.get(&digest).map(|known| known.touch(now));
        if known.is_none() {
            let path = repository.folder.manifest(&digest);
            let written = made
                .folder_of(&path)
                .and_then(|()| durable::write(&path, push.bytes, durable::PUBLIC));
            self.noted(made.certain_unless_full(written))?;
            date(&path, now);
            repository.change().insert_manifest(digest.clone(), entry);
            metrics::counter!("registry_manifests_pushed_total").increment(1);
        }

        // (5) The tags.
        for tag in push.tags {
            let path = repository.folder.tag(tag);
            let former = {
                let state = repository.read();
                let from = state.tags.get(tag);
                let from = from.map(|from| (&from.digest, from.former.as_slice()));
                moved(from, &digest, now.millis())
            };
            let file = TagFile { digest: digest.clone(), at: now.millis(), former: former.clone() };
            let written = made.folder_of(&path).and_then(|()| file.write(&path));
            self.noted(made.certain_unless_full(written))?;
            let tagged = Tagged { digest: digest.clone(), at: now, former };
            let before = repository.change().tags.insert(tag.clone(), tagged);
            if let Some(from) = before.filter(|from| from.digest != digest) {
                left_behind(&repository, &from.digest, now);
            }
        }
        Ok(Pushed { digest, subject })
    }

    /// Deletes what a tag or a digest leads to: of a tag nothing but the tag; of a digest the
    /// manifest with its tags, and the referrers that nothing else keeps.
    pub(crate) fn delete_manifest(
        &self,
        name: &RepositoryName,
        target: &Target,
    ) -> Result<(), Refusal> {
        let repository = self.find(name).ok_or(Refusal::ManifestUnknown)?;
        let mut made = repository.writer();
        let removed = match target {
            Target::Tag(tag) => {
                let led_to = self.living(&repository.read(), tag).cloned();
                left_behind(&repository, &led_to.ok_or(Refusal::ManifestUnknown)?, self.now());
                made.remove_tags(&repository, std::slice::from_ref(tag))
            }
            Target::Digest(digest) => {
                let doomed = with_referrers(&repository, digest)?;
                made.remove_manifests(&repository, doomed)
            }
        };
        self.noted(removed)
    }

    /// The manifests that are about `subject`: those that say so, and those that clients have listed
    /// under the tag that stands in for this API, each with the description it has of itself.
    ///
    /// OCI distribution specification, "Listing Referrers" and "Referrers Tag Schema".
    pub(crate) fn referrers(&self, name: &RepositoryName, subject: &Digest) -> Manifests {
        let Some(repository) = self.find(name) else { return Vec::new() };
        let state = repository.read();
        let mut found: BTreeSet<&Digest> =
            state.referrers.get(subject).into_iter().flatten().collect();
        let listed = self.living(&state, &signatures::referrers_tag(subject));
        let index = listed.and_then(|digest| state.manifests.get(digest));
        for child in index.into_iter().flat_map(|index| &index.children) {
            let about = state.manifests.get(child).and_then(|entry| entry.subject.as_ref());
            // What says that it is about something else is not made to lie.
            if about.is_none_or(|about| about == subject) {
                found.insert(child);
            }
        }
        found
            .into_iter()
            .filter_map(|digest| Some(state.manifests.get(digest)?.descriptor(digest)))
            .collect()
    }

    /// Where a tag led before, newest first; of a tag that does not live, nothing.
    pub(crate) fn history(&self, name: &RepositoryName, tag: &Tag) -> Vec<Former> {
        let Some(repository) = self.find(name) else { return Vec::new() };
        let state = repository.read();
        match self.living(&state, tag) {
            Some(_) => state.tags.get(tag).map(|tagged| tagged.former.clone()).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Where a tag leads, if it lives.
    pub(super) fn living<'a>(&self, state: &'a State, tag: &Tag) -> Option<&'a Digest> {
        let tagged = state.tags.get(tag)?;
        let over = self.limits.lifetimes.is_over(tag, tagged.at, self.now());
        (!over).then_some(&tagged.digest)
    }
}

impl super::repository::Made {
    /// A full disk has kept nothing of a write; after any other failure nobody knows.
    fn certain_unless_full(&mut self, outcome: io::Result<()>) -> Result<(), Refusal> {
        if outcome.as_ref().is_err_and(|error| !is_full(error)) {
            self.doubt();
        }
        Ok(outcome?)
    }
}

/// A tag no longer leads to the manifest: its grace begins now, also for the next process.
fn left_behind(repository: &Repository, digest: &Digest, now: Time) {
    if let Some(entry) = repository.read().manifests.get(digest) {
        entry.touch(now);
        date(&repository.folder.manifest(digest), now);
    }
}

/// A manifest and, as far as no tag and no index keeps them, those about it, and those about them.
fn with_referrers(repository: &Repository, digest: &Digest) -> Result<BTreeSet<Digest>, Refusal> {
    let state = repository.read();
    if !state.manifests.contains_key(digest) {
        return Err(Refusal::ManifestUnknown);
    }
    let listed = |digest| state.manifests.values().any(|entry| entry.children.contains(digest));
    if listed(digest) {
        return Err(Refusal::ManifestNamed);
    }
    let tagged: BTreeSet<&Digest> = state.tags.values().map(|tagged| &tagged.digest).collect();
    let mut doomed = BTreeSet::new();
    let mut next = vec![digest];
    while let Some(one) = next.pop() {
        if doomed.insert(one.clone()) {
            let about = state.referrers.get(one).into_iter().flatten();
            next.extend(about.filter(|one| !tagged.contains(one) && !listed(one)));
        }
    }
    Ok(doomed)
}
