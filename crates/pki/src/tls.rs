//! The presentation language of TLS (RFC 8446, Section 3), as far as RFC 6962 uses it: big-endian
//! numbers and vectors with a length in front.

/// Reads from the front; `None` when the input ends too early.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// `opaque data<0..2^16-1>`.
    pub(crate) fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// `opaque data<0..2^24-1>`.
    pub(crate) fn vector24(&mut self) -> Option<&'a [u8]> {
        let [a, b, c] = self.array()?;
        let length = u32::from_be_bytes([0, a, b, c]);
        self.take(usize::try_from(length).ok()?)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends `opaque data<0..2^16-1>`. `None`: longer than that.
pub(crate) fn put_vector16(out: &mut Vec<u8>, data: &[u8]) -> Option<()> {
    out.extend_from_slice(&u16::try_from(data.len()).ok()?.to_be_bytes());
    out.extend_from_slice(data);
    Some(())
}

/// Appends `opaque data<0..2^24-1>`. `None`: longer than that.
pub(crate) fn put_vector24(out: &mut Vec<u8>, data: &[u8]) -> Option<()> {
    let [0, length @ ..] = u32::try_from(data.len()).ok()?.to_be_bytes() else {
        return None;
    };
    out.extend_from_slice(&length);
    out.extend_from_slice(data);
    Some(())
}
