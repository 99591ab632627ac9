//! What static-ct-api adds to RFC 6962: the leaf index in the SCT, and the leaf in a data tile.
//!
//! ```text
//! leaf_index   00 | 00 05 | uint40 index
//! TileLeaf     TimestampedEntry | [ u24 len, precertificate ] | u16 len ( fingerprint [32] )*
//! ```
//!
//! c2sp.org/static-ct-api, "SCT Extension" and "Log Entries".

use crate::sct::CtEntry;
use crate::tls::{self, Reader};

const LEAF_INDEX: u8 = 0;

/// One leaf of a data tile, with the chain it was submitted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileLeaf {
    /// When it was logged, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// What was logged.
    pub entry: CtEntry,
    /// The extensions of the SCT.
    pub extensions: Vec<u8>,
    /// `pre_certificate`: the precertificate itself, for a [`CtEntry::Precert`]; else empty.
    pub precertificate: Vec<u8>,
    /// SHA-256 of each certificate above the leaf, nearest first.
    pub chain: Vec<[u8; 32]>,
}

/// Why bytes are not a `TileLeaf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileLeafError {
    /// The input ends inside a field.
    #[error("the data tile ends inside a leaf")]
    Length,
    /// Neither `x509_entry` nor `precert_entry`.
    #[error("the data tile has a leaf of an unknown type")]
    EntryType,
}

/// `CtExtensions` with the `leaf_index`. `None`: an index that 40 bits cannot hold.
#[must_use]
pub fn leaf_index_extension(index: u64) -> Option<Vec<u8>> {
    let [0, 0, 0, index @ ..] = index.to_be_bytes() else {
        return None;
    };
    Some([&[LEAF_INDEX, 0, 5][..], &index].concat())
}

/// The `leaf_index` in `CtExtensions`. `None`: there is none, or the extensions are malformed.
#[must_use]
pub fn leaf_index(extensions: &[u8]) -> Option<u64> {
    let mut reader = Reader(extensions);
    let mut found = None;
    while !reader.is_empty() {
        let kind = reader.u8()?;
        let data = reader.vector16()?;
        if kind == LEAF_INDEX {
            let index = <[u8; 5]>::try_from(data).ok()?;
            let mut bytes = [0; 8];
            bytes[3..].copy_from_slice(&index);
            // "MUST NOT contain more than one extension of the same type."
            if found.replace(u64::from_be_bytes(bytes)).is_some() {
                return None;
            }
        }
    }
    found
}

impl TileLeaf {
    /// The leaf in the Merkle tree. `None`: a part is longer than RFC 6962 can write.
    #[must_use]
    pub fn merkle_leaf(&self) -> Option<Vec<u8>> {
        self.entry.merkle_leaf(self.timestamp, &self.extensions)
    }

    /// The bytes in the data tile. `None`: a part is longer than its length field can write.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut out = self.entry.timestamped_entry(self.timestamp, &self.extensions)?;
        if matches!(self.entry, CtEntry::Precert { .. }) {
            tls::put_vector24(&mut out, &self.precertificate)?;
        }
        tls::put_vector16(&mut out, &self.chain.concat())?;
        Some(out)
    }

    /// Reads one leaf from the front of `tile` and moves `tile` behind it.
    pub fn decode_from(tile: &mut &[u8]) -> Result<Self, TileLeafError> {
        let mut reader = Reader(tile);
        let mut head = || Some((reader.u64()?, reader.u16()?));
        let (timestamp, entry_type) = head().ok_or(TileLeafError::Length)?;
        let leaf = match entry_type {
            0 => Self::decode_x509(&mut reader, timestamp),
            1 => Self::decode_precert(&mut reader, timestamp),
            _ => return Err(TileLeafError::EntryType),
        };
        let leaf = leaf.ok_or(TileLeafError::Length)?;
        *tile = reader.0;
        Ok(leaf)
    }

    fn decode_x509(reader: &mut Reader<'_>, timestamp: u64) -> Option<Self> {
        Some(Self {
            timestamp,
            entry: CtEntry::X509(reader.vector24()?.to_vec()),
            extensions: reader.vector16()?.to_vec(),
            precertificate: Vec::new(),
            chain: fingerprints(reader)?,
        })
    }

    fn decode_precert(reader: &mut Reader<'_>, timestamp: u64) -> Option<Self> {
        Some(Self {
            timestamp,
            entry: CtEntry::Precert {
                issuer_key_hash: reader.array()?,
                tbs: reader.vector24()?.to_vec(),
            },
            extensions: reader.vector16()?.to_vec(),
            precertificate: reader.vector24()?.to_vec(),
            chain: fingerprints(reader)?,
        })
    }
}

fn fingerprints(reader: &mut Reader<'_>) -> Option<Vec<[u8; 32]>> {
    let (chunks, rest) = reader.vector16()?.as_chunks::<32>();
    rest.is_empty().then(|| chunks.to_vec())
}
