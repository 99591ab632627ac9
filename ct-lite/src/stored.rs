//! What a leaf is made of, and what is kept beside it.
//!
//! ```text
//! leaf    00 00 | TimestampedEntry                                      RFC 6962, Section 3.4
//! beside  [ u24 len, precertificate ] | u16 len ( fingerprint [32] )*
//! ```
//!
//! static-ct-api's `TileLeaf` is the leaf without its first two bytes, then what is beside it. So
//! a data tile is put together by joining bytes, and nothing of it can differ from the tree.

use lite_pki::sct::{TileLeaf, leaf_index_extension};
use lite_pki::{Certificate, CtEntry};
use lite_sequencer::{Leaf, Submission};
use lite_time::Time;
use sha2::{Digest, Sha256};

use crate::acceptance::Accepted;
use crate::checkpoint::millis;

/// The SCT extensions of the leaf at `index`.
pub(crate) fn extensions(leaf_index: bool, index: u64) -> Vec<u8> {
    // An index beyond 40 bits has no extension; the log would have to outlive the sun to get there.
    let extension = leaf_index.then(|| leaf_index_extension(index)).flatten();
    extension.unwrap_or_default()
}

/// The bytes of a leaf; empty if the entry is longer than RFC 6962 can write, which the limit on
/// certificates excludes.
pub(crate) fn leaf(entry: &CtEntry, time: Time, extensions: &[u8]) -> Vec<u8> {
    entry.merkle_leaf(millis(time), extensions).unwrap_or_default()
}

/// What is kept beside the leaf: durable, and not hashed. `None`: longer than its length fields.
pub(crate) fn beside(accepted: &Accepted) -> Option<Vec<u8>> {
    let whole = TileLeaf {
        timestamp: 0,
        entry: accepted.entry.clone(),
        extensions: Vec::new(),
        precertificate: accepted.precertificate.as_ref().map_or_else(Vec::new, der),
        chain: accepted.issuers.iter().map(fingerprint).collect(),
    };
    let leaf = whole.merkle_leaf()?;
    Some(whole.encode()?.split_off(leaf.len() - VERSION_AND_TYPE))
}

/// The first leaf of a new log: the first root that the log accepts, logged as a certificate
/// without a chain. It is genuine, public, and there before anything is issued.
pub(crate) fn seed(root: &Certificate, leaf_index: bool) -> Submission {
    let entry = CtEntry::X509(root.der().to_vec());
    let identity = identity(&entry).unwrap_or_default();
    let build = move |index, time| leaf(&entry, time, &extensions(leaf_index, index));
    Submission::built(identity, root.der().len(), build).with_extra(NO_CHAIN.to_vec())
}

/// What makes two submissions the same: the entry without its time.
pub(crate) fn identity(entry: &CtEntry) -> Option<[u8; 32]> {
    entry.merkle_leaf(0, &[]).map(|leaf| Sha256::digest(leaf).into())
}

/// SHA-256 of a certificate, by which `/issuer/` names it.
pub(crate) fn fingerprint(certificate: &Certificate) -> [u8; 32] {
    Sha256::digest(certificate.der()).into()
}

/// A leaf as a data tile holds it.
pub(crate) fn tile_leaf(leaf: &Leaf) -> Vec<u8> {
    [leaf.bytes.get(VERSION_AND_TYPE..).unwrap_or_default(), &leaf.extra].concat()
}

/// A leaf taken apart; `None` if it is not one of ours.
pub(crate) fn parse(leaf: &Leaf) -> Option<TileLeaf> {
    let bytes = tile_leaf(leaf);
    let mut rest = bytes.as_slice();
    let parsed = TileLeaf::decode_from(&mut rest).ok()?;
    rest.is_empty().then_some(parsed)
}

/// A fingerprint list of length 0.
const NO_CHAIN: [u8; 2] = [0, 0];
/// `MerkleTreeLeaf.version` and `.leaf_type`.
const VERSION_AND_TYPE: usize = 2;

fn der(certificate: &Certificate) -> Vec<u8> {
    certificate.der().to_vec()
}
