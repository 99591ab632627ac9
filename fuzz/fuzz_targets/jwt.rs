//! ID tokens: whatever the bytes, reading ends, and nothing without a key is believed.
#![no_main]

use lite_identity::{Algorithm, Expected, KeySet, UnverifiedToken};
use lite_time::Time;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(token) = UnverifiedToken::parse(text) else { return };
    let issuer = token.unverified_issuer().to_owned();
    let expected = Expected { issuer: &issuer, audience: "sigstore", algorithms: &Algorithm::ALL };
    assert!(token.verify(&KeySet::default(), expected, Time::from_secs(0)).is_err());
});
