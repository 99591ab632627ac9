//! DER, read one element at a time, with the place of each.
//!
//! Why not `x509-cert`: an inspector is asked most about what a strict reader refuses, and must
//! show what stands before the fault, and where the fault is. What a strict reader says of the
//! same bytes is added as a note.

mod certificate;
mod cms;
mod extension;
mod key;
mod name;
mod oids;
mod primitive;
mod request;
mod sct;
mod timestamp;

use std::fmt;

pub(crate) use certificate::certificate;
pub(crate) use key::{hints as key_hints, private_key, public_key};
pub(crate) use request::certificate_request;
pub(crate) use sct::sct_tree;
pub(crate) use timestamp::{timestamp_request, timestamp_response, timestamp_token};

use crate::tree::{Span, Tree};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Context-specific and constructed: `[n] EXPLICIT`.
pub(crate) const fn explicit(n: u8) -> u8 {
    0xA0 | n
}

/// Context-specific and primitive: `[n] IMPLICIT` of something that is not constructed.
pub(crate) const fn implicit(n: u8) -> u8 {
    0x80 | n
}

/// One element: tag, length, content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Of the tag, from the start of the document.
    pub(crate) offset: usize,
    /// Tag, length and content.
    pub(crate) raw: &'a [u8],
    pub(crate) content: &'a [u8],
}

/// Elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

/// Where DER is not what it must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// From the start of the document, in bytes.
    pub(crate) at: usize,
    /// What should stand there.
    pub(crate) what: &'static str,
    pub(crate) why: Why,
}

/// What is wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The bytes end before the element does.
    Cut,
    /// Another tag than the one that must stand there.
    Tag(u8),
    /// A length in a form that DER does not have.
    Length,
    /// The content is not of its type.
    Content,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, what, why } = self;
        match why {
            Why::Cut => write!(f, "at byte {at}: {what} is cut short"),
            Why::Tag(found) => write!(f, "at byte {at}: {what} expected, found tag 0x{found:02x}"),
            Why::Length => write!(f, "at byte {at}: {what} has a length that is not DER"),
            Why::Content => write!(f, "at byte {at}: {what} is malformed"),
        }
    }
}

impl<'a> Reader<'a> {
    /// The elements of a document that begins `at` bytes into a larger one.
    pub(crate) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { rest: bytes, at }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is; `what` is the word for it.
    pub(crate) fn any(&mut self, what: &'static str) -> Result<Element<'a>, Fault> {
        let fault = |why| Fault { at: self.at, what, why };
        let cut = || fault(Why::Cut);
        let (&tag, after_tag) = self.rest.split_first().ok_or_else(cut)?;
        // Tags above 30 take more bytes, and nothing here has one.
        if tag & 0x1F == 0x1F {
            return Err(fault(Why::Tag(tag)));
        }
        let (&first, after_length) = after_tag.split_first().ok_or_else(cut)?;
        let (length, header) = if first < 0x80 {
            (usize::from(first), 2)
        } else {
            let count = usize::from(first & 0x7F);
            // 0x80 is BER's indefinite length; four bytes are more than we ever read.
            if count == 0 || count > 4 {
                return Err(fault(Why::Length));
            }
            let bytes = after_length.get(..count).ok_or_else(cut)?;
            let length = bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
            (length, 2 + count)
        };
        let end = header.checked_add(length).ok_or_else(|| fault(Why::Length))?;
        let raw = self.rest.get(..end).ok_or_else(cut)?;
        let element = Element { tag, offset: self.at, raw, content: &raw[header..] };
        self.rest = &self.rest[end..];
        self.at += end;
        Ok(element)
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8, what: &'static str) -> Result<Element<'a>, Fault> {
        match self.peek() {
            Some(found) if found != tag => Err(Fault { at: self.at, what, why: Why::Tag(found) }),
            _ => self.any(what),
        }
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(
        &mut self,
        tag: u8,
        what: &'static str,
    ) -> Result<Option<Element<'a>>, Fault> {
        if self.peek() == Some(tag) { self.any(what).map(Some) } else { Ok(None) }
    }

    /// What was not read, where there is any.
    pub(crate) fn leftover(&self) -> Option<Tree> {
        let span = Span { offset: self.at, length: self.rest.len() };
        (!self.is_empty()).then(|| {
            Tree::bytes("left over", self.rest).at(span).noting("nothing should stand here")
        })
    }
}

impl<'a> Element<'a> {
    pub(crate) const fn span(&self) -> Span {
        Span { offset: self.offset, length: self.raw.len() }
    }

    /// Where the content begins.
    pub(crate) const fn inside(&self) -> usize {
        self.offset + (self.raw.len() - self.content.len())
    }

    /// The elements it is made of.
    pub(crate) const fn reader(&self) -> Reader<'a> {
        Reader::new(self.content, self.inside())
    }

    pub(crate) const fn fault(&self, what: &'static str) -> Fault {
        Fault { at: self.offset, what, why: Why::Content }
    }

    /// The bytes of a bit string that fills its bytes, and where they begin.
    pub(crate) fn bits(&self, what: &'static str) -> Result<(&'a [u8], usize), Fault> {
        match self.content.split_first() {
            Some((_, bits)) if self.tag == BIT_STRING => Ok((bits, self.inside() + 1)),
            _ => Err(self.fault(what)),
        }
    }
}

/// Whether a timestamp comes without the response around it: a `ContentInfo` begins with its type.
pub(crate) fn is_bare_token(der: &[u8]) -> bool {
    Reader::new(der, 0).any("token").is_ok_and(|element| element.reader().peek() == Some(OID))
}

/// Fills a tree until the end or the first fault, which stands where it was met.
pub(crate) fn until_fault(
    mut tree: Tree,
    fill: impl FnOnce(&mut Tree) -> Result<(), Fault>,
) -> Tree {
    if let Err(fault) = fill(&mut tree) {
        tree.push(Tree::unreadable("the rest", fault));
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_knows_its_place() {
        let der = [0x30, 0x05, 0x02, 0x01, 0x07, 0x05, 0x00];
        let outer = Reader::new(&der, 100).expect(SEQUENCE, "all").unwrap();
        assert_eq!(outer.span(), Span { offset: 100, length: 7 });
        let mut inner = outer.reader();
        let number = inner.expect(INTEGER, "number").unwrap();
        assert_eq!((number.offset, number.content), (102, &[7][..]));
        let fault = inner.expect(INTEGER, "second").unwrap_err();
        assert_eq!(fault.to_string(), "at byte 105: second expected, found tag 0x05");
    }

    #[test]
    fn faults_say_where() {
        let fault = |bytes: &[u8]| Reader::new(bytes, 0).any("x").unwrap_err().why;
        assert_eq!(fault(&[]), Why::Cut);
        assert_eq!(fault(&[0x30]), Why::Cut);
        assert_eq!(fault(&[0x30, 0x02, 0]), Why::Cut);
        assert_eq!(fault(&[0x30, 0x80, 0, 0]), Why::Length);
        assert_eq!(fault(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Why::Cut);
        assert_eq!(fault(&[0x30, 0x85, 0, 0, 0, 0, 1]), Why::Length);
        assert_eq!(fault(&[0x3f, 0x81, 0x01, 0]), Why::Tag(0x3f));
    }
}
