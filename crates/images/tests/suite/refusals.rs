//! Each way in which a registry says no has its word.

use bytes::Bytes;
use lite_images::{Access, ImageError};
use lite_oci::{Descriptor, Digest, MAX_MANIFEST_BYTES, Target};

use crate::double::{Answer, Double};

const INDEX: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

fn latest() -> Target {
    "latest".parse().unwrap()
}

async fn refused(status: u16) -> ImageError {
    let body = r#"{"errors":[{"code":"CODE","message":"words"}]}"#;
    let registry = Double::start(move |_, path, _| {
        if path == "/v2/" { Answer::status(200) } else { Answer::status(status).body(body) }
    });
    registry.await.app(Access::default()).manifest(&latest()).await.unwrap_err()
}

#[tokio::test]
async fn a_status_becomes_a_word() {
    assert!(matches!(refused(401).await, ImageError::Unauthorized { had_credential: false, .. }));
    assert!(matches!(refused(403).await, ImageError::Denied { .. }));
    assert!(matches!(refused(405).await, ImageError::Unsupported { .. }));
    match refused(500).await {
        ImageError::Server { status, source, .. } => {
            assert_eq!((status.as_u16(), source.to_string()), (500, "CODE: words".to_owned()));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_there_is_no_error_of_the_place() {
    let registry =
        Double::start(|_, path, _| Answer::status(if path == "/v2/" { 200 } else { 404 }));
    let app = registry.await.app(Access::default());
    assert_eq!(app.manifest(&latest()).await.unwrap(), None);
    assert_eq!(app.head(&latest()).await.unwrap(), None);
    assert!(!app.delete(&latest()).await.unwrap());
    assert!(!app.blob_exists(&Digest::sha256(b"")).await.unwrap());
    assert!(matches!(app.require(&latest()).await, Err(ImageError::NotFound { .. })));
}

#[tokio::test]
async fn other_content_than_was_named_is_refused() {
    let wrong = Digest::sha256(b"something else");
    let header = wrong.to_string();
    let registry = Double::start(move |_, _, _| {
        Answer::status(200).header("docker-content-digest", header.clone()).body(INDEX)
    })
    .await;
    let app = registry.app(Access::default());
    for target in [Target::Digest(wrong.clone()), latest()] {
        let refused = app.manifest(&target).await;
        assert!(matches!(refused, Err(ImageError::DigestMismatch { .. })), "{target}");
    }
    let blob = Descriptor::new("a/b", wrong, INDEX.len() as u64);
    let refused = app.blob(&blob, 1 << 20).await;
    assert!(matches!(refused, Err(ImageError::DigestMismatch { .. })));
    let long = Descriptor::of("a/b", b"short");
    let refused = app.blob(&long, 1 << 20).await;
    assert!(matches!(refused, Err(ImageError::SizeMismatch { .. })));
}

#[tokio::test]
async fn a_manifest_has_a_limit() {
    let registry = Double::start(|_, path, _| {
        let length = if path == "/v2/" { 0 } else { MAX_MANIFEST_BYTES + 1 };
        Answer::status(200).body(vec![b' '; length])
    });
    let refused = registry.await.app(Access::default()).manifest(&latest()).await;
    assert!(matches!(refused, Err(ImageError::TooLarge { .. })));
}

#[tokio::test]
async fn an_upload_without_a_place_is_against_the_protocol() {
    for location in [None, Some("http://[")] {
        let registry = Double::start(move |method, path, _| match (method.as_str(), path) {
            ("POST", _) => match location {
                Some(location) => Answer::status(202).header("location", location),
                None => Answer::status(202),
            },
            (_, "/v2/") => Answer::status(200),
            _ => Answer::status(404),
        });
        let refused = registry.await.app(Access::default()).put_blob(Bytes::from("x")).await;
        assert!(matches!(refused, Err(ImageError::Protocol { .. })), "{location:?}");
    }
}

#[tokio::test]
async fn nobody_listening_is_told_apart() {
    // Port 9 of this machine: the discard service, which nothing here runs.
    let reference = "127.0.0.1:9/app".parse().unwrap();
    let session = lite_images::Registry::new(Access::default()).unwrap();
    let refused = session.repository(&reference).manifest(&latest()).await;
    assert!(matches!(refused, Err(ImageError::Unreachable { .. })));
}
