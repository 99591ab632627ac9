//! `Range` of a download (RFC 9110, Section 14).

/// Which part of a blob is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it: no range, several at once, or another unit, which a server may ignore.
    Whole,
    /// So many bytes from there; never none.
    Some {
        /// The first byte.
        start: u64,
        /// How many.
        length: u64,
    },
    /// Nothing that there is.
    Outside,
}

impl Part {
    /// The part of `size` bytes that a `Range` header asks for.
    pub(crate) fn of(header: Option<&str>, size: u64) -> Self {
        header.and_then(|header| Self::parse(header, size)).unwrap_or(Self::Whole)
    }

    fn parse(header: &str, size: u64) -> Option<Self> {
        let (unit, range) = header.split_once('=')?;
        let (first, last) = range.trim().split_once('-')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") || range.contains(',') {
            return None;
        }
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // What no number holds lies behind every end.
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        match (first, last) {
            ("", suffix) => {
                let length = number(suffix)?.min(size);
                Some(if length == 0 {
                    Self::Outside
                } else {
                    Self::Some { start: size - length, length }
                })
            }
            (first, last) => {
                let start: u64 = number(first)?;
                let last = if last.is_empty() { u64::MAX } else { number(last)? };
                if last < start {
                    return None;
                }
                if start >= size {
                    return Some(Self::Outside);
                }
                Some(Self::Some { start, length: last.min(size - 1) - start + 1 })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(header: &str, want: Part) {
        assert_eq!(Part::of(Some(header), 10), want, "{header}");
    }

    #[test]
    fn ranges_are_read_as_the_rfc_has_them() {
        check("bytes=0-0", Part::Some { start: 0, length: 1 });
        check("bytes=0-9", Part::Some { start: 0, length: 10 });
        check("bytes=5-", Part::Some { start: 5, length: 5 });
        check("bytes=5-99999999999999999999999", Part::Some { start: 5, length: 5 });
        check("bytes=-3", Part::Some { start: 7, length: 3 });
        check("bytes=-30", Part::Some { start: 0, length: 10 });
        check("Bytes = 1-2", Part::Some { start: 1, length: 2 });
        check("bytes=10-", Part::Outside);
        check("bytes=99999999999999999999999-", Part::Outside);
        check("bytes=-0", Part::Outside);
        for ignored in [
            "bytes=",
            "bytes=-",
            "bytes=2-1",
            "bytes=0-1,3-4",
            "lines=0-1",
            "bytes 0-1",
            "bytes=a-b",
        ] {
            check(ignored, Part::Whole);
        }
        assert_eq!(Part::of(None, 10), Part::Whole);
        assert_eq!(Part::of(Some("bytes=0-"), 0), Part::Outside);
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_whole(header in "bytes=[0-9]{0,20}-[0-9]{0,20}", size in 0_u64..100) {
            if let Part::Some { start, length } = Part::of(Some(&header), size) {
                prop_assert!(length > 0 && start + length <= size);
            }
        }

        #[test]
        fn a_range_within_the_whole_is_what_slicing_gives(size in 1_usize..50, a in 0_usize..50, b in 0_usize..50) {
            let (first, last) = (a.min(b), a.max(b));
            let bytes: Vec<usize> = (0..size).collect();
            let want = bytes.get(first..(last + 1).min(size)).filter(|slice| !slice.is_empty());
            let found = match Part::of(Some(&format!("bytes={first}-{last}")), size as u64) {
                Part::Some { start, length } => {
                    let start = usize::try_from(start).unwrap();
                    Some(&bytes[start..start + usize::try_from(length).unwrap()])
                }
                _ => None,
            };
            prop_assert_eq!(found, want);
        }
    }
}
