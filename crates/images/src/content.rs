//! Content that comes in pieces, checked against its descriptor as it passes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use lite_oci::{Descriptor, Digest, Hasher};
use tokio::io::AsyncReadExt as _;

use crate::error::ImageError;

/// Told after each piece how many bytes it had.
pub type OnBytes = Arc<dyn Fn(u64) + Send + Sync>;

/// Nobody is told.
#[must_use]
pub fn silent() -> OnBytes {
    Arc::new(|_| {})
}

/// The pieces of one blob.
///
/// **Trust sentence:** the pieces are not known to be right before [`Content::next`] has said that
/// there are no more; who keeps them under their digest waits for that.
#[derive(Debug)]
pub struct Content {
    source: Source,
    digest: Digest,
    size: u64,
    seen: u64,
    hasher: Option<Hasher>,
}

#[derive(Debug)]
enum Source {
    Bytes(Option<Bytes>),
    File(tokio::fs::File, PathBuf),
    Http(reqwest::Response, String),
}

/// How much of a file is read at once.
const PIECE_BYTES: usize = 256 << 10;

impl Content {
    fn new(source: Source, descriptor: &Descriptor) -> Self {
        let hasher = Some(Hasher::new(descriptor.digest.algorithm()));
        Self { source, digest: descriptor.digest.clone(), size: descriptor.size, seen: 0, hasher }
    }

    /// Content that is in memory already.
    #[must_use]
    pub fn of(bytes: Bytes, descriptor: &Descriptor) -> Self {
        Self::new(Source::Bytes(Some(bytes)), descriptor)
    }

    pub(crate) fn from_answer(
        answer: reqwest::Response,
        registry: &str,
        descriptor: &Descriptor,
    ) -> Self {
        Self::new(Source::Http(answer, registry.to_owned()), descriptor)
    }

    pub(crate) async fn from_file(
        path: &Path,
        descriptor: &Descriptor,
    ) -> Result<Self, ImageError> {
        let file = tokio::fs::File::open(path).await.map_err(ImageError::io(path))?;
        Ok(Self::new(Source::File(file, path.to_owned()), descriptor))
    }

    /// The next piece; `None` after the last, when length and digest are right.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ImageError> {
        let Some(hasher) = &mut self.hasher else {
            return Ok(None);
        };
        if let Some(piece) = self.source.next().await? {
            self.seen += piece.len() as u64;
            // Before the piece is handed on: a source must not fill a disk.
            if self.seen > self.size {
                return Err(self.wrong_size());
            }
            hasher.update(&piece);
            return Ok(Some(piece));
        }
        if self.seen != self.size {
            return Err(self.wrong_size());
        }
        let found = self.hasher.take().map(Hasher::finish);
        match found {
            Some(found) if found != self.digest => {
                Err(ImageError::DigestMismatch { expected: self.digest.clone(), found })
            }
            _ => Ok(None),
        }
    }

    /// All pieces.
    pub async fn whole(mut self, limit: u64) -> Result<Bytes, ImageError> {
        if self.size > limit {
            return Err(ImageError::TooLarge { name: self.digest.to_string(), limit });
        }
        let mut all = BytesMut::new();
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    fn wrong_size(&self) -> ImageError {
        ImageError::SizeMismatch { digest: self.digest.clone(), expected: self.size }
    }
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>, ImageError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Self::File(file, path) => {
                let mut piece = BytesMut::with_capacity(PIECE_BYTES);
                let read =
                    file.read_buf(&mut piece).await.map_err(ImageError::io(path.as_path()))?;
                Ok((read > 0).then(|| piece.freeze()))
            }
            Self::Http(answer, registry) => answer
                .chunk()
                .await
                .map_err(|source| ImageError::Unreachable { registry: registry.clone(), source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &'static [u8], of: &[u8]) -> Result<Bytes, ImageError> {
        let descriptor = Descriptor::of("a/b", of);
        Content::of(Bytes::from_static(bytes), &descriptor).whole(9).await
    }

    #[tokio::test]
    async fn only_what_was_named_comes_through() {
        assert_eq!(&read(b"abc", b"abc").await.unwrap()[..], b"abc");
        assert_eq!(&read(b"", b"").await.unwrap()[..], b"");
        assert!(matches!(read(b"abd", b"abc").await, Err(ImageError::DigestMismatch { .. })));
        for other in [&b"ab"[..], b"abcd"] {
            let other: &'static [u8] = other;
            assert!(matches!(read(other, b"abc").await, Err(ImageError::SizeMismatch { .. })));
        }
        assert!(matches!(
            read(b"0123456789", b"0123456789").await,
            Err(ImageError::TooLarge { limit: 9, .. })
        ));
    }
}
