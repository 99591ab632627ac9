//! Foreign bytes as a checkpoint: what is accepted is written again byte for byte.
#![no_main]

use lite_tlog::Checkpoint;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
});
