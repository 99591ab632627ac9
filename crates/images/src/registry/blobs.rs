//! `/v2/NAME/blobs/DIGEST`, and the uploads that make them.

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode};
use lite_oci::{Descriptor, Digest, RepositoryName};
use reqwest::{Body, RequestBuilder, Response};
use url::Url;

use super::Remote;
use super::request::Action;
use crate::content::{Content, OnBytes};
use crate::error::{Breach, ImageError};

/// What an upload begins with.
enum Begun {
    /// The registry had the blob in another repository, and has it here now.
    Mounted,
    /// Where the bytes go.
    At(Url),
}

impl Remote {
    /// A blob, in pieces.
    pub async fn read_blob(&self, descriptor: &Descriptor) -> Result<Content, ImageError> {
        let digest = &descriptor.digest;
        let url = self.url(&format!("/blobs/{digest}")).await?;
        let answer = self.send(Method::GET, &url, Action::Pull, |request| request).await?;
        if answer.status() != StatusCode::OK {
            return Err(self.refusal(answer, || self.shown(digest)).await);
        }
        Ok(Content::from_answer(answer, &self.registry, descriptor))
    }

    /// Whether the repository has a blob.
    pub async fn blob_exists(&self, digest: &Digest) -> Result<bool, ImageError> {
        let url = self.url(&format!("/blobs/{digest}")).await?;
        let answer = self.send(Method::HEAD, &url, Action::Pull, |request| request).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(self.refusal(answer, || self.shown(digest)).await),
        }
    }

    /// Writes a blob that the repository has not. `from` is a repository of the same registry that
    /// has it; whether the registry then asks for the bytes is its choice.
    ///
    /// OCI distribution specification, "Mounting a blob from another repository" and "POST then
    /// PUT".
    pub async fn write_blob(
        &self,
        descriptor: &Descriptor,
        from: Option<&RepositoryName>,
        content: impl AsyncFnOnce() -> Result<Content, ImageError>,
        progress: &OnBytes,
    ) -> Result<(), ImageError> {
        let digest = &descriptor.digest;
        let mut place = match self.begin(digest, from).await? {
            Begun::Mounted => {
                progress(descriptor.size);
                return Ok(());
            }
            Begun::At(place) => place,
        };
        place.query_pairs_mut().append_pair("digest", digest.as_str());
        let body = as_body(content().await?, progress.clone());
        let dress = |request: RequestBuilder| {
            request
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_LENGTH, descriptor.size)
                .body(body)
        };
        let answer = self.send_once(Method::PUT, &place, dress).await?;
        if answer.status() == StatusCode::CREATED {
            return Ok(());
        }
        Err(self.refusal(answer, || self.shown(digest)).await)
    }

    async fn begin(
        &self,
        digest: &Digest,
        from: Option<&RepositoryName>,
    ) -> Result<Begun, ImageError> {
        let mut url = self.url("/blobs/uploads/").await?;
        let mut scopes = vec![self.scope(Action::Push)];
        if let Some(from) = from.filter(|from| **from != self.name) {
            url.query_pairs_mut().append_pair("mount", digest.as_str());
            url.query_pairs_mut().append_pair("from", from.as_str());
            scopes.push(format!("repository:{from}:pull"));
        }
        let dress = |request: RequestBuilder| request.header(CONTENT_LENGTH, 0);
        let answer = self.send_scoped(Method::POST, &url, &scopes, dress).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(Begun::Mounted),
            StatusCode::ACCEPTED => self.location(&answer).map(Begun::At),
            _ => Err(self.refusal(answer, || self.shown(digest)).await),
        }
    }

    /// Where an upload goes on. Behind a proxy that ends TLS, registries often name themselves
    /// with `http://`: the bytes stay where the request went.
    fn location(&self, answer: &Response) -> Result<Url, ImageError> {
        let text = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let mut place = text
            .and_then(|text| answer.url().join(text).ok())
            .ok_or_else(|| self.breach(Breach::Location))?;
        if place.scheme() == "http" && answer.url().scheme() == "https" {
            place.set_scheme("https").map_err(|()| self.breach(Breach::Location))?;
        }
        Ok(place)
    }

    /// Writes bytes as a blob, unless the repository has it.
    pub async fn put_blob(&self, media_type: &str, bytes: Bytes) -> Result<Descriptor, ImageError> {
        let descriptor = Descriptor::of(media_type, &bytes);
        if !self.blob_exists(&descriptor.digest).await? {
            let content = async || Ok(Content::of(bytes, &descriptor));
            self.write_blob(&descriptor, None, content, &crate::silent()).await?;
        }
        Ok(descriptor)
    }
}

/// The pieces as a request's body. One that is wrong ends the request before it is whole, so that
/// the registry keeps nothing.
fn as_body(content: Content, progress: OnBytes) -> Body {
    let pieces = stream::try_unfold((content, progress), |(mut content, progress)| async {
        let piece = content.next().await?;
        Ok::<_, ImageError>(piece.map(|piece| {
            progress(piece.len() as u64);
            (piece, (content, progress))
        }))
    });
    Body::wrap_stream(pieces)
}
