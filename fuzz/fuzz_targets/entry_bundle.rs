//! Foreign bytes as an entry bundle: what is accepted is written again byte for byte, and every
//! prefix and leaf of it is found.
#![no_main]

use lite_tlog::entry_bundle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(leaves) = entry_bundle::decode(data) else { return };
    assert_eq!(entry_bundle::encode(&leaves).as_deref(), Ok(data));
    for (position, expected) in (0..=255).zip(&leaves) {
        assert_eq!(entry_bundle::leaf(data, position).as_ref(), Ok(expected));
    }
});
