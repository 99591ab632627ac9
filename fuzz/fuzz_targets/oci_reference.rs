//! A reference as people type it: what is read is written so that it reads as the same.
#![no_main]

use lite_oci::Reference;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(reference) = text.parse::<Reference>() {
        assert_eq!(reference.to_string().parse::<Reference>().as_ref(), Ok(&reference));
    }
});
