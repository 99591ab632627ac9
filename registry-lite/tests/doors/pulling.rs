//! Pulling and deleting: end-1 to end-3, end-9 and end-10 of the specification's table.

use std::time::Duration;

use lite_oci::Digest;
use lite_oci::media_type::IMAGE_MANIFEST;

use crate::support::{Registry, image};

#[tokio::test]
async fn the_base_says_what_this_is() {
    let registry = Registry::new();
    for path in ["/v2/", "/v2"] {
        let answer = registry.get(path).await;
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"{}"[..]));
        assert_eq!(answer.header("docker-distribution-api-version"), "registry/2.0");
    }
}

#[tokio::test]
async fn a_manifest_is_the_bytes_that_were_pushed() {
    let registry = Registry::new();
    let (digest, _) = registry.push_image("a", Some("latest"), "layer", |_| {}).await;
    let bytes = image("layer").to_json();
    for reference in ["latest", digest.as_str()] {
        let path = format!("/v2/a/manifests/{reference}");
        let (got, head) = (registry.get(&path).await, registry.send("HEAD", &path, &[], "").await);
        assert_eq!(got.body, bytes);
        assert_eq!(head.body, b"");
        for answer in [got, head] {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), IMAGE_MANIFEST);
            assert_eq!(answer.header("content-length"), bytes.len().to_string());
            assert_eq!(answer.header("docker-content-digest"), digest.as_str());
        }
        let known = format!("\"{digest}\"");
        let answer = registry.send("GET", &path, &[("if-none-match", &known)], "").await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0));
    }
}

#[tokio::test]
async fn a_blob_is_had_whole_in_part_or_described() {
    let registry = Registry::new();
    let digest = registry.push_blob("a", b"0123456789").await;
    let path = format!("/v2/a/blobs/{digest}");
    let ask = async |method: &str, range: Option<&str>| {
        let headers: Vec<_> = range.map(|range| ("range", range)).into_iter().collect();
        registry.send(method, &path, &headers, "").await
    };
    let head = ask("HEAD", None).await;
    assert_eq!(
        (head.status.as_u16(), head.header("content-length"), head.body.len()),
        (200, "10", 0)
    );
    assert_eq!(head.header("docker-content-digest"), digest.as_str());
    assert_eq!(head.header("accept-ranges"), "bytes");
    assert_eq!(ask("GET", None).await.body, b"0123456789");
    for (range, status, content_range, body) in [
        ("bytes=2-4", 206, "bytes 2-4/10", &b"234"[..]),
        ("bytes=8-", 206, "bytes 8-9/10", b"89"),
        ("bytes=-1", 206, "bytes 9-9/10", b"9"),
        ("bytes=0-99", 206, "bytes 0-9/10", b"0123456789"),
    ] {
        let answer = ask("GET", Some(range)).await;
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (status, body), "{range}");
        assert_eq!(answer.header("content-range"), content_range);
        assert_eq!(answer.header("content-length"), body.len().to_string());
    }
    let outside = ask("GET", Some("bytes=10-")).await;
    Registry::refused(&outside, 416, "RANGE_INVALID");
    assert_eq!(outside.header("content-range"), "bytes */10");
    assert_eq!(ask("GET", Some("bytes=0-1,4-5")).await.status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_unknown_in_its_own_word() {
    let registry = Registry::new();
    registry.push_image("a", Some("latest"), "layer", |_| {}).await;
    let nothing = Digest::sha256(b"nothing");
    for name in ["a", "nowhere"] {
        for method in ["GET", "DELETE"] {
            for (path, code) in [
                (format!("manifests/{nothing}"), "MANIFEST_UNKNOWN"),
                ("manifests/nothing".to_owned(), "MANIFEST_UNKNOWN"),
                ("manifests/.NO_TAG".to_owned(), "MANIFEST_UNKNOWN"),
                (format!("blobs/{nothing}"), "BLOB_UNKNOWN"),
                ("blobs/uploads/0123".to_owned(), "BLOB_UPLOAD_UNKNOWN"),
            ] {
                let answer = registry.send(method, &format!("/v2/{name}/{path}"), &[], "").await;
                Registry::refused(&answer, 404, code);
            }
        }
    }
    Registry::refused(&registry.get("/v2/nowhere/tags/list").await, 404, "NAME_UNKNOWN");
    let head = registry.send("HEAD", "/v2/a/manifests/nothing", &[], "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (404, 0));
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_what_is_named_cannot_be() {
    let registry = Registry::new();
    let (digest, _) = registry.push_image("a", Some("one"), "layer", |_| {}).await;
    registry.push_image("a", Some("two"), "layer", |_| {}).await;
    let delete =
        async |path: &str| registry.send("DELETE", &format!("/v2/a/{path}"), &[], "").await;
    assert_eq!(delete("manifests/one").await.status, 202);
    assert_eq!(registry.get("/v2/a/manifests/one").await.status, 404);
    assert_eq!(registry.get("/v2/a/manifests/two").await.status, 200);
    let layer = format!("blobs/{}", Digest::sha256(b"layer"));
    Registry::refused(&delete(&layer).await, 405, "UNSUPPORTED");
    assert_eq!(delete(&format!("manifests/{digest}")).await.status, 202);
    assert_eq!(registry.get("/v2/a/manifests/two").await.status, 404);
    assert_eq!(delete(&layer).await.status, 202);
    assert_eq!(registry.get(&format!("/v2/a/{layer}")).await.status, 404);
}

#[tokio::test]
async fn a_lifetime_tag_is_unknown_when_its_time_is_up() {
    let registry = Registry::new();
    registry.push_image("a", Some("30m"), "layer", |_| {}).await;
    registry.pass(Duration::from_secs(30 * 60 - 1));
    assert_eq!(registry.get("/v2/a/manifests/30m").await.status, 200);
    registry.pass(Duration::from_secs(1));
    Registry::refused(&registry.get("/v2/a/manifests/30m").await, 404, "MANIFEST_UNKNOWN");
    let answer = registry.send("DELETE", "/v2/a/manifests/30m", &[], "").await;
    Registry::refused(&answer, 404, "MANIFEST_UNKNOWN");
    assert_eq!(registry.server.collect_garbage().unwrap().manifests, 1);

    let keeps = Registry::with(|config| config.duration_tags = false, None);
    keeps.push_image("a", Some("30m"), "layer", |_| {}).await;
    keeps.pass(Duration::from_secs(24 * 60 * 60));
    assert_eq!(keeps.get("/v2/a/manifests/30m").await.status, 200);
}
