//! What the file of a tag holds.

use std::io;
use std::path::Path;

use lite_oci::Digest;
use lite_store::durable;
use serde::{Deserialize, Serialize};

/// How many digests a tag remembers.
const REMEMBERED: usize = 16;

/// A digest that a tag led to, until it was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Former {
    /// Where it led.
    pub(crate) digest: Digest,
    /// Until when, in milliseconds since 1970.
    pub(crate) until: i64,
}

/// `{"digest":"sha256:…","at":1700000000000,"former":[{"digest":"sha256:…","until":1700000000000}]}`
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TagFile {
    /// Where the tag leads.
    pub(super) digest: Digest,
    /// Since when, in milliseconds since 1970: the lifetime of a tag begins then.
    pub(super) at: i64,
    /// Where it led before, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) former: Vec<Former>,
}

/// What a tag remembers when it moves to `digest`: each digest once, the newest first, and none
/// that it leads to now.
pub(super) fn moved(from: Option<(&Digest, &[Former])>, digest: &Digest, now: i64) -> Vec<Former> {
    let Some((led_to, former)) = from else { return Vec::new() };
    let last = Former { digest: led_to.clone(), until: now };
    let mut all: Vec<Former> = Vec::new();
    for one in std::iter::once(&last).chain(former) {
        if one.digest != *digest && all.iter().all(|known| known.digest != one.digest) {
            all.push(one.clone());
        }
    }
    all.truncate(REMEMBERED);
    all
}

impl TagFile {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        durable::write(path, &serde_json::to_vec(self)?, durable::PUBLIC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_remembers_each_digest_once_and_not_the_one_it_leads_to() {
        let digest = |text: &str| Digest::sha256(text.as_bytes());
        let names = |former: &[Former]| -> Vec<Digest> {
            former.iter().map(|one| one.digest.clone()).collect()
        };
        let (a, b, c) = (digest("a"), digest("b"), digest("c"));
        assert!(moved(None, &a, 1).is_empty());
        assert!(moved(Some((&a, &[])), &a, 1).is_empty(), "the same again");
        let first = moved(Some((&a, &[])), &b, 1);
        assert_eq!(names(&first), std::slice::from_ref(&a));
        let second = moved(Some((&b, &first)), &c, 2);
        assert_eq!(names(&second), [b.clone(), a.clone()]);
        // Back to where it was before.
        assert_eq!(names(&moved(Some((&c, &second)), &a, 3)), [c, b]);
    }

    #[test]
    fn a_tag_remembers_only_so_much() {
        let mut former = Vec::new();
        for number in 0..40 {
            let led_to = Digest::sha256(&[number]);
            former = moved(Some((&led_to, &former)), &Digest::sha256(&[number + 1]), 0);
        }
        assert_eq!(former.len(), REMEMBERED);
        assert_eq!(former[0].digest, Digest::sha256(&[39]));
    }
}
