//! What there is, for people.

use lite_oci::media_type::BUNDLE_PREFIX;
use lite_oci::signatures::Attached;
use lite_oci::{Digest, RepositoryName, Tag};
use lite_time::Time;

use super::Store;
use super::repository::State;

/// A repository with its tags.
#[derive(Clone, Debug)]
pub(crate) struct RepositoryView {
    pub(crate) name: RepositoryName,
    /// Tags for people: without those that are made of digests.
    pub(crate) tags: Vec<TagView>,
    /// How many tags were left out.
    pub(crate) more: usize,
}

/// A tag, and what is known of the manifest behind it.
#[derive(Clone, Debug)]
pub(crate) struct TagView {
    pub(crate) tag: Tag,
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
    /// Bytes of the manifest and what it is made of; of an index, of what it lists.
    pub(crate) size: u64,
    pub(crate) pushed: Time,
    /// When the tag goes by itself.
    pub(crate) expires: Option<Time>,
    pub(crate) signatures: usize,
    pub(crate) attestations: usize,
    pub(crate) sboms: usize,
    /// Other manifests about it.
    pub(crate) others: usize,
}

impl Store {
    /// Repositories in the order of their names, each with at most `limit` tags.
    pub(crate) fn overview(&self, names: &[RepositoryName], limit: usize) -> Vec<RepositoryView> {
        names.iter().filter_map(|name| self.view(name, limit)).collect()
    }

    fn view(&self, name: &RepositoryName, limit: usize) -> Option<RepositoryView> {
        let repository = self.find(name)?;
        let state = repository.read();
        let lifetimes = self.limits.lifetimes;
        let mut tags: Vec<TagView> = Vec::new();
        let mut more = 0;
        for (tag, tagged) in &state.tags {
            let is_attached = Attached::of_tag(tag).is_some()
                || lite_oci::signatures::of_referrers_tag(tag).is_some();
            if is_attached || self.living(&state, tag).is_none() {
                continue;
            }
            if tags.len() == limit {
                more += 1;
                continue;
            }
            let Some(entry) = state.manifests.get(&tagged.digest) else { continue };
            let attached = self.attached(&state, &tagged.digest);
            let children = entry.children.iter().filter_map(|one| state.manifests.get(one));
            tags.push(TagView {
                tag: tag.clone(),
                digest: tagged.digest.clone(),
                media_type: entry.media_type.clone(),
                size: match entry.children.len() {
                    0 => entry.whole_size,
                    _ => children.fold(entry.size, |sum, one| sum.saturating_add(one.whole_size)),
                },
                pushed: tagged.at,
                expires: lifetimes.of(tag).map(|life| tagged.at.plus(life)),
                signatures: attached.signatures,
                attestations: attached.attestations,
                sboms: attached.sboms,
                others: attached.others,
            });
        }
        Some(RepositoryView { name: name.clone(), tags, more })
    }

    fn attached(&self, state: &State, digest: &Digest) -> Counts {
        let mut counts = Counts::default();
        for kind in Attached::ALL {
            if self.living(state, &kind.tag(digest)).is_some() {
                match kind {
                    Attached::Signatures => counts.signatures += 1,
                    Attached::Attestations => counts.attestations += 1,
                    Attached::Sbom => counts.sboms += 1,
                }
            }
        }
        for about in state.referrers.get(digest).into_iter().flatten() {
            let Some(entry) = state.manifests.get(about) else { continue };
            let kind = entry.artifact_type.as_deref().unwrap_or_default();
            let predicate = entry.annotations.get(lite_oci::signatures::BUNDLE_PREDICATE_TYPE);
            let signs = predicate
                .is_none_or(|predicate| predicate == lite_oci::signatures::SIGN_PREDICATE_TYPE);
            if !kind.starts_with(BUNDLE_PREFIX) {
                counts.others += 1;
            } else if signs {
                counts.signatures += 1;
            } else {
                counts.attestations += 1;
            }
        }
        counts
    }
}

#[derive(Default)]
struct Counts {
    signatures: usize,
    attestations: usize,
    sboms: usize,
    others: usize,
}
