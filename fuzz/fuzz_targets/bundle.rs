//! A bundle that reads writes itself back as the same bundle, and its leaves do not panic.
#![no_main]

use lite_bundle::Bundle;
use lite_bundle::body::Body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(bundle) = Bundle::parse(data) else { return };
    assert_eq!(Bundle::parse(bundle.to_json().as_bytes()), Ok(bundle.clone()));
    for entry in &bundle.entries {
        let _ = Body::parse(&entry.kind, &entry.version, &entry.canonicalized_body);
    }
});
