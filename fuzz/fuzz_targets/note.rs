//! Foreign bytes as a signed note: what is accepted is written again byte for byte.
#![no_main]

use lite_tlog::SignedNote;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(note) = SignedNote::parse(data) {
        assert_eq!(note.to_string().as_bytes(), data);
    }
});
