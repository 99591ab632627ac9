//! Foreign bytes as a manifest or an index: what is read has a media type, and names what it names.
#![no_main]

use lite_oci::Manifest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for sent_as in [None, Some("application/vnd.oci.image.index.v1+json")] {
        if let Ok(manifest) = Manifest::parse(data, sent_as) {
            assert!(!manifest.media_type().is_empty());
            let _ = manifest.referenced().count();
            let _ = manifest.artifact_type();
        }
    }
});
