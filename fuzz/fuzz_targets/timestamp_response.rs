#![no_main]
//! A timestamp response never panics, and proves nothing about a message it is not of.

use lite_pki::timestamp::{TimestampResponse, TrustedAuthority};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(response) = TimestampResponse::from_der(data) {
        let chain = response.certificates().to_vec();
        let authority = TrustedAuthority { chain, valid_from: None, valid_until: None };
        let _ = response.names(&authority);
        assert!(response.verify(b"not the message", &authority).is_err());
    }
});
