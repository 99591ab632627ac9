//! `/v2/NAME/blobs/uploads/…`: pushing a blob.
//!
//! OCI distribution specification, "Pushing Blobs": all at once, or in as many pieces as the client
//! likes. Bytes go to the disk as they come, at most [`PIECE`] of them wait in memory, and who
//! breaks off finds out where the upload stands with a `GET`.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, LOCATION, RANGE};
use http::{HeaderMap, HeaderName, StatusCode};
use http_body_util::BodyExt as _;
use lite_http::shell::{Deadline, REQUEST_DEADLINE};
use lite_oci::{Digest, DigestAlgorithm, RepositoryName};
use tokio::sync::OwnedMutexGuard;

use super::blobs::DIGEST;
use super::content_range::{Chunk, length, stands_at};
use super::endpoint::Parameters;
use super::error::header_map;
use crate::app::{App, blocking};
use crate::refusal::Refusal;
use crate::store::Content;

/// Bytes of one write.
const PIECE: usize = 1 << 20;
/// How long the disk may take to make a blob durable when all of it has arrived.
const SYNC_DEADLINE: Duration = Duration::from_secs(10 * 60);
/// How long a request waits for another one on the same upload, whose client may be gone.
const TURN: Duration = Duration::from_secs(20);

/// `Docker-Upload-UUID`
const UPLOAD: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// What all requests on uploads have.
pub(crate) struct Request<'a> {
    pub(crate) app: &'a App,
    pub(crate) name: RepositoryName,
    pub(crate) parameters: Parameters,
    pub(crate) headers: HeaderMap,
    pub(crate) deadline: Option<Deadline>,
}

