//! Referrers: by the API, and by the tag where there is none.

use bytes::Bytes;
use lite_images::layout::Layout;
use lite_images::{Access, Repository};
use lite_oci::{Descriptor, Digest, ImageManifest, Index, Target, media_type, signatures};

use crate::double::{Answer, Double};

const TYPE: &str = "application/vnd.example";

fn entry(content: &[u8], kind: &str) -> Descriptor {
    let mut entry = Descriptor::of(media_type::IMAGE_MANIFEST, content);
    entry.artifact_type = Some(kind.to_owned());
    entry
}

#[tokio::test]
async fn every_page_is_read_and_filtered() {
    let subject = Digest::sha256(b"image");
    let pages = [
        Index::new(vec![entry(b"1", TYPE), entry(b"2", "other/type")]).to_json(),
        Index::new(vec![entry(b"3", TYPE)]).to_json(),
    ];
    let registry = Double::start(move |_, path, _| match path {
        "/v2/" => Answer::status(200),
        path if path.contains("last=") => Answer::status(200).body(pages[1].clone()),
        path => Answer::status(200)
            .header("link", format!("<{path}&last=2>; rel=\"next\""))
            .body(pages[0].clone()),
    })
    .await;
    let found = registry.app(Access::default()).referrers(&subject, Some(TYPE)).await.unwrap();
    assert_eq!(found, [entry(b"1", TYPE), entry(b"3", TYPE)]);
}

#[tokio::test]
async fn pages_without_an_end_are_refused() {
    let page = Index::new(Vec::new()).to_json();
    let registry = Double::start(move |_, path, _| {
        let link = format!("<{path}>; rel=\"next\"");
        Answer::status(200).header("link", link).body(page.clone())
    })
    .await;
    let refused = registry.app(Access::default()).referrers(&Digest::sha256(b""), None).await;
    assert!(matches!(refused, Err(lite_images::ImageError::Protocol { .. })));
}

fn referrer(subject: &Digest) -> Bytes {
    let mut manifest =
        ImageManifest::new(Descriptor::of(media_type::EMPTY_JSON, b"{}"), Vec::new());
    manifest.artifact_type = Some(TYPE.to_owned());
    manifest.subject = Some(Descriptor::new(media_type::IMAGE_MANIFEST, subject.clone(), 1));
    manifest.annotations.insert("key".to_owned(), "value".to_owned());
    Bytes::from(manifest.to_json())
}

/// A registry without the API, whose tag holds this index whatever is put there.
async fn old_registry(manifest: Bytes, tagged: Option<Index>) -> Double {
    let kept = tagged.map(|index| index.to_json()).unwrap_or_default();
    Double::start(move |method, path, _| {
        let is_tag = path.contains("/manifests/sha256-");
        let kept = kept.clone();
        match (method.as_str(), path) {
            (_, "/v2/") => Answer::status(200),
            ("PUT", _) => Answer::status(201),
            ("GET", _) if is_tag && !kept.is_empty() => {
                Answer::status(200).header("content-type", media_type::IMAGE_INDEX).body(kept)
            }
            ("GET", path) if path.contains("/manifests/sha256:") => Answer::status(200)
                .header("content-type", media_type::IMAGE_MANIFEST)
                .body(manifest.to_vec()),
            _ => Answer::status(404),
        }
    })
    .await
}

/// cosign 3.1.1 writes the configuration's type where the artifact's belongs; what is read from its
/// tags is right all the same.
#[tokio::test]
async fn what_cosign_writes_into_the_tag_is_repaired_on_reading() {
    let subject = Digest::sha256(b"image");
    let manifest = referrer(&subject);
    let mut wrong = Descriptor::of(media_type::IMAGE_MANIFEST, &manifest);
    wrong.artifact_type = Some(media_type::EMPTY_JSON.to_owned());
    let registry = old_registry(manifest, Some(Index::new(vec![wrong]))).await;
    let found = registry.app(Access::default()).referrers(&subject, Some(TYPE)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].annotations["key"], "value");
}

#[tokio::test]
async fn a_write_that_somebody_else_undoes_is_not_told_as_done() {
    let subject = Digest::sha256(b"image");
    let manifest = referrer(&subject);
    // The double forgets every index that is put: as if another client always wrote last.
    let registry = old_registry(manifest.clone(), None).await;
    let app = registry.app(Access::default());
    let put = app.put_referrer(media_type::IMAGE_MANIFEST, manifest, &subject);
    assert!(put.await.is_err());
    let tag = format!("/v2/app/manifests/{}", signatures::referrers_tag(&subject));
    let writes = registry.asked().into_iter().filter(|(m, path, _)| m == "PUT" && *path == tag);
    assert!(writes.count() > 1, "it is tried again");
}

#[tokio::test]
async fn a_folder_knows_what_refers_to_what() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Repository::Layout(Layout::open_or_create(&dir.path().join("l")).unwrap());
    let subject = Digest::sha256(b"image");
    let put = layout.put_referrer(media_type::IMAGE_MANIFEST, referrer(&subject), &subject);
    let digest = put.await.unwrap();
    let found = layout.referrers(&subject, Some(TYPE)).await.unwrap();
    assert_eq!(found[0].digest, digest);
    assert_eq!(layout.referrers(&subject, Some("other/type")).await.unwrap(), []);
    assert!(layout.delete_referrer(&subject, &digest).await.unwrap());
    assert_eq!(layout.referrers(&subject, None).await.unwrap(), []);
    assert_eq!(layout.manifest(&Target::Digest(digest)).await.unwrap(), None);
}
