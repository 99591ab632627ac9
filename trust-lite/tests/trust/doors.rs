//! Requests into the router, without a socket.

use lite_keys::KeyKind;
use serde_json::Value;

use crate::common::{Site, ask, fragment, get};

#[tokio::test]
async fn serves_each_file_of_the_repository_as_it_is_on_disk() {
    let site = Site::new();
    let server = site.open(&fragment(&[KeyKind::Ed25519]));
    let mut seen = 0;
    for (path, contents) in site.files() {
        let Some(path) = path.strip_prefix("trust/repository/") else { continue };
        let answer = get(&server, &format!("/tuf/{path}")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body, contents, "{path}");
        assert_eq!(answer.headers["content-length"], contents.len().to_string(), "{path}");
        seen += 1;
    }
    assert_eq!(seen, 4 + 6, "metadata and targets");
}

#[tokio::test]
async fn the_next_root_is_not_found() {
    let site = Site::new();
    let server = site.open(&fragment(&[]));
    assert_eq!(get(&server, "/tuf/1.root.json").await.status, 200);
    let next = get(&server, "/tuf/2.root.json").await;
    assert_eq!(
        (next.status.as_u16(), next.headers["cache-control"].as_bytes()),
        (404, &b"no-store"[..])
    );
}

#[tokio::test]
async fn nothing_but_published_files_can_be_reached() {
    let site = Site::new();
    let server = site.open(&fragment(&[]));
    // The double of a file that somebody put there: it is not ours, so it is not served.
    std::fs::copy(site.path("trust/keys/root.pem"), site.path("trust/repository/root.pem"))
        .unwrap();
    for path in [
        "/tuf",
        "/tuf/",
        "/tuf/targets",
        "/tuf/targets/",
        "/tuf/root.pem",
        "/tuf/../keys/root.pem",
        "/tuf/%2e%2e/keys/root.pem",
        "/tuf/..%2fkeys%2froot.pem",
        "/tuf/targets/../../keys/root.pem",
        "/tuf/./timestamp.json",
        "/tuf/TIMESTAMP.JSON",
        "/tuf/timestamp.json/",
        "/tuf/trusted_root.json",
        "/tuf/0.root.json",
        "/tuf/01.root.json",
        "/tuf/%00",
        "/tuf/%ff",
    ] {
        let answer = get(&server, path).await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{path} is {}", answer.status);
    }
}

#[tokio::test]
async fn a_client_that_has_a_file_is_not_sent_it_again() {
    let site = Site::new();
    let server = site.open(&fragment(&[]));
    let first = get(&server, "/tuf/timestamp.json").await;
    let etag = first.headers["etag"].to_str().unwrap();
    assert_eq!(first.headers["cache-control"], "no-cache");
    for tags in [etag, "*", &format!("\"other\", W/{etag}")] {
        let again = ask(&server, "GET", "/tuf/timestamp.json", &[("if-none-match", tags)]).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{tags}");
        assert_eq!(again.headers["etag"], etag);
    }
    let other = ask(&server, "GET", "/tuf/timestamp.json", &[("if-none-match", "\"other\"")]).await;
    assert_eq!(other.status, 200);
    let head = ask(&server, "HEAD", "/tuf/timestamp.json", &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.headers["content-length"], first.body.len().to_string());
    assert_eq!(ask(&server, "POST", "/tuf/timestamp.json", &[]).await.status, 405);
}

#[tokio::test]
async fn people_get_the_documents_under_plain_names() {
    let site = Site::new();
    let server = site.open(&fragment(&[KeyKind::Ed25519, KeyKind::EcdsaP256]));
    let mut documents = Vec::new();
    for name in ["root.json", "trusted_root.json", "signing_config.json", "trust_config.json"] {
        let answer = get(&server, &format!("/{name}")).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.headers["content-type"], "application/json", "{name}");
        assert_eq!(std::fs::read(site.path(&format!("client/{name}"))).unwrap(), answer.body);
        documents.push(serde_json::from_slice::<Value>(&answer.body).unwrap());
    }
    assert_eq!(documents[0]["signed"]["_type"], "root");
    assert_eq!(documents[1]["tlogs"].as_array().unwrap().len(), 2);
    assert_eq!(documents[2]["rekorTlogUrls"][0]["majorApiVersion"], 2);
    assert_eq!(documents[3]["trustedRoot"], documents[1]);
    assert_eq!(documents[3]["signingConfig"], documents[2]);
}

#[tokio::test]
async fn the_targets_are_those_that_clients_ask_for() {
    let site = Site::new();
    let server = site.open(&fragment(&[KeyKind::Ed25519, KeyKind::EcdsaP256]));
    let targets: Value =
        serde_json::from_slice(&get(&server, "/tuf/1.targets.json").await.body).unwrap();
    let targets = targets["signed"]["targets"].as_object().unwrap();
    let names: Vec<&str> = targets.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "rekor.pub",
            "signing_config.v0.2.json",
            "signing_config_rekor_v1.v0.2.json",
            "signing_config_rekor_v2.v0.2.json",
            "trusted_root.json",
            "trusted_root_ecdsa.json"
        ]
    );
    let custom = serde_json::json!({
        "sigstore": {"usage": "Rekor", "status": "Active", "uri": "http://localhost:7070"}
    });
    assert_eq!(targets["rekor.pub"]["custom"], custom);

    let hash = targets["trusted_root_ecdsa.json"]["hashes"]["sha256"].as_str().unwrap();
    let ecdsa = get(&server, &format!("/tuf/targets/{hash}.trusted_root_ecdsa.json")).await;
    let ecdsa: Value = serde_json::from_slice(&ecdsa.body).unwrap();
    assert_eq!(ecdsa["tlogs"].as_array().unwrap().len(), 1);
    assert_eq!(ecdsa["tlogs"][0]["publicKey"]["keyDetails"], "PKIX_ECDSA_P256_SHA_256");
}
