//! The margin of a bundle: what is read is written again byte for byte.
#![no_main]

use std::sync::Arc;

use lite_sequencer::{Leaf, margin};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(notes) = margin::decode(data) {
        let leaf = |note: margin::MarginNote| {
            let margin::MarginNote { time, identity, extra } = note;
            Arc::new(Leaf { bytes: Arc::from([]), time, identity, extra })
        };
        let leaves: Vec<_> = notes.into_iter().map(leaf).collect();
        assert_eq!(margin::decode(&margin::encode(&leaves)).map(|notes| notes.len()), Ok(leaves.len()));
    }
});
