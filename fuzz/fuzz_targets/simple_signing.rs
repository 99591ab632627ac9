//! Foreign bytes as the payload of an old signature: what is read is about one digest.
#![no_main]

use lite_oci::SimpleSigning;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(payload) = SimpleSigning::parse(data) {
        assert!(SimpleSigning::parse(&payload.to_payload()).is_ok());
    }
});
