//! The process dies, or the disk refuses, at every step of a life with pushes, mounts, deletions and
//! collections. What is found afterwards is never a manifest that names what is not there.

use lite_oci::Target;
use lite_store::fault::testing::{After, arm, disarm};

use super::rig::{DAY, Rig, push_blob, push_image, push_index, repository};
use crate::refusal::Refusal;

/// Everything that writes, once or twice. It can be lived again over whatever is left of it.
fn life(rig: &Rig) -> Result<(), Refusal> {
    let Rig { store, clock, .. } = rig;
    let one = push_image(store, "a", "one", &["1h"], None)?;
    let two = push_image(store, "a", "two", &["two"], None)?;
    push_image(store, "a", "signature", &[], Some(&one))?;
    let index = push_index(store, "a", &[&one, &two], &["both"])?;
    push_blob(store, "a", b"nobody's")?;
    // Garbage that names garbage: an index and its images go in one collection.
    let of = |layer| push_image(store, "a", layer, &[], None);
    let listed = [of("four")?, of("five")?, of("six")?, of("seven")?];
    push_index(store, "a", &listed.each_ref(), &[])?;
    let layer = lite_oci::Digest::sha256(b"two");
    store.mount(&repository("b/c"), &layer, Some(&repository("a")))?;
    push_image(store, "b/c", "two", &["latest"], None)?;
    // A tag moves, and what it led to is nobody's.
    push_image(store, "b/c", "three", &["latest"], None)?;
    store.delete_manifest(&repository("a"), &Target::Tag("both".parse().unwrap()))?;
    store.delete_manifest(&repository("a"), &index.into())?;
    clock.advance(2 * DAY);
    store.collect_garbage()?;
    store.delete_manifest(&repository("a"), &two.into())?;
    store.delete_blob(&repository("a"), &layer)?;
    store.collect_garbage()?;
    Ok(())
}

#[track_caller]
fn has_lived(rig: &Rig) {
    rig.is_sound();
    assert!(rig.has("b/c", "latest") && !rig.has("a", "1h") && !rig.has("a", "two"));
}

#[test]
fn wherever_the_process_dies_no_manifest_names_what_is_missing() {
    let mut seen = std::collections::BTreeSet::new();
    for steps in 0.. {
        let rig = Rig::new();
        arm(steps, After::Dead);
        let outcome = life(&rig);
        seen.extend(disarm());
        let rig = rig.reopen();
        rig.is_sound();
        if outcome.is_ok() {
            has_lived(&rig);
            break;
        }
        // Whatever is left, life goes on.
        if steps % 5 == 0 {
            life(&rig).unwrap();
            has_lived(&rig);
        }
    }
    let steps =
        ["create file", "link file", "remove file", "rename file", "sync file", "sync folder"];
    for step in steps {
        assert!(seen.contains(step), "{step} was not among {seen:?}");
    }
}

#[test]
fn a_full_disk_refuses_one_thing_and_breaks_nothing() {
    for steps in (0..).step_by(2) {
        let rig = Rig::new();
        push_image(&rig.store, "kept", "kept", &["kept"], None).unwrap();
        arm(steps, After::NoSpace);
        let outcome = life(&rig);
        disarm();
        // The same process goes on, and serves what it had.
        assert!(rig.store.read_manifest(&repository("kept"), &"kept".parse().unwrap()).is_ok());
        rig.is_sound();
        life(&rig).unwrap();
        rig.is_sound();
        let rig = rig.reopen();
        rig.is_sound();
        if outcome.is_ok() {
            break;
        }
    }
}

#[test]
fn after_a_write_that_nobody_knows_of_nothing_is_removed_until_a_restart() {
    let rig = Rig::new();
    push_blob(&rig.store, "a", b"{\"of\":\"one\"}").unwrap();
    push_blob(&rig.store, "a", b"one").unwrap();
    // The manifest's name is there, and whether it is durable is not known.
    let bytes = super::rig::image("one").to_json();
    let mut uncertain = false;
    for steps in 0..20 {
        arm(steps, After::Broken);
        let outcome = super::rig::put(&rig.store, "a", &bytes, &[]);
        uncertain |= matches!(outcome, Err(Refusal::Disk(_)));
        let done = disarm();
        if done.contains(&"sync folder") && outcome.is_err() && done.contains(&"rename file") {
            break;
        }
    }
    assert!(uncertain && rig.store.health().is_err());
    rig.clock.advance(3 * DAY);
    assert_eq!(rig.store.collect_garbage().unwrap().skipped, 1);
    let rig = rig.reopen();
    rig.is_sound();
    assert!(rig.has("a", lite_oci::Digest::sha256(&bytes).as_str()));
    assert!(rig.store.health().is_ok());
}
