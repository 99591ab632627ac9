//! The encoding of RFC 4251, Section 5, and the bits of DER that our keys need.

use super::SshError;

/// Bytes that are read from the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], SshError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(SshError::Encoding)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn uint32(&mut self) -> Result<u32, SshError> {
        let bytes = self.take(4)?.try_into().map_err(|_| SshError::Encoding)?;
        Ok(u32::from_be_bytes(bytes))
    }

    pub(super) fn string(&mut self) -> Result<&'a [u8], SshError> {
        let length = usize::try_from(self.uint32()?).map_err(|_| SshError::Encoding)?;
        self.take(length)
    }

    /// A positive `mpint` without needless zeros: the content of a DER INTEGER, byte for byte.
    pub(super) fn positive(&mut self) -> Result<&'a [u8], SshError> {
        let bytes = self.string()?;
        match bytes {
            [0, second, ..] if *second >= 0x80 => Ok(bytes),
            [first, ..] if (1..0x80).contains(first) => Ok(bytes),
            _ => Err(SshError::Encoding),
        }
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), SshError> {
        if self.0.is_empty() { Ok(()) } else { Err(SshError::Encoding) }
    }
}

/// A `string`: its length in 32 bits, then itself.
pub(super) fn string(bytes: &[u8]) -> Vec<u8> {
    // Nothing here is longer than a request.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

/// `SEQUENCE { INTEGER, INTEGER }` in DER.
pub(super) fn der_integers(one: &[u8], other: &[u8]) -> Vec<u8> {
    let content = [der(0x02, one), der(0x02, other)].concat();
    der(0x30, &content)
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut length: Vec<u8> = content.len().to_be_bytes().to_vec();
    length.drain(..length.iter().take_while(|byte| **byte == 0).count());
    let mut out = vec![tag];
    match length.as_slice() {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            // At most eight bytes.
            out.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            out.extend(long);
        }
    }
    out.extend(content);
    out
}
