//! Checkpoint, tiles and entry bundles, under both prefixes.

use lite_keys::{HashAlgorithm, KeyKind};
use lite_time::Time;
use lite_tlog::{entry_bundle, leaf_hash};
use serde_json::json;

use crate::support::{CREATED, Client, Stack, valid_request};

async fn grown() -> Stack {
    let stack = Stack::new();
    for n in 1..5_u8 {
        stack.post(valid_request(&[n]).to_string()).await.index();
    }
    stack
}

#[tokio::test]
async fn the_checkpoint_is_text_that_is_not_kept() {
    let stack = grown().await;
    for path in ["/checkpoint", "/api/v2/checkpoint"] {
        let answer = stack.get(path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(answer.headers["cache-control"], "no-cache");
        assert_eq!(answer.text(), &*stack.server.log().checkpoint().checkpoint);
        assert!(answer.text().starts_with("rekor.example\n5\n"));
    }
}

#[tokio::test]
async fn tiles_and_bundles_are_bytes_that_never_change() {
    let stack = grown().await;
    for prefix in ["", "/api/v2"] {
        let tile = stack.get(&format!("{prefix}/tile/0/000.p/5")).await;
        let bundle = stack.get(&format!("{prefix}/tile/entries/000.p/5")).await;
        for answer in [&tile, &bundle] {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.headers["content-type"], "application/octet-stream");
            assert_eq!(answer.headers["cache-control"], "max-age=604800, immutable");
        }
        let leaves = entry_bundle::decode_exact(&bundle.body, 5).unwrap();
        let hashes: Vec<_> = leaves.into_iter().flat_map(leaf_hash).collect();
        assert_eq!(tile.body, hashes);
    }
}

#[tokio::test]
async fn a_narrower_tile_is_a_prefix() {
    let stack = grown().await;
    let wide = stack.get("/tile/0/000.p/5").await.body;
    let bundle = stack.get("/tile/entries/000.p/5").await.body;
    for width in 1..5_u16 {
        let tile = stack.get(&format!("/tile/0/000.p/{width}")).await;
        assert_eq!(tile.body, wide[..usize::from(width) * 32]);
        let narrow = stack.get(&format!("/tile/entries/000.p/{width}")).await;
        assert_eq!(narrow.body, entry_bundle::prefix(&bundle, width).unwrap());
    }
}

#[tokio::test]
async fn what_is_not_in_the_tree_or_has_another_name_is_not_found() {
    let stack = grown().await;
    for path in [
        // Not there yet.
        "/tile/0/000",
        "/tile/0/000.p/6",
        "/tile/0/001",
        "/tile/0/001.p/1",
        "/tile/1/000.p/1",
        "/tile/entries/000",
        "/tile/entries/000.p/6",
        "/tile/63/000.p/1",
        // Second names.
        "/tile/0/0",
        "/tile/0/000.p/0",
        "/tile/0/000.p/05",
        "/tile/0/000.p/256",
        "/tile/0/x000/000.p/5",
        "/tile/00/000.p/5",
        "/tile/0/000.p/5/",
        "/tile/0/%30%30%30.p/5",
        "/tile/%30/000.p/5",
        "/tile/entries/0000.p/5",
        "/tile/entries/x000/000.p/5",
        "/tile/data/000.p/5",
        "/tile/8/0/000.p/5",
        "/tile/0/000.p",
        "/tile/../checkpoint",
        "/tile/entries",
        "/tile/0",
    ] {
        for prefix in ["", "/api/v2"] {
            let answer = stack.get(&format!("{prefix}{path}")).await;
            answer.assert_status(404, 5, "Not Found");
        }
    }
}

#[tokio::test]
async fn full_tiles_are_served_whole_and_as_prefixes() {
    let stack = Stack::new();
    let client = crate::support::Client::new(lite_keys::KeyKind::Ed25519);
    for n in 1..260_u16 {
        let request = client.request(&n.to_be_bytes()).to_string();
        assert_eq!(stack.post(request).await.index(), u64::from(n));
    }
    let full = stack.get("/tile/0/000").await;
    assert_eq!(full.body.len(), 256 * 32);
    assert_eq!(stack.get("/tile/0/000.p/200").await.body, full.body[..200 * 32]);
    assert_eq!(stack.get("/tile/0/001.p/4").await.body.len(), 4 * 32);
    assert_eq!(stack.get("/tile/1/000.p/1").await.body.len(), 32);
    let bundle = stack.get("/tile/entries/000").await.body;
    assert_eq!(entry_bundle::decode(&bundle).unwrap().len(), 256);
}

#[tokio::test]
async fn entries_of_api_v2_are_found_too() {
    let stack = Stack::new();
    let client = Client::new(KeyKind::EcdsaP256);
    for artifact in [b"one", b"two"] {
        stack.clock.advance(std::time::Duration::from_secs(60));
        assert_eq!(stack.post(client.request(artifact).to_string()).await.status, 201);
    }
    let hash = hex::encode(HashAlgorithm::Sha256.digest(b"one"));
    let pem = client.key.public().to_pem();
    let key = hex::encode(HashAlgorithm::Sha256.digest(pem.as_bytes()));
    let start = Time::from_millis(CREATED).to_rfc3339();
    let later = Time::from_millis(CREATED + 100_000).to_rfc3339();
    for (query, expected) in [
        (format!("hash={hash}"), json!(["1"])),
        (format!("hash=sha256:{hash}&key={key}"), json!(["2", "1"])),
        (format!("hash=sha256:{hash}&key={key}&operator=and"), json!(["1"])),
        (format!("key={key}&since={later}"), json!(["2"])),
        (format!("since={start}&limit=2"), json!(["2", "1"])),
        ("identity=jane@example.com".to_owned(), json!([])),
    ] {
        let answer = stack.get(&format!("/api/v2/index?{query}")).await;
        assert_eq!(answer.json(), json!({ "logIndexes": expected, "reached": "3" }), "{query}");
    }
    for query in ["hash=x", "key=ab", "since=now", "operator=xor", "what=ever"] {
        let answer = stack.get(&format!("/api/v2/index?{query}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!(3)), "{query}");
    }
}
