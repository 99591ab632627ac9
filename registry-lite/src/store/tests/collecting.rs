//! What a collection takes, and what it leaves.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lite_oci::signatures::{Attached, referrers_tag};
use lite_oci::{Digest, Target};

use super::rig::{DAY, Rig, push_blob, push_image, push_index, repository};
use crate::refusal::Refusal;

/// A second less.
const ALMOST_A_DAY: Duration = Duration::from_secs(24 * 60 * 60 - 1);

fn has_blob(rig: &Rig, name: &str, bytes: &[u8]) -> bool {
    let repository = rig.store.find(&repository(name)).unwrap();
    repository.read().blobs.contains_key(&Digest::sha256(bytes))
}

fn holds(rig: &Rig, name: &str, digest: &Digest) -> bool {
    let repository = rig.store.find(&repository(name)).unwrap();
    repository.read().manifests.contains_key(digest)
}

#[test]
fn what_a_tag_leads_to_stays_with_all_it_needs() {
    let rig = Rig::new();
    let one = push_image(&rig.store, "a", "one", &[], None).unwrap();
    let two = push_image(&rig.store, "a", "two", &[], None).unwrap();
    let index = push_index(&rig.store, "a", &[&one, &two], &["both"]).unwrap();
    let signature = push_image(&rig.store, "a", "signature", &[], Some(&index)).unwrap();
    let counter = push_image(&rig.store, "a", "counter", &[], Some(&signature)).unwrap();
    let inner = push_image(&rig.store, "a", "inner", &[], Some(&one)).unwrap();
    rig.clock.advance(30 * DAY);
    let collected = rig.store.collect_garbage().unwrap();
    assert_eq!((collected.manifests, collected.blobs), (0, 0));
    let rig = rig.reopen();
    rig.is_sound();
    for digest in [&one, &two, &index, &signature, &counter, &inner] {
        assert!(holds(&rig, "a", digest));
    }
}

#[test]
fn what_nothing_leads_to_goes_after_its_grace_and_its_signatures_with_it() {
    let rig = Rig::new();
    let image = push_image(&rig.store, "a", "one", &["latest"], None).unwrap();
    let signature = push_image(&rig.store, "a", "signature", &[], Some(&image)).unwrap();
    let legacy = Attached::Signatures.tag(&image);
    push_image(&rig.store, "a", "legacy", &[legacy.as_str()], None).unwrap();
    push_index(&rig.store, "a", &[&signature], &[referrers_tag(&image).as_str()]).unwrap();
    let other = push_image(&rig.store, "a", "two", &["latest"], None).unwrap();
    rig.clock.advance(ALMOST_A_DAY);
    assert_eq!(rig.store.collect_garbage().unwrap().manifests, 0);
    // Looking at it keeps it for another day.
    assert!(rig.has("a", image.as_str()));
    rig.clock.advance(Duration::from_secs(2));
    assert_eq!(rig.store.collect_garbage().unwrap().manifests, 0);
    rig.clock.advance(DAY);
    let collected = rig.store.collect_garbage().unwrap();
    assert_eq!((collected.manifests, collected.tags), (4, 2));
    assert!(
        holds(&rig, "a", &other) && !holds(&rig, "a", &image) && !rig.has("a", legacy.as_str())
    );
    assert!(!has_blob(&rig, "a", b"one") && has_blob(&rig, "a", b"two"));
    rig.reopen().is_sound();
}

#[test]
fn grace_begins_when_the_tag_moves_away_however_old_the_manifest_is() {
    let rig = Rig::new();
    let old = push_image(&rig.store, "a", "one", &["latest"], None).unwrap();
    let deleted = push_image(&rig.store, "a", "two", &["gone"], None).unwrap();
    rig.clock.advance(30 * DAY);
    push_image(&rig.store, "a", "three", &["latest"], None).unwrap();
    let tag = Target::Tag("gone".parse().unwrap());
    rig.store.delete_manifest(&repository("a"), &tag).unwrap();
    rig.clock.advance(ALMOST_A_DAY);
    let rig = rig.reopen();
    assert_eq!(rig.store.collect_garbage().unwrap().manifests, 0);
    assert!(holds(&rig, "a", &old) && holds(&rig, "a", &deleted));
    rig.clock.advance(Duration::from_secs(1));
    assert_eq!(rig.store.collect_garbage().unwrap().manifests, 2);
}

#[test]
fn a_refused_push_makes_no_repository() {
    let rig = Rig::new();
    let bytes = super::rig::image("layer").to_json();
    let refused = super::rig::put(&rig.store, "new", &bytes, &["t"]);
    assert!(matches!(refused, Err(Refusal::ManifestBlobUnknown(_))));
    assert!(rig.store.find(&repository("new")).is_none());
}

