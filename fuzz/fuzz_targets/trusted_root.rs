//! A trusted root that reads writes itself back as the same root.
#![no_main]

use lite_bundle::trust::TrustedRoot;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(root) = TrustedRoot::parse(data) {
        assert_eq!(TrustedRoot::parse(root.to_json().as_bytes()), Ok(root));
    }
});
