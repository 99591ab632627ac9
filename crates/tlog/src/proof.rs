//! The verification of inclusion and consistency proofs.
//!
//! The algorithms of RFC 9162, Sections 2.1.3.2 and 2.1.4.2, with the length of the proof settled
//! before anything is hashed: a proof has exactly as many hashes as its tree asks for.

use crate::hash::{Hash, empty_root, node_hash};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// There is no such leaf in a tree of this size.
    #[error("leaf index is not below the tree size")]
    IndexOutOfRange,
    /// The proof leads from another old root hash.
    #[error("proof leads from another old root hash")]
    OldRootMismatch,
    /// The proof leads to another root hash.
    #[error("proof leads to another root hash")]
    RootMismatch,
    /// The older tree is larger than the newer one.
    #[error("old tree size is larger than the new one")]
    SizesDecrease,
    /// The proof has too many or too few hashes.
    #[error("proof has {found} hashes instead of {expected}")]
    WrongLength {
        /// The number the tree asks for.
        expected: usize,
        /// The number there is.
        found: usize,
    },
}

/// Verifies that the leaf with this hash is at `index` in the tree of `size` leaves under `root`.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutOfRange);
    }
    let (inner, border) = path_length(index, size - 1);
    check_length(proof, inner + border)?;
    let (below, above) = proof.split_at(inner);
    let mut hash = *leaf;
    for (level, sibling) in below.iter().enumerate() {
        hash = match index >> level & 1 {
            0 => node_hash(&hash, sibling),
            _ => node_hash(sibling, &hash),
        };
    }
    for sibling in above {
        hash = node_hash(sibling, &hash);
    }
    if hash != *root {
        return Err(ProofError::RootMismatch);
    }
    Ok(())
}

/// Verifies that the tree of `new_size` leaves under `new_root` begins with the one of `old_size`
/// leaves under `old_root`.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::SizesDecrease);
    }
    if old_size == new_size {
        check_length(proof, 0)?;
        return if old_root == new_root { Ok(()) } else { Err(ProofError::RootMismatch) };
    }
    // Every tree begins with the empty one.
    if old_size == 0 {
        check_length(proof, 0)?;
        return if *old_root == empty_root() { Ok(()) } else { Err(ProofError::OldRootMismatch) };
    }
    // The walk begins at the largest subtree that ends the old tree.
    let shift = old_size.trailing_zeros();
    let last = (old_size - 1) >> shift;
    let (inner, border) = path_length(last, (new_size - 1) >> shift);
    // RFC 9162, Section 2.1.4.2, step 1: if the old tree is one perfect subtree, the verifier has
    // its root already, and the proof leaves it out.
    let given = usize::from(!old_size.is_power_of_two());
    check_length(proof, given + inner + border)?;
    let (start, path) = match proof.split_first() {
        Some((start, path)) if given == 1 => (*start, path),
        _ => (*old_root, proof),
    };
    let (mut old, mut new) = (start, start);
    for (level, sibling) in path[..inner].iter().enumerate() {
        if last >> level & 1 == 1 {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
        } else {
            new = node_hash(&new, sibling);
        }
    }
    for sibling in &path[inner..] {
        old = node_hash(sibling, &old);
        new = node_hash(sibling, &new);
    }
    if old != *old_root {
        return Err(ProofError::OldRootMismatch);
    }
    if new != *new_root {
        return Err(ProofError::RootMismatch);
    }
    Ok(())
}

/// The number of siblings on the path from `index` to the root, when `last` is the last index of
/// its level: those below the point where the two paths meet, one a level; and those above it,
/// only where the path is a right child.
fn path_length(index: u64, last: u64) -> (usize, usize) {
    let inner = u64::BITS - (index ^ last).leading_zeros();
    let border = index.checked_shr(inner).unwrap_or(0).count_ones();
    (inner as usize, border as usize)
}

fn check_length(proof: &[Hash], expected: usize) -> Result<(), ProofError> {
    if proof.len() != expected {
        return Err(ProofError::WrongLength { expected, found: proof.len() });
    }
    Ok(())
}
