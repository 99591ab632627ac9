//! Where the parts of a DER structure lie, in bytes from its start.

use std::fmt;

use der::{Decode as _, Header, Reader as _, SliceReader};

/// One value: where it starts, how long its header and its content are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The first byte of the tag.
    pub(super) start: usize,
    /// Tag and length.
    pub(super) header: usize,
    /// What follows them.
    pub(super) content: usize,
    /// The tag's byte.
    pub(super) tag: u8,
}

impl Place {
    /// The value that starts at `start`.
    fn at(der: &[u8], start: usize) -> Option<Self> {
        let rest = der.get(start..)?;
        let mut reader = SliceReader::new(rest).ok()?;
        let length = Header::decode(&mut reader).ok()?.length();
        let header = usize::try_from(reader.position()).ok()?;
        let place =
            Self { start, header, content: usize::try_from(length).ok()?, tag: *rest.first()? };
        (place.end() <= der.len()).then_some(place)
    }

    /// The whole of a structure.
    pub(super) fn whole(der: &[u8]) -> Option<Self> {
        Self::at(der, 0)
    }

    /// What it is made of. Octet and bit strings are looked into as if they were constructed.
    pub(super) fn parts(self, der: &[u8]) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut start = self.start + self.header;
        while start < self.end() {
            let Some(part) = Self::at(der, start).filter(|part| part.end() <= self.end()) else {
                return Vec::new();
            };
            start = part.end();
            parts.push(part);
        }
        parts
    }

    /// One of its parts, then one of that, and so on.
    pub(super) fn child(self, der: &[u8], path: &[usize]) -> Option<Self> {
        path.iter().try_fold(self, |place, index| place.parts(der).get(*index).copied())
    }

    /// The first byte after it.
    pub(super) const fn end(self) -> usize {
        self.start + self.header + self.content
    }

    /// Offset and length with the header.
    pub(super) const fn span(self) -> (usize, usize) {
        (self.start, self.header + self.content)
    }

    /// Offset and length of the content.
    pub(super) const fn inner(self) -> (usize, usize) {
        (self.start + self.header, self.content)
    }
}

/// `offset+length`, with the header.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.start, self.header + self.content)
    }
}

/// The parts of a certificate, RFC 5280, Section 4.1.
#[derive(Clone, Debug)]
pub(super) struct CertificatePlaces {
    pub(super) tbs: Place,
    pub(super) algorithm: Place,
    pub(super) signature: Place,
    pub(super) validity: Place,
    pub(super) not_before: Place,
    pub(super) not_after: Place,
    pub(super) spki: Place,
    /// `[3]`, and the sequence in it.
    pub(super) extensions: (Place, Place),
    /// The OID's content, the extension, and the value's OCTET STRING.
    pub(super) each: Vec<(Vec<u8>, Place, Place)>,
}

impl CertificatePlaces {
    /// Where the parts of a certificate lie; `None` of what is none.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let whole = Place::whole(der)?;
        let [tbs, algorithm, signature] = whole.parts(der).try_into().ok()?;
        let fields: Vec<Place> = tbs.parts(der);
        // Version 3 alone has extensions, and then the version is written.
        let [_, _, _, _, validity, _, spki, rest @ ..] = fields.as_slice() else { return None };
        let tagged = rest.iter().copied().find(|place| place.tag == 0xA3)?;
        let list = tagged.child(der, &[0])?;
        let each = list.parts(der).into_iter().filter_map(|extension| {
            let parts = extension.parts(der);
            let (oid, value) = (parts.first()?, parts.last()?);
            let (start, length) = oid.inner();
            Some((der.get(start..start + length)?.to_vec(), extension, *value))
        });
        Some(Self {
            tbs,
            algorithm,
            signature,
            validity: *validity,
            not_before: validity.child(der, &[0])?,
            not_after: validity.child(der, &[1])?,
            spki: *spki,
            extensions: (tagged, list),
            each: each.collect(),
        })
    }

    /// An extension and its value's OCTET STRING.
    pub(super) fn extension(
        &self,
        oid: &lite_pki::oid::ObjectIdentifier,
    ) -> Option<(Place, Place)> {
        let found = self.each.iter().find(|(id, ..)| id == oid.as_bytes())?;
        Some((found.1, found.2))
    }
}

/// The parts of a timestamp, RFC 3161, Section 2.4.2, and RFC 5652, Section 5.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimestampPlaces {
    pub(super) info: Place,
    pub(super) imprint: Place,
    pub(super) gen_time: Place,
    pub(super) attributes: Place,
}

impl TimestampPlaces {
    /// Where the parts of a `TimeStampResp` lie; `None` of what is none.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        // TimeStampResp { status, ContentInfo { type, [0] SignedData } }
        let content = Place::whole(der)?.child(der, &[1, 1, 0])?;
        // SignedData { version, digests, EncapsulatedContentInfo { type, [0] OCTET STRING }, … }
        let info = content.child(der, &[2, 1, 0, 0])?;
        let fields = info.parts(der);
        // SignerInfo { version, id, digest, [0] signedAttrs, … }, the one of a SET that comes last
        let signer = content.parts(der).last().copied()?.child(der, &[0])?;
        let attributes = signer.parts(der).into_iter().find(|place| place.tag == 0xA0)?;
        Some(Self { info, imprint: *fields.get(2)?, gen_time: *fields.get(4)?, attributes })
    }
}
