//! (4) The log holds the entry.

use lite_bundle::{InclusionProof, TransparencyLogEntry};
use lite_time::Time;
use lite_tlog::leaf_hash;
use lite_verifier::Step;

use super::block::Block;
use super::checkpoint;
use super::facts::Facts;
use super::shell::{Script, base64};
use super::times::window_block;

pub(super) fn blocks(facts: &Facts<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (index, entry) in facts.given.bundle.entries.iter().enumerate() {
        if let Some(proof) = &entry.inclusion_proof {
            blocks.push(path_block(index, entry, proof));
        } else {
            blocks
                .push(Block::new(Step::Inclusion, format!("entry {index} has no inclusion proof")));
        }
        blocks.extend(checkpoint::blocks(facts, index, entry));
        blocks.extend(window(facts, index, entry));
    }
    blocks
}

/// From the leaf hash to the root hash: each line takes the value that the one before made.
fn path_block(index: usize, entry: &TransparencyLogEntry, proof: &InclusionProof) -> Block {
    let leaf = &entry.canonicalized_body;
    let mut block =
        Block::new(Step::Inclusion, format!("entry {index}: the path to the root hash"))
            .value("leaf", format!("{} bytes", leaf.len()))
            .value("leaf hash", hex::encode(leaf_hash(leaf)))
            .value("leaf index", proof.log_index)
            .value("tree size", proof.tree_size);
    let mut script = Script::new();
    script.note("RFC 6962, Section 2.1: a leaf is hashed behind 00, two nodes behind 01");
    let body = script.bytes(leaf);
    let sha256 = "openssl dgst -sha256 -binary | base64";
    script.line(format!("h=$( {{ printf '\\000'; {body}; }} | {sha256} )"));
    for (hash, side) in proof.hashes.iter().zip(sides(proof.log_index, proof.tree_size)) {
        block = block.value(side.label(), hex::encode(hash));
        let (own, sibling) = ("printf %s \"$h\" | base64 -d".to_owned(), script.bytes(hash));
        let (left, right) = match side {
            Side::Right => (own, sibling),
            Side::Left => (sibling, own),
        };
        script.line(format!("h=$( {{ printf '\\001'; {left}; {right}; }} | {sha256} )"));
    }
    script.line("printf '%s\\n' \"$h\"");
    block.value("root hash", hex::encode(&proof.root_hash)).run(script, base64(&proof.root_hash))
}

/// On which side of the path a hash of the proof stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Side {
    const fn label(self) -> &'static str {
        match self {
            Self::Left => "sibling, left",
            Self::Right => "sibling, right",
        }
    }
}

/// The sides of the hashes of a proof, lowest first, RFC 9162, Section 2.1.3.2. There are as many
/// as the tree asks for, or 64 where the index is outside of it.
fn sides(index: u64, size: u64) -> Vec<Side> {
    let (mut node, mut last) = (index, size.saturating_sub(1));
    let mut sides = Vec::new();
    while last > 0 && sides.len() < 64 {
        if node & 1 == 1 {
            sides.push(Side::Left);
        } else if node < last {
            sides.push(Side::Right);
        }
        // On the right edge a level without a sibling has no hash.
        node >>= 1;
        last >>= 1;
    }
    sides
}

/// The log was trusted when the signature was made.
fn window(facts: &Facts<'_>, index: usize, entry: &TransparencyLogEntry) -> Option<Block> {
    let (log, _) = facts.log(entry)?;
    let promised = entry.integrated_time.filter(|_| entry.inclusion_promise.is_some());
    let at = promised.map(Time::from_secs).or_else(|| facts.times.first().copied())?;
    let window = log.window().cloned().unwrap_or_default();
    let title = format!("entry {index}: the log was trusted");
    Some(window_block(Block::new(Step::Inclusion, title).value("log", &log.base_url), at, &window))
}

#[cfg(test)]
mod tests {
    use lite_tlog::{Hash, node_hash};

    use super::*;

    /// The root hash of a tree, straight from RFC 6962, Section 2.1, and the path to one leaf.
    fn tree(leaves: &[Hash], index: usize) -> (Hash, Vec<(Hash, Side)>) {
        if let [leaf] = leaves {
            return (*leaf, Vec::new());
        }
        let half = leaves.len().next_power_of_two() / 2;
        let (low, high) = leaves.split_at(half);
        let inside = |i: usize| i.min(half - 1);
        let (left, mut path) = tree(low, inside(index));
        let (right, other) = tree(high, index.saturating_sub(half));
        if index < half {
            path.push((right, Side::Right));
        } else {
            path = other;
            path.push((left, Side::Left));
        }
        (node_hash(&left, &right), path)
    }

    #[test]
    fn every_hash_of_a_proof_stands_on_its_side() {
        for size in 1_u8..=33 {
            let leaves: Vec<Hash> = (0..size).map(|leaf| leaf_hash(&[leaf])).collect();
            for index in 0..size {
                let (_, path) = tree(&leaves, usize::from(index));
                let expected: Vec<Side> = path.iter().map(|(_, side)| *side).collect();
                assert_eq!(sides(index.into(), size.into()), expected, "{index} of {size}");
            }
        }
    }
}
