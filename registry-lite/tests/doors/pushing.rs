//! Pushing: end-4 to end-7, end-11, and end-13, end-14 of the specification's table.

use axum::body::Body;
use lite_oci::media_type::{DOCKER_LIST, DOCKER_MANIFEST, IMAGE_INDEX, IMAGE_MANIFEST};
use lite_oci::{Descriptor, Digest, DigestAlgorithm, Index};

use crate::support::{Registry, image};

const BLOB: &[u8] = b"ten bytes!";

async fn is_there(registry: &Registry, name: &str, digest: &Digest) -> bool {
    let answer = registry.get(&format!("/v2/{name}/blobs/{digest}")).await;
    answer.status == 200 && answer.body == BLOB
}

#[tokio::test]
async fn a_blob_in_one_request() {
    let registry = Registry::new();
    let digest = Digest::sha256(BLOB);
    let path = format!("/v2/a/b/blobs/uploads/?digest={digest}");
    let answer = registry.send("POST", &path, &[], BLOB.to_vec()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), format!("/v2/a/b/blobs/{digest}"));
    assert_eq!(answer.header("docker-content-digest"), digest.as_str());
    assert!(is_there(&registry, "a/b", &digest).await);
}

#[tokio::test]
async fn a_blob_by_post_then_put() {
    let registry = Registry::new();
    let digest = Digest::sha256(BLOB);
    let answer = registry.send("POST", "/v2/a/blobs/uploads/", &[], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("range")), (202, "0-0"));
    let at = answer.header("location").to_owned();
    assert_eq!(at, format!("/v2/a/blobs/uploads/{}", answer.header("docker-upload-uuid")));
    let answer = registry.send("PUT", &format!("{at}?digest={digest}"), &[], BLOB.to_vec()).await;
    assert_eq!(answer.status, 201);
    assert!(is_there(&registry, "a", &digest).await);
    let again = registry.send("PUT", &format!("{at}?digest={digest}"), &[], BLOB.to_vec()).await;
    Registry::refused(&again, 404, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_blob_in_chunks_that_must_follow_each_other() {
    let registry = Registry::new();
    let digest = Digest::sha256(BLOB);
    let at = registry.begin("a").await;
    let chunk = |range: &'static str| [("content-range", range)];
    let answer = registry.send("PATCH", &at, &chunk("0-3"), BLOB[..4].to_vec()).await;
    assert_eq!((answer.status.as_u16(), answer.header("range")), (202, "0-3"));
    for out_of_order in ["0-3", "3-5", "5-6"] {
        let bytes = vec![0; if out_of_order == "0-3" { 4 } else { 3 }];
        let bytes = if out_of_order == "5-6" { vec![0; 2] } else { bytes };
        let answer = registry.send("PATCH", &at, &chunk(out_of_order), bytes).await;
        Registry::refused(&answer, 416, "BLOB_UPLOAD_INVALID");
        assert_eq!(answer.header("range"), "0-3");
    }
    let answer = registry.get(&at).await;
    assert_eq!((answer.status.as_u16(), answer.header("range")), (204, "0-3"));
    assert_eq!(answer.header("location"), at);
    let answer = registry.send("PATCH", &at, &chunk("4-6"), BLOB[4..7].to_vec()).await;
    assert_eq!(answer.status, 202);
    let end = format!("{at}?digest={digest}");
    let answer = registry.send("PUT", &end, &chunk("7-9"), BLOB[7..].to_vec()).await;
    assert_eq!(answer.status, 201);
    assert!(is_there(&registry, "a", &digest).await);
}

#[tokio::test]
async fn a_blob_as_a_stream_and_an_end_without_a_body() {
    let registry = Registry::new();
    let digest = Digest::sha256(BLOB);
    let at = registry.begin("a").await;
    let answer = registry.send("PATCH", &at, &[], BLOB.to_vec()).await;
    assert_eq!((answer.status.as_u16(), answer.header("range")), (202, "0-9"));
    let answer = registry.send("PUT", &format!("{at}?digest={digest}"), &[], "").await;
    assert_eq!(answer.status, 201);
    assert!(is_there(&registry, "a", &digest).await);
}

#[tokio::test]
async fn an_empty_blob_and_one_named_by_sha512() {
    let registry = Registry::new();
    let empty = registry.push_blob("a", b"").await;
    assert_eq!(registry.get(&format!("/v2/a/blobs/{empty}")).await.body, b"");
    let long = Digest::of(DigestAlgorithm::Sha512, BLOB);
    for way in ["", "?digest-algorithm=sha512"] {
        let answer = registry.send("POST", &format!("/v2/a/blobs/uploads/{way}"), &[], "").await;
        let at = answer.header("location").to_owned();
        assert_eq!(registry.send("PATCH", &at, &[], BLOB.to_vec()).await.status, 202);
        let answer = registry.send("PUT", &format!("{at}?digest={long}"), &[], "").await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    assert!(is_there(&registry, "a", &long).await);
}

#[tokio::test]
async fn an_upload_can_be_given_up() {
    let registry = Registry::new();
    let at = registry.begin("a").await;
    assert_eq!(registry.send("DELETE", &at, &[], "").await.status, 204);
    Registry::refused(&registry.get(&at).await, 404, "BLOB_UPLOAD_UNKNOWN");
    Registry::refused(&registry.send("DELETE", &at, &[], "").await, 404, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn an_upload_belongs_to_its_repository() {
    let registry = Registry::new();
    let at = registry.begin("a").await.replace("/v2/a/", "/v2/b/");
    for method in ["GET", "PATCH", "DELETE"] {
        let answer = registry.send(method, &at, &[], "").await;
        Registry::refused(&answer, 404, "BLOB_UPLOAD_UNKNOWN");
    }
}

/// What arrived before the client broke off is kept, and the upload goes on from there.
#[tokio::test]
async fn an_upload_that_broke_off_goes_on() {
    let registry = Registry::new();
    let digest = Digest::sha256(BLOB);
    let at = registry.begin("a").await;
    let broken = tokio_util::io::ReaderStream::new(Broken(&BLOB[..6]));
    let answer = registry.send("PATCH", &at, &[], Body::from_stream(broken)).await;
    Registry::refused(&answer, 400, "BLOB_UPLOAD_INVALID");
    assert_eq!(registry.get(&at).await.header("range"), "0-5");
    let rest = [("content-range", "6-9")];
    assert_eq!(registry.send("PATCH", &at, &rest, BLOB[6..].to_vec()).await.status, 202);
    let answer = registry.send("PUT", &format!("{at}?digest={digest}"), &[], "").await;
    assert_eq!(answer.status, 201);
    assert!(is_there(&registry, "a", &digest).await);
}

/// Gives these bytes and then fails.
struct Broken(&'static [u8]);

impl tokio::io::AsyncRead for Broken {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        let bytes = std::mem::take(&mut self.0);
        buffer.put_slice(bytes);
        std::task::Poll::Ready(if bytes.is_empty() {
            Err(std::io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_blob_is_mounted_from_where_it_is() {
    let registry = Registry::new();
    let digest = registry.push_blob("a", BLOB).await;
    let mount = async |target: &str, query: &str| {
        let path = format!("/v2/{target}/blobs/uploads/?mount={digest}{query}");
        registry.send("POST", &path, &[], "").await
    };
    for (target, query) in [("b", "&from=a"), ("c", ""), ("a", "&from=a")] {
        let answer = mount(target, query).await;
        assert_eq!(answer.status, 201, "{target}");
        assert_eq!(answer.header("location"), format!("/v2/{target}/blobs/{digest}"));
        assert!(is_there(&registry, target, &digest).await);
    }
    for query in ["&from=nowhere", "&from=UPPER"] {
        let answer = mount("d", query).await;
        assert_eq!(answer.status, 202, "an upload begins instead");
        assert!(answer.header("location").starts_with("/v2/d/blobs/uploads/"));
    }
}

#[tokio::test]
async fn a_manifest_by_tag_and_by_digest() {
    let registry = Registry::new();
    let (digest, answer) = registry.push_image("a", Some("latest"), "layer", |_| {}).await;
    assert_eq!(answer.header("docker-content-digest"), digest.as_str());
    assert_eq!(answer.header("location"), format!("/v2/a/manifests/{digest}"));
    assert!(answer.headers.get("oci-subject").is_none());
    let (digest, _) = registry.push_image("a", None, "other", |_| {}).await;
    assert_eq!(registry.get(&format!("/v2/a/manifests/{digest}")).await.status, 200);
    let tags = registry.get("/v2/a/tags/list").await.json();
    assert_eq!(tags["tags"], serde_json::json!(["latest"]));
}

#[tokio::test]
async fn a_manifest_by_digest_with_tags_of_the_newer_specification() {
    let registry = Registry::new();
    registry.push_image("a", None, "layer", |_| {}).await;
    let bytes = image("layer").to_json();
    let digest = Digest::sha256(&bytes);
    let path = format!("/v2/a/manifests/{digest}?tag=one&tag=two");
    let answer = registry.send("PUT", &path, &[("content-type", IMAGE_MANIFEST)], bytes).await;
    let given: Vec<_> = answer.headers.get_all("oci-tag").iter().collect();
    assert_eq!(given, ["one", "two"]);
    for tag in ["one", "two"] {
        let answer = registry.get(&format!("/v2/a/manifests/{tag}")).await;
        assert_eq!(answer.header("docker-content-digest"), digest.as_str());
    }
}

#[tokio::test]
async fn a_subject_that_is_not_there_yet_is_no_obstacle_and_the_client_is_told() {
    let registry = Registry::new();
    let subject = Digest::sha256(b"not yet");
    let about = Descriptor::new(IMAGE_MANIFEST, subject.clone(), 7);
    let (_, answer) =
        registry.push_image("a", None, "signature", |image| image.subject = Some(about)).await;
    assert_eq!(answer.header("oci-subject"), subject.as_str());
}

#[tokio::test]
async fn dockers_types_are_kept_and_answered_with() {
    let registry = Registry::new();
    let docker =
        |image: &mut lite_oci::ImageManifest| image.media_type = Some(DOCKER_MANIFEST.into());
    registry.push_image("a", None, "layer", |_| {}).await;
    let mut manifest = image("layer");
    docker(&mut manifest);
    let bytes = manifest.to_json();
    let put = async |reference: &str, kind: &str, bytes: Vec<u8>| {
        let kind = format!("{kind}; charset=utf-8");
        let headers = [("content-type", kind.as_str())];
        registry.send("PUT", &format!("/v2/a/manifests/{reference}"), &headers, bytes).await
    };
    assert_eq!(put("docker", DOCKER_MANIFEST, bytes.clone()).await.status, 201);
    let answer = registry.get("/v2/a/manifests/docker").await;
    assert_eq!((answer.header("content-type"), &answer.body), (DOCKER_MANIFEST, &bytes));
    let child = Descriptor::new(DOCKER_MANIFEST, Digest::sha256(&bytes), bytes.len() as u64);
    let mut list = Index::new(vec![child]);
    list.media_type = Some(DOCKER_LIST.to_owned());
    assert_eq!(put("list", DOCKER_LIST, list.to_json()).await.status, 201);
    assert_eq!(registry.get("/v2/a/manifests/list").await.header("content-type"), DOCKER_LIST);
    list.media_type = None;
    assert_eq!(put("untyped", IMAGE_INDEX, list.to_json()).await.status, 201);
    assert_eq!(registry.get("/v2/a/manifests/untyped").await.header("content-type"), IMAGE_INDEX);
}

#[tokio::test]
async fn a_tag_is_replaced_only_from_where_the_client_saw_it() {
    let registry = Registry::new();
    let (first, _) = registry.push_image("a", Some("tag"), "one", |_| {}).await;
    registry.push_image("a", None, "two", |_| {}).await;
    let etag = registry.get("/v2/a/manifests/tag").await.header("etag").to_owned();
    assert_eq!(etag, format!("\"{first}\""));
    let put = async |etag: &str| {
        let headers = [("content-type", IMAGE_MANIFEST), ("if-match", etag)];
        registry.send("PUT", "/v2/a/manifests/tag", &headers, image("two").to_json()).await
    };
    assert_eq!(put(&etag).await.status, 201);
    Registry::refused(&put(&etag).await, 412, "DENIED");
}
