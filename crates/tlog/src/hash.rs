//! The three hashes of a Merkle tree.

use sha2::{Digest, Sha256};

/// The size of a [`Hash`](type@Hash) in bytes.
pub const HASH_BYTES: usize = 32;

/// A leaf hash, a node hash or a root hash.
pub type Hash = [u8; HASH_BYTES];

/// RFC 6962, Section 2.1: `MTH({d(0)}) = SHA-256(0x00 || d(0))`.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x00]);
    hasher.update(leaf);
    hasher.finalize().into()
}

/// RFC 6962, Section 2.1: `MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut block = [0x01; 1 + 2 * HASH_BYTES];
    block[1..=HASH_BYTES].copy_from_slice(left);
    block[1 + HASH_BYTES..].copy_from_slice(right);
    Sha256::digest(block).into()
}

/// RFC 6962, Section 2.1: `MTH({}) = SHA-256()`.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_public_test_tree() {
        // certificate-transparency-go, merkletree: the empty root and the root of one empty leaf.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(hex::encode(empty_root()), empty);
        assert_eq!(hex::encode(leaf_hash(b"")), leaf);
    }
}