impl Request<'_> {
    /// `POST …/uploads/`: begins an upload; or takes all of it at once (`digest`); or takes the blob
    /// from another repository (`mount`), and begins an upload where that cannot be.
    pub(crate) async fn begin(self, body: Body) -> Result<Response, Refusal> {
        if let Some(digest) = self.parameters.parse::<Digest>("mount")?
            && self.mount(&digest).await?
        {
            return Ok(created(&self.name, &digest));
        }
        let digest = self.parameters.parse::<Digest>("digest")?;
        let store = &self.app.store;
        let named = self.parameters.get("digest-algorithm");
        let algorithm = match digest.as_ref().map(Digest::algorithm) {
            Some(algorithm) => algorithm,
            None if named == Some("sha512") => DigestAlgorithm::Sha512,
            None => DigestAlgorithm::Sha256,
        };
        let upload = store.begin_upload(&self.name, algorithm)?;
        match digest {
            None => Ok(stands(StatusCode::ACCEPTED, &self.name, upload.id(), 0)),
            Some(digest) => self.complete(upload.id(), &digest, body).await,
        }
    }

    /// `PATCH …/uploads/ID`: a chunk, or a stream of any length.
    pub(crate) async fn append(self, id: &str, body: Body) -> Result<Response, Refusal> {
        let content = self.receive(id, body).await?;
        Ok(stands(StatusCode::ACCEPTED, &self.name, id, content.length()))
    }

    /// `PUT …/uploads/ID?digest=`: the end, with a last chunk or without.
    pub(crate) async fn end(self, id: &str, body: Body) -> Result<Response, Refusal> {
        let digest = self.parameters.parse::<Digest>("digest")?.ok_or(Refusal::DigestMissing)?;
        self.complete(id, &digest, body).await
    }

    /// `GET …/uploads/ID`: where it stands.
    pub(crate) async fn status(&self, id: &str) -> Result<Response, Refusal> {
        let content = self.turn(id).await?;
        Ok(stands(StatusCode::NO_CONTENT, &self.name, id, content.length()))
    }

    /// `DELETE …/uploads/ID`: never mind.
    pub(crate) fn cancel(&self, id: &str) -> Result<Response, Refusal> {
        self.app.store.upload(&self.name, id)?;
        self.app.store.end_upload(id);
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    async fn mount(&self, digest: &Digest) -> Result<bool, Refusal> {
        let from = self.parameters.get("from").map(str::parse::<RepositoryName>);
        // A repository that cannot be has no blobs.
        let Ok(from) = from.transpose() else { return Ok(false) };
        if let Some(from) = &from
            && !self.app.access.may_pull(&self.headers, from).await
        {
            return Ok(false);
        }
        let (store, name, digest) = (self.app.store.clone(), self.name.clone(), digest.clone());
        blocking(move || store.mount(&name, &digest, from.as_ref())).await
    }

    async fn complete(self, id: &str, digest: &Digest, body: Body) -> Result<Response, Refusal> {
        let mut content = self.receive(id, body).await?;
        self.allow(SYNC_DEADLINE);
        let (store, name) = (self.app.store.clone(), self.name.clone());
        let (id, digest) = (id.to_owned(), digest.clone());
        // It goes on when the client goes away: what has begun to be named is named.
        blocking(move || {
            let committed = store.commit_blob(&name, &mut content, &digest);
            // Either way this upload is over: its bytes are a blob, or not what was meant.
            store.end_upload(&id);
            committed.map(|_| created(&name, &digest))
        })
        .await
    }

    /// Adds the body to the upload, as it comes.
    ///
    /// What arrived before a client broke off stays, so that it can go on from there. The bytes and
    /// their digest change only on the thread that holds them both, whatever becomes of this request.
    async fn receive(&self, id: &str, mut body: Body) -> Result<OwnedMutexGuard<Content>, Refusal> {
        let mut content = self.turn(id).await?;
        let chunk = Chunk::of(&self.headers)?;
        let stands = content.length();
        if chunk.is_some_and(|chunk| chunk.start != stands) {
            return Err(Refusal::UploadOutOfOrder(stands));
        }
        let room = self.app.store.max_blob().saturating_sub(stands);
        let announced = length(&self.headers).or(chunk.map(|chunk| chunk.length));
        if announced.is_some_and(|announced| announced > room) {
            return Err(Refusal::BlobTooLarge);
        }
        let limit = chunk.map_or(room, |chunk| chunk.length);
        let over = if chunk.is_some() { Refusal::UploadSize } else { Refusal::BlobTooLarge };

        let (mut waiting, mut received): (Vec<Bytes>, u64) = (Vec::new(), 0);
        let broke_off = loop {
            let data = match body.frame().await {
                None => break None,
                Some(Err(_)) => break Some(()),
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            };
            self.allow(REQUEST_DEADLINE);
            received += data.len() as u64;
            if received > limit {
                return Err(over);
            }
            waiting.push(data);
            if waiting.iter().map(Bytes::len).sum::<usize>() >= PIECE {
                content = self.write(id, content, std::mem::take(&mut waiting)).await?;
            }
        };
        content = self.write(id, content, waiting).await?;
        if broke_off.is_some() {
            return Err(Refusal::UploadBroken(content.length()));
        }
        if chunk.is_some_and(|chunk| chunk.length != received) {
            return Err(Refusal::UploadSize);
        }
        Ok(content)
    }

    async fn write(
        &self,
        id: &str,
        mut content: OwnedMutexGuard<Content>,
        pieces: Vec<Bytes>,
    ) -> Result<OwnedMutexGuard<Content>, Refusal> {
        // Nobody else forgets it while it grows.
        self.app.store.upload(&self.name, id)?;
        blocking(move || {
            pieces.iter().try_for_each(|piece| content.append(piece))?;
            Ok(content)
        })
        .await
    }

    /// Waits until no other request is at the upload.
    async fn turn(&self, id: &str) -> Result<OwnedMutexGuard<Content>, Refusal> {
        let upload = self.app.store.upload(&self.name, id)?;
        let turn = tokio::time::timeout(TURN, upload.content()).await;
        turn.map_err(|_| Refusal::TooManyUploads)
    }

    fn allow(&self, time: Duration) {
        if let Some(deadline) = &self.deadline {
            deadline.allow(time);
        }
    }
}

fn stands(status: StatusCode, name: &RepositoryName, id: &str, length: u64) -> Response {
    let headers = header_map([
        (LOCATION, format!("/v2/{name}/blobs/uploads/{id}")),
        (RANGE, stands_at(length)),
        (UPLOAD, id.to_owned()),
        (CONTENT_LENGTH, "0".to_owned()),
    ]);
    let mut response = (status, headers).into_response();
    if status == StatusCode::NO_CONTENT {
        // RFC 9110, Section 8.6.
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    response
}

fn created(name: &RepositoryName, digest: &Digest) -> Response {
    let headers = header_map([
        (LOCATION, format!("/v2/{name}/blobs/{digest}")),
        (DIGEST, digest.to_string()),
        (CONTENT_LENGTH, "0".to_owned()),
    ]);
    (StatusCode::CREATED, headers).into_response()
}
