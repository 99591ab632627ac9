//! What clients need to know to trust and to use the logs.

use std::time::Duration;

use lite_bundle::trust::{Fragment, LegacyTarget, Service, Services, TransparencyLog, TrustedLog};
use lite_keys::KeyKind;
use lite_time::Time;
use url::Url;

use crate::tree::OpenTree;

/// The server's share of the trust material.
pub(crate) fn of(url: &Url, operator: &str, v2: &OpenTree, v1: Option<&OpenTree>) -> Fragment {
    let url = url.as_str().trim_end_matches('/');
    let start = start_of(v2.created);
    let mut fragment = share(url, operator, 2, v2, start);
    if let Some(v1) = v1 {
        // Earlier than v2's, whichever tree was made first: sigstore-js takes the service that
        // began last, and not the one of the highest version.
        let earlier = start.min(start_of(v1.created)).minus(Duration::from_secs(1));
        fragment.merge(share(url, operator, 1, v1, earlier));
    }
    fragment
}

fn share(url: &str, operator: &str, version: u32, tree: &OpenTree, start: Time) -> Fragment {
    let (key, log_id) = (tree.verifier.key(), tree.verifier.log_id().0);
    // cosign 2 and policy-controller refuse every key with this usage that is not ECDSA.
    let legacy = (key.kind() != KeyKind::Ed25519).then(|| LegacyTarget {
        name: "rekor.pub".to_owned(),
        usage: "Rekor".to_owned(),
        status: "Active".to_owned(),
        uri: url.to_owned(),
        contents: key.to_pem().into_bytes(),
    });
    Fragment {
        tlogs: vec![TrustedLog {
            major_api_version: version,
            log: TransparencyLog::new(url, key, log_id, start),
        }],
        services: Services {
            rekor: vec![Service::new(url, version, start, operator)],
            ..Services::default()
        },
        legacy: legacy.into_iter().collect(),
        ..Fragment::default()
    }
}

/// A whole second, and before the first entry: clients compare in seconds, some with `<`.
fn start_of(created: Time) -> Time {
    created.floor_to_second().minus(Duration::from_secs(1))
}
