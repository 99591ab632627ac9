//! Foreign bytes as the name of a tile or an entry bundle: a thing has one name.
#![no_main]

use lite_tlog::{EntryBundlePath, TilePath};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(path) = std::str::from_utf8(data) else { return };
    if let Ok(tile) = path.parse::<TilePath>() {
        assert_eq!(tile.to_string(), path);
    }
    if let Ok(bundle) = path.parse::<EntryBundlePath>() {
        assert_eq!(bundle.to_string(), path);
    }
});
