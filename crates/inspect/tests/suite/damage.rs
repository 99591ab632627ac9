//! Damage never panics, and never makes a tree much larger than what it shows.

use lite_inspect::{Tree, inspect};
use proptest::prelude::*;

use crate::pieces::{at, certificate, checkpoint, timestamp};
use crate::support::{bundle, now, vector};

/// Documents of every form.
fn seeds() -> Vec<Vec<u8>> {
    vec![
        certificate(),
        timestamp(),
        checkpoint(),
        at("rekor2-dsse-happy-path", "/dsseEnvelope/payload"),
        bundle("rekor2-dsse-happy-path"),
        bundle("happy-path-v0.1"),
        vector("keys/tests/vectors/pkcs1-rsa2048.pub"),
        vector("keys/tests/vectors/sec1-p256.key"),
    ]
}

fn look(bytes: &[u8]) {
    let Ok(tree) = inspect(bytes, now()) else { return };
    assert!(tree.count() <= 4 * bytes.len() + 64, "{} nodes", tree.count());
    touch(&tree);
}

fn touch(tree: &Tree) {
    if let Some(value) = &tree.value {
        let (shown, full) = (value.shown(false), value.shown(true));
        assert!(!shown.contains('\n') && !full.contains('\n'));
    }
    tree.children.iter().for_each(touch);
}

#[test]
fn every_cut_is_looked_at() {
    for seed in seeds() {
        let step = (seed.len() / 512).max(1);
        for end in (0..seed.len()).step_by(step) {
            look(&seed[..end]);
        }
    }
}

#[test]
fn every_flipped_bit_of_der_is_looked_at() {
    for seed in [certificate(), timestamp()] {
        for at in 0..seed.len() {
            for bit in [0x01, 0x20, 0x80] {
                let mut changed = seed.clone();
                changed[at] ^= bit;
                look(&changed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_mutation_is_looked_at(
        which in 0..8_usize,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = seeds()[which].clone();
        for (at, with) in flips {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        look(&bytes);
    }

    #[test]
    fn any_bytes_are_looked_at(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        look(&bytes);
        let mut der = vec![0x30, 0x82, 0, 0];
        der[2..4].copy_from_slice(&u16::try_from(bytes.len()).unwrap().to_be_bytes());
        der.extend(&bytes);
        look(&der);
    }
}
