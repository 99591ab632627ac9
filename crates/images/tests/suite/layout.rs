//! Folders, and copies between them.

use bytes::Bytes;
use lite_images::copy::{CopyError, Options, copy};
use lite_images::layout::{Layout, LayoutError};
use lite_images::make::{Ingredients, make};
use lite_images::{ImageError, Repository, archive};
use lite_oci::signatures::Attached;
use lite_oci::{Descriptor, Platform, Target};

fn platforms(all: &[&str]) -> Vec<Platform> {
    all.iter().map(|one| one.parse().unwrap()).collect()
}

fn made(dir: &std::path::Path, all: &[&str]) -> (Layout, Descriptor) {
    let layout = Layout::open_or_create(dir).unwrap();
    let tag = "v1".parse().unwrap();
    let message = Ingredients::Message("hi\n".to_owned());
    let image = make(&layout, &message, &platforms(all), Some(&tag)).unwrap();
    (layout, image)
}

#[test]
fn a_folder_that_is_none_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let refuse = |want: LayoutError| match Layout::open(dir.path()) {
        Err(ImageError::Layout { source, .. }) => assert_eq!(source, want),
        other => panic!("{want:?}: {other:?}"),
    };
    refuse(LayoutError::NoMarker);
    let write = |name: &str, text: &str| {
        let mut file = std::fs::File::create(dir.path().join(name)).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    };
    write("oci-layout", r#"{"imageLayoutVersion":"2.0.0"}"#);
    refuse(LayoutError::Version);
    // Somebody's folder does not become one.
    std::fs::remove_file(dir.path().join("oci-layout")).unwrap();
    write("thesis.txt", "");
    assert!(Layout::open_or_create(dir.path()).is_err());
}

#[tokio::test]
async fn a_blob_that_was_changed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (layout, image) = made(&dir.path().join("l"), &["linux/amd64"]);
    let path = dir.path().join("l/blobs/sha256").join(image.digest.hex());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20] ^= 1;
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), &bytes).unwrap();
    let refused = Repository::Layout(layout).manifest(&Target::Digest(image.digest)).await;
    assert!(matches!(refused, Err(ImageError::DigestMismatch { .. })));
}

#[tokio::test]
async fn an_image_travels_with_its_signatures_and_of_one_platform_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (layout, image) = made(&dir.path().join("a"), &["linux/amd64", "linux/arm64"]);
    let from = Repository::Layout(layout);
    let signature = Target::Tag(Attached::Signatures.tag(&image.digest));
    let config = from.put_blob(Bytes::from_static(b"{}")).await.unwrap();
    let manifest = lite_oci::ImageManifest::new(config, Vec::new()).to_json();
    let kind = lite_oci::media_type::IMAGE_MANIFEST;
    from.put_manifest(&signature, kind, manifest.into()).await.unwrap();

    let what: Target = "v1".parse().unwrap();
    let to =
        |name: &str| Repository::Layout(Layout::open_or_create(&dir.path().join(name)).unwrap());
    let all = Options { attached: Attached::ALL.to_vec(), referrers: true, ..Options::default() };
    let whole = to("whole");
    let copied = copy(&from, &what, &from, &whole, Some(&what), &all).await.unwrap();
    assert_eq!((copied.image.digest, copied.attached), (image.digest.clone(), 1));
    assert!(whole.manifest(&signature).await.unwrap().is_some());

    let one = to("one");
    let only = Options { platforms: platforms(&["linux/arm64"]), ..Options::default() };
    let copied = copy(&from, &what, &from, &one, None, &only).await.unwrap();
    assert_ne!(copied.image.digest, image.digest);
    let none = Options { platforms: platforms(&["linux/s390x"]), ..Options::default() };
    let refused = copy(&from, &what, &from, &one, None, &none).await;
    assert!(matches!(refused, Err(CopyError::NoPlatform(_))));
}

#[test]
fn an_archive_holds_what_the_folder_held() {
    let dir = tempfile::tempdir().unwrap();
    let (layout, image) = made(&dir.path().join("l"), &["linux/amd64"]);
    let path = dir.path().join("a.tar");
    archive::write(&path, &layout, &image.digest, Some("localhost:1/app:v1")).unwrap();
    let unpacked = archive::unpack(&path, None).unwrap();
    // The form keeps no manifest, and ours says the same as the one that is made of it.
    let name = ("localhost:1/app:v1".to_owned(), image.digest.clone());
    assert_eq!(unpacked.names, [name]);
    let (two, index) = made(&dir.path().join("m"), &["linux/amd64", "linux/arm64"]);
    let refused = archive::write(&path, &two, &index.digest, None);
    assert!(matches!(refused, Err(archive::WriteError::Index)));
}
