//! Requests to the identity provider: whatever the bytes, an accepted redirect stays on this machine.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    oidc_lite::fuzzing::read_everything(data);
});
