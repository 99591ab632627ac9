//! What refers to an image: the referrers API, and the tag that stands for it where there is none
//! (OCI distribution specification, "Listing Referrers" and "Referrers Tag Schema").

use bytes::Bytes;
use http::{Method, StatusCode};
use lite_oci::{
    Descriptor, Digest, Index, MAX_DESCRIPTORS, Manifest, Target, media_type, signatures,
};

use super::lists::{MAX_PAGE_BYTES, MAX_PAGES, next_page};
use super::manifests::accept;
use super::request::Action;
use super::{Remote, answer};
use crate::error::{Breach, ImageError};
use crate::repository::{describe, of_type};

/// How often the fallback index is written when somebody else writes it too.
const ATTEMPTS: usize = 5;
/// How many entries of a fallback index are looked up because they do not say what they are.
const MAX_REPAIRS: usize = 100;

impl Remote {
    /// What refers to the manifest with this digest, of one type or of all.
    pub async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, ImageError> {
        let all = match self.listed_by_api(subject, artifact_type).await? {
            Some(all) => all,
            None => self.listed_by_tag(subject).await?,
        };
        // A registry may leave the filtering to us, and a tag always does.
        Ok(of_type(all, artifact_type))
    }

    /// Writes a manifest that refers to `subject`, and sees to it that it is found from there.
    pub async fn put_referrer(
        &self,
        media_type: &str,
        bytes: Bytes,
        subject: &Digest,
    ) -> Result<Digest, ImageError> {
        let target = Target::Digest(Digest::sha256(&bytes));
        let pushed = self.push(&target, media_type, bytes.clone()).await?;
        // Registries of before OCI-Subject was specified are asked, as go-containerregistry does.
        if !pushed.keeps_referrers && self.listed_by_api(subject, None).await?.is_none() {
            let entry = describe(media_type, &bytes, &target)?;
            self.add_to_tag(subject, entry).await?;
        }
        Ok(pushed.digest)
    }

    /// `None` if the registry has no such API.
    async fn listed_by_api(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Option<Vec<Descriptor>>, ImageError> {
        let mut url = self.url(&format!("/referrers/{subject}")).await?;
        if let Some(wanted) = artifact_type {
            url.query_pairs_mut().append_pair("artifactType", wanted);
        }
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let answer = self.send(Method::GET, &url, Action::Pull, accept).await?;
            match answer.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND
                | StatusCode::BAD_REQUEST
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::NOT_ACCEPTABLE
                | StatusCode::NOT_IMPLEMENTED => return Ok(None),
                _ => return Err(self.refusal(answer, || self.shown(subject)).await),
            }
            let next = next_page(&answer);
            let name = || format!("the list of referrers of {subject}");
            let body = answer::body(answer, &self.registry, MAX_PAGE_BYTES, name).await?;
            // A front page answers everything with 200, and is no index.
            let Ok(Manifest::Index(page)) = Manifest::parse(&body, None) else {
                return Ok(None);
            };
            all.extend(page.manifests);
            if all.len() > MAX_DESCRIPTORS {
                break;
            }
            match next {
                Some(next) => url = next,
                None => return Ok(Some(all)),
            }
        }
        Err(self.breach(Breach::Pages))
    }

    async fn listed_by_tag(&self, subject: &Digest) -> Result<Vec<Descriptor>, ImageError> {
        let index = self.fallback_index(subject).await?;
        let mut all = Vec::new();
        for (at, entry) in index.manifests.into_iter().enumerate() {
            all.push(if at < MAX_REPAIRS { self.repaired(entry).await? } else { entry });
        }
        Ok(all)
    }

    /// The index behind the tag; an empty one if there is none.
    async fn fallback_index(&self, subject: &Digest) -> Result<Index, ImageError> {
        let tag = signatures::referrers_tag(subject);
        let Some(found) = self.manifest(&Target::Tag(tag.clone())).await? else {
            return Ok(Index::new(Vec::new()));
        };
        match Manifest::parse(&found.bytes, Some(&found.media_type)) {
            Ok(Manifest::Index(index)) => Ok(index),
            // The tag is somebody's image: nothing refers to this digest by it.
            Ok(Manifest::Image(_)) => Ok(Index::new(Vec::new())),
            Err(source) => Err(ImageError::Manifest { name: self.shown(&tag), source }),
        }
    }

    /// cosign 3 writes the type of the empty configuration in place of the artifact's; the
    /// manifest knows better. One that is gone is left as it is.
    async fn repaired(&self, entry: Descriptor) -> Result<Descriptor, ImageError> {
        let says = entry.artifact_type.as_deref().unwrap_or_default();
        if !says.is_empty() && says != media_type::EMPTY_JSON {
            return Ok(entry);
        }
        let target = Target::Digest(entry.digest.clone());
        match self.manifest(&target).await? {
            Some(found) => describe(&found.media_type, &found.bytes, &target),
            None => Ok(entry),
        }
    }

    /// Read, change, write, and look whether somebody else's write took ours away: the tag knows
    /// no transaction.
    async fn add_to_tag(&self, subject: &Digest, entry: Descriptor) -> Result<(), ImageError> {
        let tag = Target::Tag(signatures::referrers_tag(subject));
        for _ in 0..ATTEMPTS {
            let mut index = self.fallback_index(subject).await?;
            if index.manifests.contains(&entry) {
                return Ok(());
            }
            index.manifests.retain(|other| other.digest != entry.digest);
            index.manifests.push(entry.clone());
            let bytes = Bytes::from(index.to_json());
            self.put_manifest(&tag, media_type::IMAGE_INDEX, bytes).await?;
        }
        let index = self.fallback_index(subject).await?;
        if index.manifests.contains(&entry) {
            return Ok(());
        }
        Err(ImageError::Unsupported { registry: self.registry.clone() })
    }

    /// Takes a deleted referrer out of the fallback index, where there is one.
    pub(crate) async fn forget_referrer(
        &self,
        subject: &Digest,
        referrer: &Digest,
    ) -> Result<(), ImageError> {
        let tag = Target::Tag(signatures::referrers_tag(subject));
        let mut index = self.fallback_index(subject).await?;
        let before = index.manifests.len();
        index.manifests.retain(|entry| entry.digest != *referrer);
        if index.manifests.is_empty() && before > 0 {
            self.delete(&tag).await?;
        } else if index.manifests.len() < before {
            let bytes = Bytes::from(index.to_json());
            self.put_manifest(&tag, media_type::IMAGE_INDEX, bytes).await?;
        }
        Ok(())
    }
}
