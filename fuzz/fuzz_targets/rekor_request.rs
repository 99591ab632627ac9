//! Foreign bytes as the body of `POST /api/v2/log/entries`: a leaf that comes out is canonical.
#![no_main]

use lite_bundle::body::HashedRekord002;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(leaf) = rekor_lite::fuzz_request(data) {
        assert!(HashedRekord002::parse(&leaf).is_ok());
    }
});
