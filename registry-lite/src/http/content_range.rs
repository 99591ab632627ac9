//! `Content-Range` of a chunk, and `Range` of the answer, as this API has them.
//!
//! OCI distribution specification, "Pushing a blob in chunks": `START-END`, both inclusive, without a
//! unit; a chunk must begin where the one before ended.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE};

use crate::refusal::Refusal;

/// Which bytes of the blob a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) start: u64,
    /// Its number of bytes; never 0.
    pub(crate) length: u64,
}

impl Chunk {
    /// `Content-Range`, if the request has one.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let Some(value) = headers.get(CONTENT_RANGE) else { return Ok(None) };
        let chunk = value.to_str().ok().and_then(Self::parse).ok_or(Refusal::UploadRange)?;
        if length(headers).is_some_and(|length| length != chunk.length) {
            return Err(Refusal::UploadSize);
        }
        Ok(Some(chunk))
    }

    fn parse(text: &str) -> Option<Self> {
        let (start, end) = text.split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u64>().ok()).flatten()
        };
        let (start, end) = (number(start)?, number(end)?);
        let length = end.checked_sub(start)?.checked_add(1)?;
        Some(Self { start, length })
    }
}

/// `Content-Length`, if the request has one.
pub(crate) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `Range` of an upload that has so many bytes. Without any it is `0-0`, as in the reference
/// implementation, whose clients expect a number.
pub(crate) fn stands_at(length: u64) -> String {
    format!("0-{}", length.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_chunk_has_one_spelling() {
        assert_eq!(Chunk::parse("0-0"), Some(Chunk { start: 0, length: 1 }));
        assert_eq!(Chunk::parse("10-19"), Some(Chunk { start: 10, length: 10 }));
        for bad in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "2-1",
            "+1-2",
            "1-+2",
            " 1-2",
            "1-2 ",
            "bytes 1-2",
            "1-2/3",
            "bytes=1-2",
            "0x1-2",
            "1--2",
            "0-18446744073709551615",
            "0-99999999999999999999",
        ] {
            assert_eq!(Chunk::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(start in 0_u64..=u64::MAX / 2, length in 1_u64..=u64::MAX / 2) {
            let text = format!("{start}-{}", start + length - 1);
            prop_assert_eq!(Chunk::parse(&text), Some(Chunk { start, length }));
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,40}") {
            let _ = Chunk::parse(&text);
        }
    }
}
