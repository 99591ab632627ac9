//! Garbage: what nothing leads to any more.
//!
//! ```text
//! tag (unless its time is over)                      ─▶ manifest
//! manifest pushed or asked for within the grace      ─▶ itself, and what it is about
//! manifest about something that is not here          ─▶ itself: signatures may be kept elsewhere
//! index                                              ─▶ the manifests it lists
//! manifest                                           ─▶ the manifests about it
//! manifest, by tags made of its digest (.sig, …)     ─▶ what those lead to
//! manifest                                           ─▶ its blobs
//! ```
//!
//! So a signature lives as long as what it is about, and goes with it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use lite_oci::signatures::{self, Attached};
use lite_oci::{Digest, Tag};
use lite_time::Time;

use super::repository::{Repository, State};
use super::{Limits, Store};
use crate::refusal::Refusal;

/// Blobs that go in one turn of the writer, so that a push waits for few.
const BLOBS_A_TURN: usize = 64;

/// What a collection has taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected {
    /// Uploads that nobody went on with.
    pub uploads: usize,
    /// Tags whose time was over, and tags made of the digest of what went.
    pub tags: usize,
    /// Manifests.
    pub manifests: usize,
    /// Blobs of repositories. The bytes are free when no other repository has them.
    pub blobs: usize,
    /// Repositories in which nothing was removed, because the disk has left it uncertain what they
    /// hold. A restart looks.
    pub skipped: usize,
}

impl Collected {
    fn count(&self) {
        for (kind, taken) in [
            ("blob", self.blobs),
            ("manifest", self.manifests),
            ("tag", self.tags),
            ("upload", self.uploads),
        ] {
            metrics::counter!("registry_collected_total", "kind" => kind).increment(taken as u64);
        }
    }
}

impl Store {
    /// Removes what nothing leads to. Pushes and pulls go on meanwhile; a push into the repository
    /// that is just being looked at waits for a moment.
    pub(crate) fn collect_garbage(&self) -> Result<Collected, Refusal> {
        let mut collected = Collected {
            uploads: self.uploads.expire(self.limits.upload_age, self.now()),
            ..Collected::default()
        };
        for repository in self.all() {
            let outcome = self.collect_from(&repository, &mut collected);
            self.noted(outcome)?;
        }
        collected.count();
        Ok(collected)
    }

    /// The order is the crash safety: tags, then what names, then what is named; each durable before
    /// the next. A collection that was cut off is finished by the next.
    fn collect_from(
        &self,
        repository: &Arc<Repository>,
        collected: &mut Collected,
    ) -> Result<(), Refusal> {
        {
            let mut made = repository.writer();
            if !made.is_certain() {
                collected.skipped += 1;
                return Ok(());
            }

            // (1) Tags whose time is over. What they led to is not wanted any more.
            let over = self.tags_that_are_over(&repository.read());
            made.remove_tags(repository, &over)?;

            // (2) Manifests, and with them the tags made of their digests.
            let doomed = doomed_manifests(&repository.read(), self.limits, self.now());
            let tags = repository.read().tags.len();
            collected.manifests += doomed.len();
            made.remove_manifests(repository, doomed)?;
            collected.tags += over.len() + tags - repository.read().tags.len();
        }

        // (3) Blobs, a few at a time. What is named is looked up anew each time, because pushes have
        // gone on; what was doomed before them may be named now.
        loop {
            let mut made = repository.writer();
            let doomed = doomed_blobs(&repository.read(), self.limits, self.now());
            if doomed.is_empty() || !made.is_certain() {
                return Ok(());
            }
            made.remove_blobs(repository, &doomed)?;
            collected.blobs += doomed.len();
        }
    }

    fn tags_that_are_over(&self, state: &State) -> Vec<Tag> {
        let now = self.now();
        let over = state
            .tags
            .iter()
            .filter(|(tag, tagged)| self.limits.lifetimes.is_over(tag, tagged.at, now));
        over.map(|(tag, tagged)| {
            if let Some(entry) = state.manifests.get(&tagged.digest) {
                entry.release();
            }
            tag.clone()
        })
        .collect()
    }
}

fn doomed_manifests(state: &State, limits: Limits, now: Time) -> BTreeSet<Digest> {
    let live = live_manifests(state, limits, now);
    state.manifests.keys().filter(|digest| !live.contains(digest)).cloned().collect()
}

fn live_manifests(state: &State, limits: Limits, now: Time) -> HashSet<&Digest> {
    let mut next: Vec<&Digest> = Vec::new();
    let mut attached: HashMap<&Digest, Vec<&Digest>> = HashMap::new();
    for (tag, tagged) in &state.tags {
        match about(tag).and_then(|subject| state.manifests.get_key_value(&subject)) {
            Some((subject, _)) => attached.entry(subject).or_default().push(&tagged.digest),
            None => next.push(&tagged.digest),
        }
    }
    for (digest, entry) in &state.manifests {
        let subject = entry.subject.as_ref();
        if entry.wanted().is_some_and(|at| at.plus(limits.untagged_grace) > now) {
            next.push(digest);
            next.extend(subject);
        }
        if subject.is_some_and(|subject| !state.manifests.contains_key(subject)) {
            next.push(digest);
        }
    }
    let mut live = HashSet::new();
    while let Some(digest) = next.pop() {
        let Some(entry) = state.manifests.get(digest) else { continue };
        if live.insert(digest) {
            next.extend(&entry.children);
            next.extend(state.referrers.get(digest).into_iter().flatten());
            next.extend(attached.get(digest).into_iter().flatten());
        }
    }
    live
}

fn doomed_blobs(state: &State, limits: Limits, now: Time) -> Vec<Digest> {
    let named: HashSet<&Digest> = state.manifests.values().flat_map(|entry| &entry.blobs).collect();
    let doomed = state.blobs.iter().filter(|(digest, blob)| {
        !named.contains(digest) && blob.touched().plus(limits.blob_grace) <= now
    });
    doomed.map(|(digest, _)| digest.clone()).take(BLOBS_A_TURN).collect()
}

/// What a tag that is made of a digest belongs to.
fn about(tag: &Tag) -> Option<Digest> {
    Attached::of_tag(tag).map(|(digest, _)| digest).or_else(|| signatures::of_referrers_tag(tag))
}
