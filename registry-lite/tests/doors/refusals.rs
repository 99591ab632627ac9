//! What is refused: hostile names, wrong digests, what is too much, a disk that is full.

use lite_oci::media_type::{IMAGE_INDEX, IMAGE_MANIFEST};
use lite_oci::{Descriptor, Digest, Index};

use crate::support::{Registry, image};

#[tokio::test]
async fn names_lead_nowhere_but_into_the_registry() {
    let registry = Registry::new();
    let digest = Digest::sha256(b"x");
    for name in [
        "..",
        "a/..",
        "../a",
        "a/../../b",
        "%2e%2e/a",
        "a%2f..%2f..%2fb",
        "a//b",
        "A",
        "a/_blobs",
        "_blobs",
        "a..b",
        "a/.hidden",
        "-a",
        "a%00b",
        "a%5cb",
        "%ff",
    ] {
        for (method, rest) in [
            ("GET", "manifests/latest".to_owned()),
            ("PUT", "manifests/latest".to_owned()),
            ("GET", format!("blobs/{digest}")),
            ("POST", "blobs/uploads/".to_owned()),
            ("GET", "tags/list".to_owned()),
        ] {
            let answer = registry.send(method, &format!("/v2/{name}/{rest}"), &[], "").await;
            assert!([400, 404].contains(&answer.status.as_u16()), "{name}: {answer:?}");
            let code = &answer.json()["errors"][0]["code"];
            assert!(code == "NAME_INVALID" || code == "NAME_UNKNOWN", "{name}: {code}");
        }
    }
    let long = format!("/v2/{}/tags/list", "a".repeat(256));
    Registry::refused(&registry.get(&long).await, 400, "NAME_INVALID");
    let outside = std::fs::read_dir(registry.dir.path()).unwrap();
    let mut names: Vec<_> = outside.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["lock", "repositories", "uploads"]);
    assert_eq!(std::fs::read_dir(registry.dir.path().join("repositories")).unwrap().count(), 0);
}

#[tokio::test]
async fn digests_are_held_to_their_bytes() {
    let registry = Registry::new();
    let wrong = Digest::sha256(b"something else");
    let post = async |query: &str| {
        let path = format!("/v2/a/blobs/uploads/?digest={query}");
        registry.send("POST", &path, &[], "these bytes").await
    };
    for bad in [wrong.as_str(), "sha256:0", "md5:00", "sha256:../../x", "x"] {
        Registry::refused(&post(bad).await, 400, "DIGEST_INVALID");
    }
    let at = registry.begin("a").await;
    let put = registry.send("PUT", &at, &[], "").await;
    Registry::refused(&put, 400, "DIGEST_INVALID");
    let put = registry.send("PUT", &format!("{at}?digest={wrong}"), &[], "these bytes").await;
    Registry::refused(&put, 400, "DIGEST_INVALID");
    assert_eq!(registry.get(&format!("/v2/a/blobs/{wrong}")).await.status, 404);
    let path = format!("/v2/a/manifests/{wrong}");
    registry.push_image("a", None, "layer", |_| {}).await;
    let put = registry.send("PUT", &path, &[], image("layer").to_json()).await;
    Registry::refused(&put, 400, "DIGEST_INVALID");
}

#[tokio::test]
async fn a_manifest_is_whole_or_refused_and_what_is_missing_is_named() {
    let registry = Registry::new();
    let put = async |kind: &str, bytes: Vec<u8>| {
        registry.send("PUT", "/v2/a/manifests/t", &[("content-type", kind)], bytes).await
    };
    let answer = put(IMAGE_MANIFEST, image("layer").to_json()).await;
    Registry::refused(&answer, 400, "MANIFEST_BLOB_UNKNOWN");
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 2);
    let layer = Digest::sha256(b"layer");
    registry.push_blob("a", b"{}").await;
    let answer = put(IMAGE_MANIFEST, image("layer").to_json()).await;
    assert_eq!(answer.json()["errors"][0]["detail"]["digest"], layer.as_str());
    // Another repository's blob is not this one's.
    registry.push_blob("b", b"layer").await;
    let answer = put(IMAGE_MANIFEST, image("layer").to_json()).await;
    Registry::refused(&answer, 400, "MANIFEST_BLOB_UNKNOWN");
    registry.push_blob("a", b"layer").await;
    let child = Descriptor::of(IMAGE_MANIFEST, &image("layer").to_json());
    let index = Index::new(vec![child]).to_json();
    Registry::refused(&put(IMAGE_INDEX, index.clone()).await, 400, "MANIFEST_BLOB_UNKNOWN");
    let mut sized = image("layer");
    sized.layers[0].size += 1;
    Registry::refused(&put(IMAGE_MANIFEST, sized.to_json()).await, 400, "MANIFEST_INVALID");
    // A layer that may not be given away is elsewhere.
    let mut foreign = image("layer");
    foreign.layers.push(Descriptor::of("application/x", b"licensed"));
    foreign.layers[1].urls.push("https://example.org/licensed".to_owned());
    assert_eq!(put(IMAGE_MANIFEST, foreign.to_json()).await.status, 201);
    assert_eq!(put(IMAGE_MANIFEST, image("layer").to_json()).await.status, 201);
    assert_eq!(put(IMAGE_INDEX, index).await.status, 201);
}

