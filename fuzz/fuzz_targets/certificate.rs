#![no_main]
//! A certificate that is read says the same when it is read again, and gives up its CT entry.

use lite_pki::sct::{CtEntry, SctList};
use lite_pki::{Certificate, profile};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(certificate) = Certificate::from_der(data) {
        assert_eq!(certificate.der(), data);
        assert_eq!(Certificate::from_pem(&certificate.to_pem()).as_ref(), Ok(&certificate));
        let _ = certificate.public_key();
        let _ = SctList::of_certificate(&certificate);
        let _ = profile::lint(&certificate, &certificate);
        let _ = CtEntry::of_precertificate(&certificate, &certificate);
        if let Ok(CtEntry::Precert { tbs, .. }) = CtEntry::of_certificate(&certificate, &certificate) {
            assert!(tbs.len() < certificate.tbs_der().len());
        }
    }
});
