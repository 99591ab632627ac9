//! A signing config that reads writes itself back, and selecting from it does not panic.
#![no_main]

use lite_bundle::trust::{ServiceKind, SigningConfig};
use lite_time::Time;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(config) = SigningConfig::parse(data) else { return };
    for kind in [ServiceKind::Ca, ServiceKind::Oidc, ServiceKind::Rekor, ServiceKind::Tsa] {
        let _ = config.select(kind, Time::from_secs(1_800_000_000));
    }
    assert_eq!(SigningConfig::parse(config.to_json().as_bytes()), Ok(config));
});