#[test]
fn a_signature_of_what_is_elsewhere_stays() {
    let rig = Rig::new();
    let elsewhere = Digest::sha256(b"in another repository");
    let signature = push_image(&rig.store, "sigs", "signature", &[], Some(&elsewhere)).unwrap();
    let tag = Attached::Signatures.tag(&elsewhere);
    push_image(&rig.store, "sigs", "legacy", &[tag.as_str()], None).unwrap();
    rig.clock.advance(30 * DAY);
    assert_eq!(rig.store.collect_garbage().unwrap().manifests, 0);
    assert!(holds(&rig, "sigs", &signature) && rig.has("sigs", tag.as_str()));
}

#[test]
fn a_lifetime_tag_is_gone_when_its_time_is_up_and_what_it_led_to_is_taken() {
    let rig = Rig::new();
    let image = push_image(&rig.store, "a", "one", &["1h"], None).unwrap();
    let kept = push_image(&rig.store, "a", "two", &["1h-slim"], None).unwrap();
    rig.clock.advance(Duration::from_secs(3599));
    assert!(rig.has("a", "1h"));
    rig.clock.advance(Duration::from_secs(1));
    assert!(!rig.has("a", "1h") && rig.has("a", "1h-slim"));
    assert_eq!(rig.store.tags(&repository("a"), None, 9).unwrap().0.len(), 1);
    let collected = rig.store.collect_garbage().unwrap();
    assert_eq!((collected.tags, collected.manifests, collected.blobs), (1, 1, 0));
    assert!(!holds(&rig, "a", &image) && holds(&rig, "a", &kept));
    rig.clock.advance(DAY);
    assert_eq!(rig.store.collect_garbage().unwrap().blobs, 2);
    rig.is_sound();
}

#[test]
fn a_lifetime_begins_anew_with_each_push_and_survives_a_restart() {
    let rig = Rig::new();
    push_image(&rig.store, "a", "one", &["1h"], None).unwrap();
    rig.clock.advance(Duration::from_secs(3000));
    push_image(&rig.store, "a", "one", &["1h"], None).unwrap();
    rig.clock.advance(Duration::from_secs(3000));
    let rig = rig.reopen();
    assert!(rig.has("a", "1h"));
    rig.clock.advance(Duration::from_secs(600));
    assert!(!rig.has("a", "1h"));
}

#[test]
fn a_blob_that_is_asked_for_is_kept_for_the_push_that_follows() {
    let rig = Rig::new();
    let blob = push_blob(&rig.store, "a", b"layer").unwrap();
    rig.clock.advance(ALMOST_A_DAY);
    rig.store.blob_size(&repository("a"), &blob).unwrap();
    rig.clock.advance(Duration::from_secs(2));
    assert_eq!(rig.store.collect_garbage().unwrap().blobs, 0);
    rig.clock.advance(DAY);
    assert_eq!(rig.store.collect_garbage().unwrap().blobs, 1);
    assert!(matches!(rig.store.blob_size(&repository("a"), &blob), Err(Refusal::BlobUnknown)));
}

#[test]
fn grace_is_counted_across_restarts() {
    let rig = Rig::new();
    push_blob(&rig.store, "a", b"layer").unwrap();
    rig.clock.advance(DAY);
    let rig = rig.reopen();
    assert_eq!(rig.store.collect_garbage().unwrap().blobs, 1);
}

#[test]
fn a_shared_blob_goes_with_its_last_repository() {
    let rig = Rig::new();
    let blob = push_blob(&rig.store, "a", b"layer").unwrap();
    assert!(rig.store.mount(&repository("b"), &blob, None).unwrap());
    push_blob(&rig.store, "c", b"layer").unwrap();
    let inode = |name: &str| {
        use std::os::unix::fs::MetadataExt as _;
        let path = rig.dir.path().join("repositories").join(name).join("_blobs/sha256");
        std::fs::metadata(path.join(blob.hex())).map(|found| found.ino()).ok()
    };
    assert!(inode("a").is_some() && inode("a") == inode("b") && inode("b") == inode("c"));
    rig.store.delete_blob(&repository("a"), &blob).unwrap();
    assert!(inode("a").is_none() && rig.store.open_blob(&repository("b"), &blob).is_ok());
}

