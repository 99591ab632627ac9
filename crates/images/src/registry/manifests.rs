//! `/v2/NAME/manifests/TARGET`.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use lite_oci::{Descriptor, Digest, MAX_MANIFEST_BYTES, Target, media_type};
use reqwest::{RequestBuilder, Response};

use super::request::Action;
use super::{Remote, answer};
use crate::error::ImageError;
use crate::repository::{Found, own_media_type};

/// What a registry answers with, beside `Content-Type`.
const CONTENT_DIGEST: &str = "Docker-Content-Digest";
/// OCI distribution specification, "Pushing Manifests with Subject": the registry has seen the
/// subject, and answers for it at the referrers API.
const OCI_SUBJECT: &str = "OCI-Subject";

/// What a pushed manifest was taken as.
#[derive(Debug)]
pub(super) struct Pushed {
    pub(super) digest: Digest,
    /// Whether the registry keeps the list of referrers.
    pub(super) keeps_referrers: bool,
}

impl Remote {
    /// The manifest; `None` if there is none.
    pub async fn manifest(&self, target: &Target) -> Result<Option<Found>, ImageError> {
        let url = self.url(&format!("/manifests/{target}")).await?;
        let answer = self.send(Method::GET, &url, Action::Pull, accept).await?;
        let name = || self.shown(target);
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(self.refusal(answer, name).await),
        }
        let sent_as = content_type(&answer);
        let promised = content_digest(answer.headers());
        let bytes = answer::body(answer, &self.registry, MAX_MANIFEST_BYTES, name).await?;
        // A tag is the registry's word. What it says about its digest must still be true.
        let expected = match target {
            Target::Digest(digest) => Some(digest.clone()),
            Target::Tag(_) => promised,
        };
        let digest = match expected {
            Some(expected) => check(&expected, &bytes)?,
            None => Digest::sha256(&bytes),
        };
        let media_type = sent_as
            .filter(|sent| media_type::MANIFESTS.contains(&sent.as_str()))
            .or_else(|| own_media_type(&bytes))
            .unwrap_or_else(|| media_type::IMAGE_MANIFEST.to_owned());
        Ok(Some(Found { digest, media_type, bytes }))
    }

    /// What [`Remote::manifest`] would bring; `None` if there is none.
    ///
    /// For a tag the digest is the registry's word: it is checked when the manifest is read by it.
    pub async fn head(&self, target: &Target) -> Result<Option<Descriptor>, ImageError> {
        let url = self.url(&format!("/manifests/{target}")).await?;
        let answer = self.send(Method::HEAD, &url, Action::Pull, accept).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(self.refusal(answer, || self.shown(target)).await),
        }
        let size = answer.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        let digest = match target {
            Target::Digest(digest) => Some(digest.clone()),
            Target::Tag(_) => content_digest(answer.headers()),
        };
        if let (Some(digest), Some(size), Some(kind)) = (digest, size, content_type(&answer)) {
            return Ok(Some(Descriptor::new(kind, digest, size)));
        }
        // A registry that leaves a header out.
        Ok(self.manifest(target).await?.map(|found| found.descriptor()))
    }

    /// Writes a manifest under a tag, or under its own digest.
    pub async fn put_manifest(
        &self,
        target: &Target,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Digest, ImageError> {
        Ok(self.push(target, media_type, bytes).await?.digest)
    }

    pub(super) async fn push(
        &self,
        target: &Target,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Pushed, ImageError> {
        let digest = match target {
            Target::Digest(digest) => check(digest, &bytes)?,
            Target::Tag(_) => Digest::sha256(&bytes),
        };
        let url = self.url(&format!("/manifests/{target}")).await?;
        let dress =
            |request: RequestBuilder| request.header(CONTENT_TYPE, media_type).body(bytes.clone());
        let answer = self.send(Method::PUT, &url, Action::Push, dress).await?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer, || self.shown(target)).await);
        }
        if let Some(taken) = content_digest(answer.headers())
            && taken.algorithm() == digest.algorithm()
            && taken != digest
        {
            return Err(ImageError::DigestMismatch { expected: digest, found: taken });
        }
        Ok(Pushed { digest, keeps_referrers: answer.headers().contains_key(OCI_SUBJECT) })
    }

    /// Deletes a tag or a manifest; `false` if there was none.
    pub async fn delete(&self, target: &Target) -> Result<bool, ImageError> {
        let url = self.url(&format!("/manifests/{target}")).await?;
        let answer = self.send(Method::DELETE, &url, Action::Push, |request| request).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(self.refusal(answer, || self.shown(target)).await),
        }
    }
}

pub(super) fn accept(request: RequestBuilder) -> RequestBuilder {
    request.header(ACCEPT, media_type::MANIFESTS.join(", "))
}

/// Without parameters such as `; charset=utf-8`.
pub(super) fn content_type(answer: &Response) -> Option<String> {
    let value = answer.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_owned()).filter(|value| !value.is_empty())
}

fn content_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.parse().ok()
}

fn check(expected: &Digest, bytes: &[u8]) -> Result<Digest, ImageError> {
    let found = Digest::of(expected.algorithm(), bytes);
    if found == *expected {
        Ok(found)
    } else {
        Err(ImageError::DigestMismatch { expected: expected.clone(), found })
    }
}
