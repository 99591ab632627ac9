//! Who is looked for among the entries.

use lite_entries::SearchKey;

/// Identities, as they stand in certificates.
#[derive(Debug)]
pub(super) struct Watch(Vec<(String, SearchKey)>);

/// An entry of somebody who is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) index: u64,
    pub(super) who: String,
}

impl Watch {
    pub(super) fn new(identities: &[String]) -> Self {
        // An index compares identities without regard to case, and so does this.
        Self(identities.iter().map(|who| (who.clone(), SearchKey::identity(who))).collect())
    }

    /// Who of them signed an entry.
    pub(super) fn look(&self, index: u64, leaf: &[u8]) -> Vec<Sighting> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let keys = lite_entries::search_keys(leaf);
        let seen = self.0.iter().filter(|(_, key)| keys.contains(key));
        seen.map(|(who, _)| Sighting { index, who: who.clone() }).collect()
    }
}
