//! Key sets and discovery documents: whatever the bytes, reading ends within its limits.
#![no_main]

use lite_identity::{Discovery, KeySet, MAX_KEYS};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(keys) = KeySet::parse(data) {
        assert!(keys.keys().len() <= MAX_KEYS);
    }
    if let Ok(discovery) = Discovery::parse(data, "https://id.example") {
        assert_eq!(discovery.issuer(), "https://id.example");
    }
});
