//! Fragments of several servers become the documents that stock clients read.

use lite_bundle::trust::{
    CertificateAuthority, ClientTrustConfig, Fragment, LegacyTarget, RekorVersions, Service,
    TransparencyLog, TrustError, TrustedLog, TrustedRoot,
};
use lite_keys::{KeyKind, SigningKey};
use lite_time::Time;
use sigstore_protobuf_specs::dev::sigstore::trustroot::v1 as proto;

const URL: &str = "http://localhost:7070";

fn log(kind: KeyKind, id: u8, start: i64) -> TransparencyLog {
    let key = SigningKey::generate(kind);
    TransparencyLog::new(&format!("{URL}/"), key.public(), [id; 32], Time::from_millis(start))
}

/// What a v2 log, a v1 log and a CA would contribute, newest first on purpose.
fn stack() -> Fragment {
    let start = Time::from_secs(1_700_000_000);
    let mut stack = Fragment::default();
    stack.merge(Fragment {
        tlogs: vec![TrustedLog {
            major_api_version: 2,
            log: log(KeyKind::Ed25519, 2, 1_700_000_000_999),
        }],
        services: lite_bundle::trust::Services {
            rekor: vec![Service::new(URL, 2, start, "siglite")],
            ..Default::default()
        },
        ..Default::default()
    });
    stack.merge(Fragment {
        tlogs: vec![TrustedLog { major_api_version: 1, log: log(KeyKind::EcdsaP256, 1, 0) }],
        services: lite_bundle::trust::Services {
            rekor: vec![Service::new(URL, 1, Time::from_secs(0), "siglite")],
            ..Default::default()
        },
        ..Default::default()
    });
    stack.merge(Fragment {
        ctlogs: vec![log(KeyKind::EcdsaP256, 3, 0)],
        certificate_authorities: vec![CertificateAuthority::new(
            "siglite",
            "root",
            URL,
            vec![vec![1], vec![2]],
            start,
        )],
        timestamp_authorities: vec![CertificateAuthority::new(
            "siglite",
            "tsa",
            URL,
            vec![vec![3], vec![4]],
            start,
        )],
        services: lite_bundle::trust::Services {
            ca: vec![Service::new(URL, 1, start, "siglite")],
            oidc: vec![Service::new(&format!("{URL}/oidc"), 1, start, "siglite")],
            tsa: vec![Service::new(&format!("{URL}/api/v1/timestamp"), 1, start, "siglite")],
            ..Default::default()
        },
        legacy: vec![LegacyTarget {
            name: "rekor.pub".into(),
            usage: "Rekor".into(),
            status: "Active".into(),
            uri: URL.into(),
            contents: b"-----BEGIN PUBLIC KEY-----".to_vec(),
        }],
        ..Default::default()
    });
    stack
}

#[test]
fn the_older_log_stands_first_in_the_root_and_last_in_the_config() {
    let root = stack().trusted_root();
    let ids: Vec<u8> = root.tlogs.iter().map(|log| log.log_id.key_id[0]).collect();
    assert_eq!(ids, [1, 2]);
    let config = stack().signing_config(RekorVersions::All);
    let versions: Vec<u32> = config.rekor_tlog_urls.iter().map(|s| s.major_api_version).collect();
    assert_eq!(versions, [2, 1]);
    let only = stack().signing_config(RekorVersions::Only(1));
    assert_eq!(only.rekor_tlog_urls.len(), 1);
    let none = stack().signing_config(RekorVersions::Only(3));
    assert!(none.to_json().contains("\"rekorTlogConfig\": {}"), "{}", none.to_json());
}

#[test]
fn a_root_holds_what_every_stock_client_can_read() {
    let json = stack().trusted_root().to_json();
    for absent in ["operator", "checkpointKeyId", "\"end\""] {
        assert!(!json.contains(absent), "{absent} in {json}");
    }
    // Whole seconds, in the past of the millisecond it was made in; no trailing slash.
    assert!(json.contains("\"start\": \"2023-11-14T22:13:20Z\""), "{json}");
    assert!(json.contains("\"baseUrl\": \"http://localhost:7070\""), "{json}");
    assert!(json.contains("PKIX_ED25519") && json.contains("PKIX_ECDSA_P256_SHA_256"));
    assert!(
        json.contains(
            "\"mediaType\": \"application/vnd.dev.sigstore.trustedroot+json;version=0.1\""
        )
    );
    let _: proto::TrustedRoot = serde_json::from_str(&json).unwrap();
    let empty = Fragment::default().trusted_root().to_json();
    for member in ["tlogs", "certificateAuthorities", "ctlogs"] {
        assert!(empty.contains(&format!("\"{member}\": []")), "{empty}");
    }
}

#[test]
fn the_ecdsa_variant_has_no_other_key() {
    let root = stack().trusted_root_ecdsa_only();
    assert_eq!(root.tlogs.len(), 1);
    assert_eq!(root.tlogs[0].log_id.key_id, [1; 32]);
}

#[test]
fn everything_in_one_file_reads_back_here_and_there() {
    let config = stack().client_trust_config();
    let json = config.to_json();
    assert_eq!(ClientTrustConfig::parse(json.as_bytes()), Ok(config));
    let _: proto::ClientTrustConfig = serde_json::from_str(&json).unwrap();
    let _: proto::SigningConfig =
        serde_json::from_str(&stack().signing_config(RekorVersions::All).to_json()).unwrap();
}

#[test]
fn a_fragment_reads_back_and_merging_twice_changes_nothing() {
    let stack = stack();
    let read = Fragment::parse(stack.to_json().as_bytes()).unwrap();
    assert_eq!(read, stack);
    let mut twice = stack.clone();
    twice.merge(read);
    assert_eq!(twice, stack);
}

#[test]
fn refuses_the_media_types_that_stock_clients_refuse() {
    for media_type in [
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "",
    ] {
        let json = format!(r#"{{"mediaType":"{media_type}","tlogs":[]}}"#);
        let expected = TrustError::MediaType { expected: TrustedRoot::MEDIA_TYPE };
        assert_eq!(TrustedRoot::parse(json.as_bytes()), Err(expected));
    }
}