#[tokio::test]
async fn what_is_no_manifest_is_refused() {
    let registry = Registry::new();
    let (digest, _) = registry.push_image("a", Some("kept"), "layer", |_| {}).await;
    let put = async |reference: &str, kind: &str, bytes: Vec<u8>| {
        let headers = [("content-type", kind)];
        registry.send("PUT", &format!("/v2/a/manifests/{reference}"), &headers, bytes).await
    };
    let whole = image("layer").to_json();
    let deep = "[".repeat(100_000).into_bytes();
    for (kind, bytes) in [
        (IMAGE_MANIFEST, b"".to_vec()),
        (IMAGE_MANIFEST, b"{".to_vec()),
        (IMAGE_MANIFEST, b"{}".to_vec()),
        (IMAGE_MANIFEST, deep),
        (IMAGE_MANIFEST, whole[..whole.len() - 1].to_vec()),
        (IMAGE_INDEX, whole.clone()),
        ("text/plain", whole.clone()),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", whole.clone()),
    ] {
        Registry::refused(&put("kept", kind, bytes).await, 400, "MANIFEST_INVALID");
    }
    let long = vec![b' '; (4 << 20) + 1];
    Registry::refused(&put("kept", IMAGE_MANIFEST, long).await, 413, "MANIFEST_INVALID");
    for tag in [".a", "-a", "a%20b", &"a".repeat(129)] {
        let answer = put(tag, IMAGE_MANIFEST, whole.clone()).await;
        Registry::refused(&answer, 400, "TAG_INVALID");
    }
    let many: Vec<String> = (0..65).map(|number| format!("tag=t{number}")).collect();
    let path = format!("{digest}?{}", many.join("&"));
    Registry::refused(&put(&path, IMAGE_MANIFEST, whole).await, 414, "TAG_INVALID");
    let kept = registry.get("/v2/a/manifests/kept").await;
    assert_eq!(kept.header("docker-content-digest"), digest.as_str());
}

#[tokio::test]
async fn chunks_are_as_long_as_they_say() {
    let registry = Registry::new();
    let at = registry.begin("a").await;
    for (range, body, status, code) in [
        ("0-3", "12345", 400, "SIZE_INVALID"),
        ("0-3", "123", 400, "SIZE_INVALID"),
        ("3", "1", 400, "BLOB_UPLOAD_INVALID"),
        ("bytes 0-0/1", "1", 400, "BLOB_UPLOAD_INVALID"),
        ("1-0", "1", 400, "BLOB_UPLOAD_INVALID"),
    ] {
        let at = if code == "SIZE_INVALID" { registry.begin("a").await } else { at.clone() };
        let answer = registry.send("PATCH", &at, &[("content-range", range)], body).await;
        Registry::refused(&answer, status, code);
    }
    let announced = [("content-range", "0-3"), ("content-length", "5")];
    Registry::refused(&registry.send("PATCH", &at, &announced, "12345").await, 400, "SIZE_INVALID");
}

#[tokio::test]
async fn a_blob_that_is_too_large_is_refused_before_and_while_it_comes() {
    let registry = Registry::with(|config| config.max_blob_bytes = 10, None);
    let fits = registry.push_blob("a", b"ten bytes!").await;
    assert_eq!(registry.get(&format!("/v2/a/blobs/{fits}")).await.status, 200);
    let at = registry.begin("a").await;
    let announced = [("content-length", "11")];
    let answer = registry.send("PATCH", &at, &announced, "eleven byte").await;
    Registry::refused(&answer, 413, "SIZE_INVALID");
    Registry::refused(&registry.send("PATCH", &at, &[], "eleven byte").await, 413, "SIZE_INVALID");
    assert_eq!(registry.send("PATCH", &at, &[], "nine byte").await.status, 202);
    Registry::refused(&registry.send("PATCH", &at, &[], "12").await, 413, "SIZE_INVALID");
}

#[tokio::test]
async fn an_operation_that_is_none_is_unsupported() {
    let registry = Registry::new();
    let digest = Digest::sha256(b"x");
    for (method, path) in [
        ("POST", "/v2/".to_owned()),
        ("POST", "/v2/_catalog".to_owned()),
        ("POST", "/v2/a/manifests/x".to_owned()),
        ("PATCH", format!("/v2/a/blobs/{digest}")),
        ("DELETE", "/v2/a/tags/list".to_owned()),
        ("PUT", format!("/v2/a/referrers/{digest}")),
        ("GET", "/v2/a/blobs/uploads/".to_owned()),
    ] {
        let answer = registry.send(method, &path, &[], "").await;
        Registry::refused(&answer, 405, "UNSUPPORTED");
    }
    Registry::refused(&registry.get("/v2/nothing").await, 404, "NAME_UNKNOWN");
}