#[test]
fn deleting_by_digest_takes_tags_and_lonely_referrers_and_nothing_that_is_named() {
    let rig = Rig::new();
    let image = push_image(&rig.store, "a", "one", &["x", "y"], None).unwrap();
    let lonely = push_image(&rig.store, "a", "lonely", &[], Some(&image)).unwrap();
    let tagged = push_image(&rig.store, "a", "tagged", &["sbom"], Some(&image)).unwrap();
    let index = push_index(&rig.store, "a", &[&image], &["index"]).unwrap();
    let delete = |digest: &Digest| {
        rig.store.delete_manifest(&repository("a"), &Target::Digest(digest.clone()))
    };
    assert!(matches!(delete(&image), Err(Refusal::ManifestNamed)));
    delete(&index).unwrap();
    delete(&image).unwrap();
    assert!(!rig.has("a", "x") && !rig.has("a", "index") && rig.has("a", "sbom"));
    assert!(!holds(&rig, "a", &lonely) && holds(&rig, "a", &tagged));
    let layer = Digest::sha256(b"tagged");
    let delete_blob = |digest| rig.store.delete_blob(&repository("a"), digest);
    assert!(matches!(delete_blob(&layer), Err(Refusal::BlobNamed)));
    delete_blob(&Digest::sha256(b"one")).unwrap();
    rig.reopen().is_sound();
}

#[test]
fn uploads_that_nobody_goes_on_with_are_forgotten_and_none_outlives_the_process() {
    let rig = Rig::new();
    let begin = || rig.store.begin_upload(&repository("a"), lite_oci::DigestAlgorithm::Sha256);
    let upload = begin().unwrap();
    super::rig::at_once(upload.content()).append(b"a part").unwrap();
    let files = || std::fs::read_dir(rig.dir.path().join("uploads")).unwrap().count();
    assert_eq!(files(), 1);
    rig.clock.advance(Duration::from_secs(3600));
    assert_eq!(rig.store.collect_garbage().unwrap().uploads, 1);
    let id = upload.id().to_owned();
    drop(upload);
    assert_eq!(files(), 0);
    assert!(matches!(rig.store.upload(&repository("a"), &id), Err(Refusal::UploadUnknown)));
    #[expect(clippy::disallowed_methods, reason = "what a dead process left")]
    std::fs::write(rig.dir.path().join("uploads/0123"), "left").unwrap();
    let rig = rig.reopen();
    assert_eq!(std::fs::read_dir(rig.dir.path().join("uploads")).unwrap().count(), 0);
}

#[test]
fn when_all_places_are_taken_the_idle_give_way_and_nobody_else() {
    let rig = Rig::new();
    let begin = || rig.store.begin_upload(&repository("a"), lite_oci::DigestAlgorithm::Sha256);
    let first = begin().unwrap().id().to_owned();
    rig.clock.advance(Duration::from_secs(1));
    for _ in 1..512 {
        begin().unwrap();
    }
    let is_there = |id: &str| rig.store.upload(&repository("a"), id).is_ok();
    assert!(matches!(begin(), Err(Refusal::TooManyUploads)));
    rig.clock.advance(Duration::from_secs(59));
    let newest = begin().unwrap().id().to_owned();
    assert!(!is_there(&first) && is_there(&newest));
    assert!(matches!(begin(), Err(Refusal::TooManyUploads)));
}

/// Pushes and collections at the same time, with no grace: a push may have to say that a blob is
/// gone, and then the client pushes it again; no manifest is ever left without one.
#[test]
fn pushes_and_collections_do_not_get_in_each_others_way() {
    let rig = Rig::new();
    let (done, taken) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let (rig, done, taken) = (&rig, &done, &taken);
        let pushers: Vec<_> = (0..3)
            .map(|who| {
                scope.spawn(move || {
                    // Until they have met: old tags move away, so there is always something to take.
                    for turn in 0.. {
                        if turn >= 15 && taken.load(Ordering::SeqCst) > 0 {
                            break;
                        }
                        let layer = format!("layer {}", turn % 4);
                        let tag = format!("tag-{who}");
                        let pushed = push_image(&rig.store, "a", &layer, &[&tag], None);
                        match pushed {
                            Ok(_) | Err(Refusal::ManifestBlobUnknown(_)) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                })
            })
            .collect();
        let collector = scope.spawn(move || {
            while !done.load(Ordering::SeqCst) {
                // Everything is old at once.
                rig.clock.advance(2 * DAY);
                let collected = rig.store.collect_garbage().unwrap();
                taken.fetch_add(collected.blobs + collected.manifests, Ordering::SeqCst);
            }
        });
        for pusher in pushers {
            pusher.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        collector.join().unwrap();
    });
    rig.reopen().is_sound();
}
