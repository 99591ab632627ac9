#![no_main]
//! A signing request never panics, in DER or in PEM.

use lite_pki::csr::CertificateRequest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = CertificateRequest::from_der(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = CertificateRequest::from_pem(text);
    }
});
