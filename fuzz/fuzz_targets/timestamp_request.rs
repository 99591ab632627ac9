#![no_main]
//! A timestamp request that is read is read alike from what we write.

use lite_pki::timestamp::TimestampRequest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(request) = TimestampRequest::from_der(data) {
        assert_eq!(TimestampRequest::from_der(&request.to_der()), Ok(request));
    }
});
